"""Every address below admin/, found by the URL resolver, with rows put in for its arguments, and the buttons there."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import urljoin

import pytest
from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver

APPS: Final = ("admin", "auth", "django_celery_beat", "integration", "mappings", "tickets")
#: Name of an address -> what it needs to be told.
_QUERIES: Final = {"mappings_sitemapping_choices": "?company=1"}


@dataclass(frozen=True)
class Page:
    """One address."""

    name: str
    url: str


def _patterns(patterns: Any, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for one in patterns:
        path = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _patterns(one.url_patterns, path)
        else:
            yield path, one


def _first(app_label: str, model: str, argument: str) -> object:
    rows = apps.get_model(app_label, model)._default_manager.all()
    if argument == "effect_id":
        return rows.get_or_create(kind="effect")[0].pk
    if model == "replayrun":
        # Runs that tell the effect of a change are not listed and have addresses of their own.
        rows = rows.exclude(kind="effect")
    return rows[0].pk


def _arguments(path: str) -> dict[str, object]:
    """Return what stands for the arguments of an address: a row of the right model."""
    found: dict[str, object] = {}
    for argument in re.findall(r"<(?:\w+:)?(\w+)>", path):
        if argument in {"object_id", "id"}:
            app_label, model = path.removeprefix("admin/").split("/")[:2]
            found[argument] = _first(app_label, model, argument)
        elif argument == "batch":
            found[argument] = uuid.UUID(int=1)
        elif argument == "field":
            found[argument] = "default_contact"
        elif argument == "setting":
            found[argument] = "queue"
        elif argument == "rule_number":
            found[argument] = 0
        elif argument.endswith("_id"):
            app_label, model = {
                "run": ("integration", "syncrun"),
                "defaults": ("tickets", "ticketdefaults"),
                "alert": ("tickets", "alert"),
                "company": ("mappings", "company"),
                "site": ("mappings", "site"),
                "device": ("mappings", "device"),
                "map": ("mappings", "fieldmap"),
                "mapping": ("mappings", "sitemapping"),
                "silence": ("tickets", "silence"),
                "ticket": ("tickets", "ticket"),
                "monitor": ("tickets", "monitor"),
                "replay": ("tickets", "replayrun"),
                "rule": ("tickets", "ticketrule"),
                "effect": ("tickets", "replayrun"),
                "request": ("tickets", "agentrequest"),
                "link": ("tickets", "requestlink"),
            }.get(argument.removesuffix("_id"), ("", ""))
            assert model, f"{path}: say in _arguments which model <{argument}> is of"
            found[argument] = _first(app_label, model, argument)
        else:
            pytest.fail(f"{path}: say in _arguments what <{argument}> stands for")
    return found


def find_pages() -> list[Page]:
    """Return every address below admin/, filled in."""
    pages = []
    for path, pattern in _patterns(get_resolver().url_patterns):
        if not path.startswith("admin/") or "catch_all" in getattr(pattern.callback, "__qualname__", ""):
            continue
        name = pattern.name or ""
        if name == "view_on_site":
            # Django's way from a row to its page outside of the admin, of which ours have none.
            continue
        if name == "app_list":
            pages += [Page(name, f"/admin/{label}/") for label in APPS]
            continue
        url = path
        for argument, value in _arguments(path).items():
            url = re.sub(rf"<(?:\w+:)?{argument}>", str(value), url)
        assert not re.search(r"[<>^$]", url), f"{path}: an address this walk cannot fill in"
        pages.append(Page(name, f"/{url}{_QUERIES.get(name, '')}"))
    return pages


@dataclass(frozen=True)
class Button:
    """What pressing a button, or sending a form without one, posts."""

    url: str
    data: tuple[tuple[str, str], ...]


class _Forms(HTMLParser):
    """Collects forms that are posted, with the values they hold and their buttons."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []
        self._open: dict[str, Any] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = {
                "action": given.get("action", ""),
                "id": given.get("id"),
                "values": {},
                "buttons": [{}],
            }
            if given.get("method", "").lower() == "post":
                self.forms.append(self._open)
            return
        named = [one for one in self.forms if given.get("form") and one["id"] == given["form"]]
        form = named[0] if named else self._open
        if form is None:
            return
        is_button = tag == "button" or given.get("type") in {"submit", "image"}
        if is_button and given.get("type") not in {"button", "reset"}:
            form["buttons"].append(given)
        elif tag == "input" and given.get("name"):
            form["values"][given["name"]] = given.get("value", "on")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


def find_buttons(page: Page, html: str) -> list[Button]:
    """Return what the forms of a page post, once for each name of a button."""
    parser = _Forms()
    parser.feed(html)
    found: dict[tuple[str, str], Button] = {}
    for form in parser.forms:
        for button in form["buttons"]:
            url = urljoin(page.url, button.get("formaction") or form["action"])
            name = button.get("name", "")
            data = {**form["values"], **({name: button.get("value", "")} if name else {})}
            found[url, name] = Button(url, tuple(sorted(data.items())))
    return list(found.values())
