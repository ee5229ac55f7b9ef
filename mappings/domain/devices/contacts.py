"""Whose device it is: the contact behind the user who is logged in most of the time. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

#: Accounts nobody in particular uses.
_SHARED = frozenset(
    [
        "admin",
        "administrator",
        "administrateur",
        "guest",
        "gast",
        "root",
        "system",
        "user",
        "localadmin",
        "local.admin",
        "defaultuser",
        "defaultuser0",
        "defaultaccount",
        "wdagutilityaccount",
        "support",
        "helpdesk",
        "service",
        "kiosk",
        "scanner",
        "public",
        "test",
    ]
)
_WINDOWS_OWN = ("nt authority\\", "nt service\\", "font driver host\\", "window manager\\")


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """A contact of the device's organization; `id` is its row."""

    id: int
    first_name: str
    last_name: str
    email: str = ""
    is_active: bool = True
    is_primary: bool = False


@dataclass(frozen=True, slots=True)
class ContactProposal:
    """The contact proposed for a device, None when there is none, and why.

    Attributes:
        confidence_percent: share of the days looked at on which this user was logged in; 0 without proposal.
    """

    contact_id: int | None
    reason: str
    confidence_percent: int = 0


def find_primary(contacts: Sequence[ContactFacts]) -> int | None:
    """Return the organization's only active primary contact, None when there is none or several."""
    found = [one.id for one in contacts if one.is_active and one.is_primary]
    return found[0] if len(found) == 1 else None


def majority_user(history: Sequence[Sequence[str]], today: date, days: int) -> tuple[str, int, int]:
    """Return (user, days of theirs, days known) of who used a device most in the last days.

    Args:
        history: [ISO date or time, user] at each change, in any order; the last of a day counts for it.
        today: included.
        days: looked back.

    A day belongs to whoever logged in last on it or before it. Days before the first entry, and days without a user,
    are not known and do not count.
    """
    by_day: dict[date, str] = {}
    for entry in sorted(history, key=lambda one: str(one[0])):
        try:
            by_day[date.fromisoformat(str(entry[0])[:10])] = str(entry[1] or "").strip()
        except ValueError:
            continue
    first = today - timedelta(days=max(days, 1) - 1)
    present = next((by_day[day] for day in sorted(by_day, reverse=True) if day < first), "")
    counts: Counter[str] = Counter()
    names: dict[str, str] = {}
    for offset in range(max(days, 1)):
        present = by_day.get(first + timedelta(days=offset), present)
        if present:
            counts[present.casefold()] += 1
            names[present.casefold()] = present
    if not counts:
        return "", 0, 0
    # Of two with as many days the one whose name comes first: the same answer every time.
    winner, count = min(counts.items(), key=lambda one: (-one[1], one[0]))
    return names[winner], count, sum(counts.values())


def plan_contact(
    history: Sequence[Sequence[str]],
    contacts: Sequence[ContactFacts],
    today: date,
    *,
    days: int,
    share_percent: int,
    is_server: bool,
) -> ContactProposal:
    """Return the contact who uses a device, from its last logged-in users.

    Args:
        history: as `majority_user`.
        contacts: of the device's organization.
        today: the day it is.
        days: looked back.
        share_percent: of the known days that one user must have.
        is_server: nobody is proposed for a server.
    """
    if is_server:
        return ContactProposal(None, "No contact is proposed for servers.")
    user, count, known = majority_user(history, today, days)
    if not user:
        return ContactProposal(None, f"Nobody was seen logged in during the last {days} days.")
    share = count * 100 // known
    on_days = f"{user} was logged in on {count} of {known} known {'day' if known == 1 else 'days'}"
    if count * 100 < share_percent * known or count * 2 <= known:
        return ContactProposal(None, f"{on_days}, which is no clear majority.")
    found, basis = match_user(user, contacts)
    if len(found) == 1:
        return ContactProposal(found[0].id, f"{on_days} ({share} %); {basis}.", share)
    if found:
        return ContactProposal(None, f"{on_days}; {len(found)} contacts fit that name.")
    if is_shared_account(user):
        return ContactProposal(None, f"{on_days}, an account that belongs to nobody in particular.")
    return ContactProposal(None, f"{on_days}; no contact of the organization fits that name.")


def is_shared_account(user: str) -> bool:
    """Return whether an account belongs to nobody in particular."""
    text = user.strip().casefold()
    return text.startswith(_WINDOWS_OWN) or text.endswith("$") or _account(text) in _SHARED


def match_user(user: str, contacts: Sequence[ContactFacts]) -> tuple[list[ContactFacts], str]:
    """Return the active contacts an account may belong to, by the surest sign that fits any, and that sign in words.

    Signs in order: the whole sign-in name is an e-mail address, the part before the @ is, the name is first and last
    name, or first initial and last name.
    """
    if is_shared_account(user):
        return [], ""
    text = user.strip().casefold().rsplit("\\", 1)[-1]
    name = _plain(_account(user))
    if not name:
        return [], ""
    signs: list[tuple[str, Callable[[ContactFacts], bool]]] = [
        (
            "the sign-in name is the contact's e-mail address",
            lambda one: "@" in text and one.email.strip().casefold() == text,
        ),
        ("it is the contact's e-mail name", lambda one: _plain(one.email.split("@", 1)[0]) == name),
        (
            "it is first and last name",
            lambda one: name in _joined(_plain(one.first_name), _plain(one.last_name)),
        ),
        (
            "it is first initial and last name",
            lambda one: name in _joined(_plain(one.first_name)[:1], _plain(one.last_name)),
        ),
    ]
    active = [one for one in contacts if one.is_active]
    for basis, fits in signs:
        found = [one for one in active if fits(one)]
        if found:
            return found, basis
    return [], ""


def _account(user: str) -> str:
    """Return the bare account, without domain before or after it."""
    return user.strip().casefold().rsplit("\\", 1)[-1].split("@", 1)[0]


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    """Return letters and digits without accents; separators become one dot."""
    flat = unicodedata.normalize("NFKD", text.strip().casefold())
    flat = "".join(sign for sign in flat if not unicodedata.combining(sign))
    return re.sub(r"[^\w]+|_+", ".", flat).strip(".")


def _joined(first: str, last: str) -> set[str]:
    if not first or not last:
        return set()
    return {f"{first}.{last}", (first + last).replace(".", "")}
