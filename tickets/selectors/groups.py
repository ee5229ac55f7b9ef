"""What a group of waiting things looks like, and the ways on from it."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode


@dataclass(frozen=True, slots=True)
class Link:
    """A way to go on."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Group:
    """One cause.

    Attributes:
        count: how many things wait.
        happened: what happened, in words.
        cure: what a person can do.
        examples: some of the things.
        links: where the cure is.
        retry_cause: cause whose alerts, or requests, can be tried again from here; empty for none.
        retry_to: name of the address that does it.
        icon: name in the admin's icon font.
        permission: who may see it.
        retry_kind: kind of vendor write whose refused ones can be tried again from here; empty for none.
        lasting: what to change so that it does not come back; empty when nothing would help.
        is_calm: worth a look, but nothing waits: told apart, and no trouble.
    """

    title: str
    count: int
    happened: str
    cure: str
    examples: tuple[Link, ...] = ()
    links: tuple[Link, ...] = ()
    retry_cause: str = ""
    retry_to: str = "attention-retry"
    icon: str = "error"
    permission: str = "tickets.view_alert"
    retry_kind: str = ""
    lasting: str = ""
    is_calm: bool = False


def find_url(name: str, *args: object, **query: str) -> str:
    """Return an address by name with a query; empty when this installation has no such page."""
    try:
        url = reverse(name, args=args)
    except NoReverseMatch:
        return ""
    return f"{url}?{urlencode(query)}" if query else url


def make_links(*pairs: tuple[str, str]) -> tuple[Link, ...]:
    """Return the (text, address) pairs that lead somewhere."""
    return tuple(Link(text, url) for text, url in pairs if url)


def count_words(number: int, noun: str) -> str:
    """Return such as "1 site" or "1,200 sites"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
