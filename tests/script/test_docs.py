"""What the documents name exists: commands, options, scripts, addresses, files, tests, settings, screenshots."""

from __future__ import annotations

import os
import re
import struct
from itertools import chain
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.urls import resolve

from tests.live import ROOT

DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
DOCUMENTS += sorted((ROOT / "docs").glob("*.md"))
PRODUCT = ("integration", "mappings", "tickets")
#: Django's and Celery's own, named in the documents for what they do.
_CELERY_KEYS = {"REMAP_SIGTERM"}

each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _explained_keys() -> set[str]:
    return set(re.findall(r"^#([A-Z_]+)=", _text(ROOT / ".env.example"), re.MULTILINE))


def _anchors(path: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", _text(path), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}


@each_document
def test_every_linked_file_and_heading_exists(path):
    text = _text(path)
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'src="([^"]+)"', text)

    for link in links:
        if link.startswith(("http://", "https://")):
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), link
        if anchor:
            assert anchor in _anchors(target), link


@each_document
def test_every_named_path_exists(path):
    roots = "integration|mappings|tickets|tests|templates|script|docs"
    named = re.findall(rf"`((?:{roots})/[\w./-]+)`", _text(path))

    assert [name for name in named if not (ROOT / name).exists()] == []


@each_document
def test_every_named_test_exists(path):
    known = set(
        chain.from_iterable(
            re.findall(r"def (test_\w+)", _text(source)) for source in (ROOT / "tests").rglob("test_*.py")
        )
    )

    assert set(re.findall(r"`(test_\w+)`", _text(path))) - known == set()


@each_document
def test_every_named_command_exists_with_its_options(path):
    for name, rest in re.findall(r"(?:script/manage|manage\.py) ([a-z_]+)([^`\n]*)", _text(path)):
        assert name in get_commands(), name
        command = load_command_class(get_commands()[name], name)
        options = set(chain.from_iterable(a.option_strings for a in command.create_parser("", name)._actions))
        assert set(re.findall(r"(?<!\S)--[a-z-]+", rest)) <= options, (name, rest)


@each_document
def test_every_named_script_can_be_run(path):
    for name in re.findall(r"script/([a-z]+)\b(?!/)", _text(path)):
        script = ROOT / "script" / name
        assert script.is_dir() or os.access(script, os.X_OK), name


def test_the_readme_names_every_command_of_ours():
    ours = {name for name, app in get_commands().items() if app in PRODUCT}

    assert ours <= set(re.findall(r"^\| `([a-z_]+)", _text(ROOT / "README.md"), re.MULTILINE))


def test_the_addresses_in_the_readme_answer():
    named = re.findall(r"^\| `(?:GET|POST) (/[^`]+)`", _text(ROOT / "README.md"), re.MULTILINE)
    named += re.findall(r"`GET /healthz`, `(/\w+)`", _text(ROOT / "README.md"))

    assert len(named) >= 6
    for address in named:
        assert resolve(address.replace("<secret>", "secret")).url_name not in {None, ""}, address


def test_every_explained_setting_is_read():
    sources = "\n".join(_text(source) for app in PRODUCT for source in (ROOT / app).rglob("*.py"))

    assert {key for key in _explained_keys() if f'"{key}"' not in sources} == set()


def test_the_readme_lists_exactly_the_explained_settings():
    text = _text(ROOT / "README.md")
    table = text.split("## Configuration")[1].split("## Doors")[0]
    named = set(re.findall(r"`([A-Z][A-Z_]+)`", table)) - {"KEY_FILE"}
    of_connect = {key for key in _explained_keys() if key.startswith(("DATTO_RMM_", "AUTOTASK_"))}

    assert named - _explained_keys() == set()
    assert _explained_keys() - of_connect - named == set()
    shown = text.split("## Connect real accounts")[1].split("## Configuration")[0]
    # The zone's address has a default that fits nearly everybody.
    unneeded = {"AUTOTASK_ZONE_URL", "AUTOTASK_HOURLY_LIMIT"}
    assert {key for key in of_connect - unneeded if key not in shown} == set()


@each_document
def test_every_setting_given_by_name_is_explained(path):
    given = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", _text(path))) | set(
        re.findall(r"(?<![\w.])([A-Z][A-Z_]{3,})=", _text(path))
    )

    assert given - _explained_keys() - _CELERY_KEYS - {"KEY_FILE"} == set()


def test_metrics_named_in_operations_are_those_there_are():
    named = set(re.findall(r"\b((?:rmm_)?bridge_[a-z_0-9]+)", _text(ROOT / "docs" / "operations.md")))
    sources = "\n".join(_text(ROOT / name) for name in ("integration/metrics.py", "tickets/registrations.py"))
    there = set(re.findall(r'"((?:rmm_)?bridge_[a-z_0-9]+)"', sources))

    assert named == there


def test_screenshots_are_small_and_of_a_known_width():
    pictures = sorted((ROOT / "docs" / "screenshots").glob("*.png"))

    assert pictures
    for picture in pictures:
        data = picture.read_bytes()
        (width,) = struct.unpack(">I", data[16:20])
        assert len(data) < 300_000, picture.name
        assert width in {1440, 390}, picture.name
        assert f"screenshots/{picture.name}" in _text(ROOT / "README.md"), picture.name
