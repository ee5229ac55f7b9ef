"""Every page with hostile names in every text: nothing of it runs in a browser, a template or a spreadsheet."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import models
from django.test import Client

from integration.models import Connection
from mappings.services.devices.types import ensure_catch_all
from tests import any_rows
from tests.admin_pages import APPS, Page, find_pages
from tests.conftest import SentTask

_MARKUP = "<img src=x onerror=alert(1)>\"'><script>"
_TEMPLATE = "{{ 7191 | add:1 }}{% now 'Y' %}"
_FORMULA = "=HYPERLINK(1)"


@pytest.fixture
def pages(db: None, celery_outbox: list[SentTask], monkeypatch: pytest.MonkeyPatch) -> list[Page]:
    """Every address, with rows whose free texts are all hostile."""
    plain = any_rows._plain

    def hostile(field: models.Field[Any, Any], number: int) -> Any:
        value = plain(field, number)
        is_free = isinstance(field, (models.CharField, models.TextField)) and not (
            field.choices or field.primary_key
        )
        if not is_free or not isinstance(value, str) or not value.startswith(field.name.replace("_", " ")):
            return value
        text = f"{_FORMULA}{number}{_MARKUP}{_TEMPLATE}"
        return text[: field.max_length or 200]

    monkeypatch.setattr(any_rows, "_plain", hostile)
    Connection.objects.create(is_enabled=True)
    for model in any_rows.registered(*APPS):
        any_rows.make_row(model, 1)
        any_rows.make_row(model, 2)
    ensure_catch_all()
    return find_pages()


def test_no_text_of_a_vendor_or_a_person_runs_anywhere(pages: list[Page]) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root", password="a long password"))
    wrong: dict[str, str] = {}
    seen = 0
    for page in pages:
        if page.name in {"logout", "autocomplete"}:
            continue
        answer = client.get(page.url)
        if answer.status_code >= 500:
            wrong[page.url] = str(answer.status_code)
            continue
        kind = answer.headers.get("Content-Type", "")
        text = (answer.getvalue() if answer.streaming else answer.content).decode(errors="replace")
        if kind.startswith("text/csv"):
            cells = [cell for row in csv.reader(io.StringIO(text.lstrip("\ufeff"))) for cell in row]
            if any(cell.startswith(("=", "+", "@")) for cell in cells):
                wrong[page.url] = "a formula in a cell"
        elif kind.startswith("text/html"):
            if "<img src=x" in text or "'><script>" in text:
                wrong[page.url] = "markup"
            if "7192" in text and "7191" not in text:
                wrong[page.url] = "a template was rendered"
        seen += "onerror" in text
    assert wrong == {}
    assert seen > 50, "the texts are on the pages at all"
