"""The words of a request: for the person on the page, and for the technician in the ticket. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tickets.domain.rendering import DESCRIPTION_LENGTH

#: Monitor type -> what a person in front of the machine understands by it. No names, paths or numbers.
_PLAIN: Final[Mapping[str, str]] = {
    "cpu": "This computer is very busy and may be slow",
    "memory": "This computer is low on memory and may be slow",
    "resource": "This computer is very busy and may be slow",
    "process": "A program is not running as it should",
    "process_resource": "A program needs a lot of power and may slow this computer down",
    "service": "A background program is not running as it should",
    "disk_usage": "The disk is nearly full",
    "file_size": "Some files have grown a lot",
    "online_status": "This device was not reachable",
    "ping": "The network connection is unstable",
    "network": "The network connection is unstable",
    "patch": "Updates are to be installed",
    "software": "A program was changed",
    "printer": "A printer needs supplies",
    "datto_continuity": "The backup needs attention",
    "backup": "The backup needs attention",
    "backup_management": "The backup needs attention",
}
#: Of anything else, and of security alerts: what is said about those helps the wrong people, too.
_OTHER: Final = "Our monitoring noticed something on this device"
_MOST_SHOWN: Final = 6
_MOST_NOTED: Final = 50
_NOTE_LENGTH: Final = 30_000


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An open alert of the device.

    Attributes:
        monitor_type: slug.
        ticket_number: empty while it has none.
        summary: as technicians read it.
    """

    uid: str
    monitor_type: str = ""
    is_security: bool = False
    priority: str = "Unknown"
    ticket_number: str = ""
    summary: str = ""


@dataclass(frozen=True, slots=True)
class KnownTrouble:
    """One line of "We already know about".

    Attributes:
        ticket_numbers: where it is being worked on.
    """

    text: str
    ticket_numbers: tuple[str, ...] = ()


def known_troubles(alerts: Iterable[OpenAlert]) -> list[KnownTrouble]:
    """Return the open alerts of a device in plain words, each kind once; alerts that only inform are left out."""
    numbers: dict[str, list[str]] = {}
    for one in alerts:
        if one.priority == "Information":
            continue
        text = _OTHER if one.is_security else _PLAIN.get(one.monitor_type, _OTHER)
        found = numbers.setdefault(text, [])
        if one.ticket_number and one.ticket_number not in found:
            found.append(one.ticket_number)
    shown = sorted(numbers.items(), key=lambda item: item[0] == _OTHER)
    return [KnownTrouble(text, tuple(found[:3])) for text, found in shown[:_MOST_SHOWN]]


def describe_request(
    text: str,
    *,
    person: Mapping[str, str],
    device: str,
    site: str,
    last_user: str,
    sent_at: str,
    first_line: str = "",
) -> str:
    """Return the description of the ticket: the person's words, then who and where from.

    Args:
        text: what the person wrote.
        person: name, email, phone.
        device, site, last_user: what the page belongs to.
        sent_at: moment in words.
        first_line: put before everything else.
    """
    lines = [
        ("Name", person.get("name", "")),
        ("E-mail", person.get("email", "")),
        ("Phone", person.get("phone", "")),
        ("Device", device),
        ("Site", site),
        ("Last signed-in user", last_user),
        ("Sent", f"{sent_at} from the request page of the device"),
    ]
    about = "\n".join(f"{title}: {value}" for title, value in lines if value)
    head = f"{first_line}\n\n" if first_line else ""
    room = DESCRIPTION_LENGTH - len(head) - len(about) - 2
    return f"{head}{text[: max(0, room)]}\n\n{about}"[:DESCRIPTION_LENGTH]


def note_of_alerts(alerts: Sequence[OpenAlert]) -> str:
    """Return the note that names the alerts that were open when the request was sent; empty when none was."""
    if not alerts:
        return ""
    lines = ["Open alerts of this device when the request was sent:"]
    for one in alerts[:_MOST_NOTED]:
        where = f"ticket {one.ticket_number}" if one.ticket_number else "no ticket"
        lines.append(f"- [{one.priority}] {one.summary or one.uid} ({where})")
    if len(alerts) > _MOST_NOTED:
        lines.append(f"and {len(alerts) - _MOST_NOTED} more.")
    counts = Counter(bool(one.ticket_number) for one in alerts)
    if counts[True]:
        lines.append("Their tickets live on by themselves; this one is not closed when they clear.")
    return "\n".join(lines)[:_NOTE_LENGTH]
