"""`.env.example` names every setting that the code reads."""

from __future__ import annotations

import re

from tests.live import ROOT


def test_every_key_that_is_read_is_explained():
    sources = [path for app in ("integration", "mappings", "tickets") for path in (ROOT / app).rglob("*.py")]
    read = {
        key
        for source in sources
        for key in re.findall(r"env\.read_\w+\(\s*\"([A-Z_]+)\"", source.read_text(encoding="utf-8"))
    }
    explained = set(
        re.findall(r"^#([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    )

    assert read
    assert read - explained == set()
