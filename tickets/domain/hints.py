r"""What an inbound Datto RMM webhook says.

The body is written by the customer and its placeholders are substituted without JSON escaping, so
`DOMAIN\user`, quotes and line breaks break it (vendor notes, Datto RMM webhooks). It is only a hint: the
alert uid is all that is taken from it; the truth is read through the API.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl

from tickets.domain.monitors import read_typed_key

#: A uid goes into a path; nothing that could leave it is let in. Datto's are GUIDs; nothing here depends on that.
_UID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._:-]{0,63}")
_GUID = re.compile(r"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b")
_PLACEHOLDER = re.compile(r"\[[a-z_]+\]")
#: Names of the uid, the surest first; a bare "uid" may be anybody's.
_UID_KEYS = ("alertuid", "alertguid", "alertid", "uid")
_UID_IN_TEXT = re.compile(
    r"alert[_ -]?(?:uid|id|guid)[\"']?\s*[:=]\s*[\"']?(\[[a-z_]+\]|[0-9A-Za-z][0-9A-Za-z._:-]{5,63}(?![0-9A-Za-z._:-]))",
    re.IGNORECASE,
)
#: Names of the constant that names the monitor.
_MONITOR_KEYS = ("monitorkey", "monitorname", "monitor")
_EVENT_KEYS = {
    *("event", "eventtype", "eventname", "action", "status", "state", "type"),
    *("alertevent", "alertaction", "alertstatus", "alertstate"),
}
#: True says that it is over.
_OVER_KEYS = {
    "resolved",
    "isresolved",
    "alertresolved",
    "wasresolved",
    "cleared",
    "iscleared",
    "closed",
    "isclosed",
}
#: False says that it is over.
_OPEN_KEYS = {"open", "isopen", "active", "isactive"}
#: Any value says that it is over.
_WHEN_KEYS = {
    "resolvedon",
    "resolvedat",
    "resolvedtime",
    "resolvedby",
    "clearedat",
    "clearedon",
    "closedat",
    "closedon",
}
_YES = {"true", "1", "yes", "y", "on", "t"}
_NO = {"false", "0", "no", "n", "off", "f"}
_NOTHING = {"", "0", "none", "null", "false", "no", "-"}
_DEEPEST = 6
_RESOLVED = re.compile(r"resol|clear|clos|recover|\bok\b|\bfixed\b", re.IGNORECASE)


class HintKind(StrEnum):
    """What the body turned out to be."""

    ALERT = "alert"
    TEST = "test"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Hint:
    """What the body points at.

    Attributes:
        kind: an alert, the test button, or nothing usable.
        alert_uid: empty unless kind is ALERT.
        is_resolved: True when the body claims that the alert cleared.
        problem: what is wrong, for people; empty unless UNREADABLE.
        remedy: what to change in the webhook's body.
        monitor_key: the constant that people type into the body to name the monitor; empty when there is none.
    """

    kind: HintKind
    alert_uid: str = ""
    is_resolved: bool = False
    problem: str = ""
    remedy: str = ""
    monitor_key: str = ""


_REMEDY = 'Put "alert_uid": "[alert_uid]" into the webhook body in Datto RMM; Settings > Inbound addresses has a body to paste.'


def read_hint(body: str, query: str = "") -> Hint:
    """Return what a webhook body points at; never raises.

    Args:
        body: text as received: JSON, broken JSON, or a form.
        query: query string of the address, which may carry the uid as well.
    """
    if not body.strip() and not query:
        return Hint(HintKind.UNREADABLE, problem="The message is empty.", remedy=_REMEDY)
    pairs = list(_pairs(body)) + [(_key(name), value) for name, value in parse_qsl(query)]
    monitor_key = _read_monitor_key(pairs)
    is_resolved = any(_means_resolved(name, value) for name, value in pairs)
    named = [
        (name, value) for key in _UID_KEYS for name, value in pairs if name == key and value not in (None, "")
    ]
    if len({str(value) for name, value in named if name == "uid"}) > 1:
        named = [(name, value) for name, value in named if name != "uid"]
    for name, value in named:
        text = str(value).strip()
        if _PLACEHOLDER.fullmatch(text):
            return Hint(HintKind.TEST)
        if _UID.fullmatch(text):
            return Hint(
                HintKind.ALERT, alert_uid=_normal(text), is_resolved=is_resolved, monitor_key=monitor_key
            )
        if name != "uid" and text:
            # Named, and not a uid: a guess from the rest of the text would be another alert.
            return Hint(HintKind.UNREADABLE, problem=_describe_problem(body, pairs), remedy=_REMEDY)
    found = _UID_IN_TEXT.search(body)
    if found:
        if _PLACEHOLDER.fullmatch(found.group(1)):
            return Hint(HintKind.TEST)
        return Hint(
            HintKind.ALERT,
            alert_uid=_normal(found.group(1)),
            is_resolved=is_resolved or _says_resolved(body),
            monitor_key=monitor_key,
        )
    guids = {guid.lower() for guid in _GUID.findall(body)}
    if len(guids) == 1:
        return Hint(HintKind.ALERT, alert_uid=guids.pop(), is_resolved=is_resolved, monitor_key=monitor_key)
    if "[alert_uid]" in body:
        return Hint(HintKind.TEST)
    return Hint(HintKind.UNREADABLE, problem=_describe_problem(body, pairs), remedy=_REMEDY)


def _read_monitor_key(pairs: list[tuple[str, Any]]) -> str:
    for key in _MONITOR_KEYS:
        for name, value in pairs:
            if name == key and (found := read_typed_key(value)):
                return found
    return ""


def _normal(uid: str) -> str:
    """Return the uid as Datto RMM's API spells it: a GUID in lower case."""
    return uid.lower() if _GUID.fullmatch(uid) else uid


def _pairs(body: str) -> Iterator[tuple[str, Any]]:
    """Yield every name and scalar value of a JSON or form body, names in lower case without separators."""
    text = body.strip().lstrip("\ufeff")
    if text.startswith(("{", "[")):
        document = _lenient_json(text)
        if document is not None:
            yield from _walk(document, depth=0)
        return
    for name, value in parse_qsl(text):
        yield _key(name), value


def _walk(node: Any, *, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > _DEEPEST:
        return
    if isinstance(node, dict):
        for name, value in node.items():
            if isinstance(value, dict | list):
                yield from ((_key(f"{name}{inner}"), one) for inner, one in _scalars(value))
                yield from _walk(value, depth=depth + 1)
            else:
                yield _key(str(name)), value
    elif isinstance(node, list):
        for item in node[:50]:
            yield from _walk(item, depth=depth + 1)


def _scalars(node: Any) -> list[tuple[str, Any]]:
    """Return the plain values of an object, so that {"alert": {"uid": ...}} reads as alert uid."""
    if not isinstance(node, dict):
        return []
    return [(str(name), value) for name, value in node.items() if not isinstance(value, dict | list)]


def _lenient_json(text: str) -> Any | None:
    for candidate in (text, _repair(text)):
        try:
            return json.loads(candidate, strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _repair(text: str) -> str:
    r"""Double the backslashes that do not start an escape, as in DOMAIN\user."""
    return re.sub(r'\\(?!["\\/bfnrt]|u[0-9a-fA-F]{4})', r"\\\\", text)


def _key(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


def _means_resolved(name: str, value: Any) -> bool:
    """Return whether a pair claims that the alert is over; a wrong yes costs one read, a wrong no waits for the poll."""
    text = str(value).strip().lower()
    if name in _EVENT_KEYS:
        return isinstance(value, str) and bool(_RESOLVED.search(text))
    if name in _OVER_KEYS:
        return text in _YES or bool(_RESOLVED.search(text))
    if name in _OPEN_KEYS:
        return text in _NO
    return name in _WHEN_KEYS and text not in _NOTHING and not _PLACEHOLDER.fullmatch(text)


def _says_resolved(body: str) -> bool:
    return bool(
        re.search(
            r"[\"'](?:event|event_type|action|status|state)[\"']\s*:\s*[\"'][^\"']*(?:resol|clear|clos|recover)",
            body,
            re.IGNORECASE,
        )
    )


def _describe_problem(body: str, pairs: list[tuple[str, Any]]) -> str:
    values = [str(value) for name, value in pairs if name in _UID_KEYS]
    if values:
        return f"alert_uid: {values[0][:60]!r} is not an alert uid."
    if not pairs and not body.strip().startswith(("{", "[")):
        return "The body is neither JSON nor a form, and holds no alert uid."
    return "alert_uid: missing in the body."
