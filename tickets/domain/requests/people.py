"""Which contact sent a request. Pure; a doubt is no match."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mappings.domain.devices.contacts import ContactFacts, is_shared_account, match_user

_LONGEST_WHY: Final = 200


@dataclass(frozen=True, slots=True)
class Person:
    r"""What is known of the sender.

    Attributes:
        name, email: as typed.
        last_user: account that was last signed in on the device, such as CONTOSO\anna or anna@contoso.example.
    """

    name: str = ""
    email: str = ""
    last_user: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """The contact, None when there is none or several fit, and why."""

    contact_id: int | None
    why: str


def match_person(person: Person, contacts: Sequence[ContactFacts]) -> Match:
    """Return the active contact who sent a request: by e-mail, else by who was signed in, else by name.

    Where a sign fits several contacts, or the typed name is another contact's than the signed-in user's, nobody is
    chosen: mail about a ticket must not go to a stranger.

    Args:
        person: the sender.
        contacts: of the organization.
    """
    active = [one for one in contacts if one.is_active]
    email = person.email.strip().casefold()
    by_email = [one for one in active if email and one.email.strip().casefold() == email]
    if by_email:
        return _one(by_email, f"the e-mail address {person.email}")
    by_name = [one for one in active if _is_called(one, person.name)]
    by_user, basis = match_user(person.last_user, active)
    if by_user:
        strangers = [one for one in by_name if one not in by_user]
        if strangers:
            return _limit(
                None,
                f"No contact: {person.last_user} was signed in, but the name {person.name} is another contact's.",
            )
        return _one(by_user, f"the signed-in user {person.last_user} ({basis})")
    if by_name:
        return _one(by_name, f"the name {person.name}")
    if email:
        return _limit(None, f"No contact: nobody of the organization has the e-mail address {person.email}.")
    if person.last_user and is_shared_account(person.last_user):
        return _limit(None, f"No contact: {person.last_user} is a shared account, and the name fits nobody.")
    return _limit(None, "No contact: neither the signed-in user nor the name fits one of the organization.")


def _one(found: Sequence[ContactFacts], sign: str) -> Match:
    if len(found) > 1:
        return _limit(None, f"No contact: {len(found)} contacts fit {sign}.")
    return _limit(found[0].id, f"Found by {sign}.")


def _limit(contact_id: int | None, why: str) -> Match:
    return Match(contact_id, why if len(why) <= _LONGEST_WHY else f"{why[: _LONGEST_WHY - 1]}…")


def _is_called(contact: ContactFacts, name: str) -> bool:
    typed, first, last = _plain(name), _plain(contact.first_name), _plain(contact.last_name)
    return bool(typed and first and last) and typed in {f"{first} {last}", f"{last} {first}"}


def _plain(text: str) -> str:
    flat = unicodedata.normalize("NFKD", text.strip().casefold())
    flat = "".join(sign for sign in flat if not unicodedata.combining(sign))
    return re.sub(r"[\W_]+", " ", flat).strip()
