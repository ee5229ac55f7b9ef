"""What Autotask sends to us: webhook events and extension callouts.

Both are hints, not truth: the sender's idea of a ticket is read again through the API before anything happens.
These parsers therefore accept every spelling seen and refuse only what names no record at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl
from xml.parsers import expat

from integration.vendors.autotask.picklists import normalise
from integration.vendors.autotask.wire import CaseInsensitive, Wire, WireError, parse_datetime

ACTIONS: Final = ("Create", "Update", "Delete", "Deactivated")
_MOST_FORM_FIELDS: Final = 500
_MOST_XML_DEPTH: Final = 32
_ID_KEYS: Final = ("id", "ticketid")
_NUMBER_KEYS: Final = ("number", "ticketnumber")
_STATUS_KEYS: Final = ("status", "ticketstatus", "statuslabel", "statusname")
_CREATED_KEYS: Final = ("createddatetime", "createdatetime", "createdate")
_ACTIVITY_KEYS: Final = ("lastactivitydatetime", "lastactivitydate")
_USER_KEYS: Final = ("username", "user")
_PASSWORD_KEYS: Final = ("password",)
#: Keys that may hold a credential and therefore never appear among the unknown ones, which get logged.
_SECRET_KEYS: Final = frozenset({"s", "secret", "token", "key", "apikey", "authorization"})


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """One event of a webhook.

    Attributes:
        action: one of `ACTIONS`, in this spelling whatever the sender's case; an unknown action as it came.
        guid: GUID of the webhook, the same for all its events.
        entity_type: "Ticket", "Account", ...; "" for Deactivated, which names none.
        id: the record's id, None for Deactivated.
        fields: changed and always-shown fields; keys compared without case.
        event_time: aware UTC, None when absent.
        sequence_number: grows per webhook, may have gaps.
        person_id: resource or contact who changed the record.
    """

    action: str
    guid: str
    entity_type: str
    id: int | None
    fields: Mapping[str, object]
    event_time: datetime | None
    sequence_number: int | None
    person_id: int | None

    @property
    def dedup_key(self) -> str:
        """Equal for two deliveries of one event. The GUID alone is not: it names the webhook."""
        at = self.event_time.isoformat() if self.event_time is not None else ""
        return f"{self.guid.lower()}|{self.sequence_number}|{self.id}|{self.action.lower()}|{at}"


@dataclass(frozen=True, slots=True)
class CalloutEvent:
    """One extension callout for a ticket; at least one of id and number is known.

    Attributes:
        status_label: the label, such as "New"; "" when absent. A label can be renamed: read the ticket.
        credentials: (user name, password) when the sender put them into the body; never in `repr`.
        unknown: keys we do not know with their values, without anything that may be a secret.
    """

    ticket_id: int | None
    ticket_number: str | None
    status_label: str
    created_at: datetime | None
    last_activity_at: datetime | None
    unknown: Mapping[str, str]
    credentials: tuple[str, str] | None = field(default=None, repr=False)


def parse_webhook_event(raw: bytes) -> WebhookEvent:
    """Parse a webhook body; verify its signature first, over the same bytes.

    Raises:
        ValueError: not JSON, or without the fields that say what happened to which record.
    """
    body = _json_object(raw, "webhook event")
    try:
        wire = Wire("webhook event", body)
        action = wire.needed_text("Action")
        action = next((known for known in ACTIONS if known.lower() == action.lower()), action)
        is_about_a_record = action != "Deactivated"
        return WebhookEvent(
            action=action,
            guid=wire.needed_text("Guid"),
            entity_type=wire.needed_text("EntityType") if is_about_a_record else wire.text("EntityType"),
            id=wire.needed_whole("Id") if is_about_a_record else wire.whole("Id"),
            fields=_event_fields(wire.raw("Fields")),
            event_time=wire.at("EventTime"),
            sequence_number=wire.whole("SequenceNumber"),
            person_id=wire.whole("PersonID"),
        )
    except WireError as error:
        raise ValueError(str(error)) from error


def parse_callout(content_type: str, raw_body: bytes, query: Mapping[str, str] | str = "") -> CalloutEvent:
    """Parse an extension callout in any of its formats.

    Args:
        content_type: header value; form, JSON and XML are known. When it is missing or says something else, the
            first character of the body decides.
        raw_body: at most a few kilobytes in practice; the caller limits the size.
        query: parameters of the address, as a mapping or as text. The body wins over them.

    Raises:
        ValueError: unreadable body, a DOCTYPE in XML, or neither ticket id nor ticket number.
    """
    given = (
        dict(parse_qsl(query, max_num_fields=_MOST_FORM_FIELDS)) if isinstance(query, str) else dict(query)
    )
    given.update(_callout_body(content_type, raw_body))
    by_key = {normalise(key): (key, value) for key, value in given.items()}

    def taken(keys: Sequence[str]) -> str:
        values = [by_key.pop(key)[1].strip() for key in keys if key in by_key]
        return next((value for value in values if value), "")

    id_text, number = taken(_ID_KEYS), taken(_NUMBER_KEYS)
    if id_text and not (id_text.isascii() and id_text.isdigit() and len(id_text) < 20):  # noqa: PLR2004  64-bit ids
        raise ValueError("callout field id: not a whole number; send the ticket's id")
    if not id_text and not number:
        raise ValueError("callout: neither a ticket id nor a ticket number; choose a format that sends `id`")
    user_name, password = taken(_USER_KEYS), taken(_PASSWORD_KEYS)
    return CalloutEvent(
        ticket_id=int(id_text) if id_text else None,
        ticket_number=number or None,
        status_label=taken(_STATUS_KEYS),
        created_at=_lenient_datetime(taken(_CREATED_KEYS)),
        last_activity_at=_lenient_datetime(taken(_ACTIVITY_KEYS)),
        unknown={original: value for key, (original, value) in by_key.items() if key not in _SECRET_KEYS},
        credentials=(user_name, password) if user_name or password else None,
    )


def _event_fields(value: object) -> Mapping[str, object]:
    if value is None or value == "":
        return CaseInsensitive({})
    if not isinstance(value, Mapping):
        raise WireError(f"webhook event.Fields: expected an object, got {type(value).__name__}")
    return CaseInsensitive(value)


def _json_object(raw: bytes, what: str) -> Mapping[str, object]:
    try:
        parsed = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{what}: the body is not JSON ({len(raw)} bytes)") from error
    if not isinstance(parsed, dict):
        raise WireError(f"{what}: expected a JSON object, got {type(parsed).__name__}")
    return parsed


def _callout_body(content_type: str, raw_body: bytes) -> dict[str, str]:
    if not raw_body.strip():
        return {}
    kind = content_type.partition(";")[0].strip().lower()
    first = raw_body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if kind.endswith("json") or (first == b"{" and "form" not in kind):
        return _flat_json(_json_object(raw_body, "callout"))
    # A form body never starts with a bare "<": that would have been percent-encoded.
    if kind.endswith("xml") or first == b"<":
        return _flat_xml(raw_body)
    try:
        pairs = parse_qsl(
            raw_body.decode("utf-8-sig"), keep_blank_values=True, max_num_fields=_MOST_FORM_FIELDS
        )
    except ValueError as error:
        raise ValueError("callout: the body is no form of UTF-8 name-value pairs") from error
    return dict(pairs)


def _flat_json(body: Mapping[str, object]) -> dict[str, str]:
    """Return scalars by key; those of one nested object (`{"ticket": {...}}`) count unless the outer has them."""
    flat: dict[str, str] = {}
    for key, value in body.items():
        if isinstance(value, dict):
            for inner_key, inner in value.items():
                if _is_scalar(inner) and inner_key not in body:
                    flat[inner_key] = str(inner)
        elif _is_scalar(value):
            flat[key] = str(value)
    return flat


def _is_scalar(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _flat_xml(raw: bytes) -> dict[str, str]:
    """Return leaf elements and attributes by local name; entities and document types are refused."""
    flat: dict[str, str] = {}
    path: list[str] = []
    texts: list[list[str]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(path) >= _MOST_XML_DEPTH or len(flat) >= _MOST_FORM_FIELDS:
            raise ValueError("callout: the XML is too deep or too long")
        path.append(name.rpartition(":")[2])
        texts.append([])
        for key, value in attributes.items():
            flat.setdefault(key.rpartition(":")[2], value)

    def end(_name: str) -> None:
        name, text = path.pop(), "".join(texts.pop()).strip()
        if text:
            flat[name] = text

    def refuse(*_: object) -> int:
        raise ValueError("callout: XML with a DOCTYPE is refused; send plain elements")

    def characters(data: str) -> None:
        if texts:
            texts[-1].append(data)

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    try:
        parser.Parse(raw, True)  # noqa: FBT003  expat takes "this is all" by position only
    except expat.ExpatError as error:
        raise ValueError(f"callout: the XML cannot be read (line {error.lineno})") from error
    return flat


def _lenient_datetime(text: str) -> datetime | None:
    # A callout's times are for display; its ticket is read again, so an odd one is no reason to lose the event.
    try:
        return parse_datetime(text) if text else None
    except WireError:
        return None
