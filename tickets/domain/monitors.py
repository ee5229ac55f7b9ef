"""Which monitor raised an alert, although an alert carries neither a monitor's id nor its name. Pure.

Three keys, the surest first: a constant that people type into a webhook's body; a catalogue entry whose pattern fits;
and the fingerprint of the alert: class, stable context fields, and, for classes without telling fields, what is left
of the text when everything that varies is taken out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

#: Longer typed keys are no names, but a placeholder gone wrong.
LONGEST_TYPED_KEY: Final = 120
_LONGEST_TEXT: Final = 300
_WORDS_KEPT: Final = 24
#: What a text begins with says what it is about; what follows varies.
_FEW_WORDS: Final = 6
_COMMON_SAMPLES: Final = frozenset(
    {
        *(
            "",
            "alert",
            "alerts",
            "status",
            "state",
            "result",
            "results",
            "output",
            "message",
            "messages",
            "error",
        ),
        *(
            "errors",
            "info",
            "diagnostic",
            "diagnostics",
            "value",
            "summary",
            "description",
            "details",
            "health",
        ),
    }
)

_GUID = re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://\S+|\\\\\S+|\b[a-z]:\\\S*|\b(?:\d{1,3}\.){3}\d{1,3}\b", re.IGNORECASE)
_MOMENT = re.compile(
    r"\b\d{4}-\d{2}-\d{2}(?:[t ]\d{2}:\d{2}(?::\d{2})?(?:\.\d+)?(?:z|[+-]\d{2}:?\d{2})?)?\b"
    r"|\b\d{1,2}[/.]\d{1,2}[/.]\d{2,4}\b|\b\d{1,2}:\d{2}(?::\d{2})?(?:\s*[ap]m)?\b",
    re.IGNORECASE,
)
_SIZE = re.compile(
    r"\b\d+(?:[.,]\d+)*\s*(?:[kmgt]i?b|bytes?|%|percent|ms|s|sec\w*|min\w*|h|hours?|days?)\b|\d+\s*%",
    re.IGNORECASE,
)
_NOISE = re.compile(r"[^\w\s:/-]+|_")


class KeyKind(StrEnum):
    """By what a monitor was recognised."""

    TYPED = "typed"
    PATTERN = "pattern"
    FINGERPRINT = "fingerprint"


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells an alert's monitor.

    Attributes:
        fingerprint: hash; the same for every alert of the same monitor on whatever device.
        label: the fingerprint in words, a first name for the monitor: "Disk Usage, C:".
    """

    fingerprint: str
    label: str


def identify(
    *,
    context_class: str,
    monitor_type_name: str,
    stable: Mapping[str, Any],
    object_label: str,
    text: str,
    own_names: tuple[str, ...] = (),
) -> Identity:
    """Return the fingerprint of an alert.

    Args:
        context_class: the context's `@class`, empty when there is none.
        monitor_type_name: as people read it.
        stable: the context's stable fields (`integration.vendors.datto_rmm.contexts`).
        object_label: what the alert is about, such as "C:" or "Spooler".
        text: diagnostics, or what the samples say; used only where the stable fields tell nothing, or only names.
        own_names: names of device and site, which belong to no monitor.
    """
    told = {name: str(value) for name, value in stable.items() if value not in (None, "", [], {})}
    words = ""
    if not told:
        words = normalise_text(text, own_names)
    elif _is_told_by_names_alone(told):
        words = " ".join(normalise_text(text, own_names).split()[:_FEW_WORDS])
    material = json.dumps([context_class, sorted(told.items()), words], ensure_ascii=True)
    detail = object_label or _ids_in_words(told) or words
    label = f"{monitor_type_name}, {detail}" if detail else monitor_type_name
    return Identity(sha256(material.encode()).hexdigest(), label[:200])


def _is_told_by_names_alone(told: Mapping[str, str]) -> bool:
    """Return whether all that is stable are names that many monitors share.

    Most components call their result "Alert" or "Status", and contexts of an unknown class have names of fields only:
    a failed backup and a disk without encryption would be one trouble.
    """
    if set(told) == {"samples"}:
        return {name.strip().casefold() for name in told["samples"].split(",")} <= _COMMON_SAMPLES
    return set(told) == {"fields"}


def _ids_in_words(told: Mapping[str, str]) -> str:
    """Return the beginnings of ids, such as "policy 6b0daf35": without them monitors of one type have one label."""
    ids = (
        f"{name.removesuffix('Uid').removesuffix('Id')} {value[:8]}"
        for name, value in sorted(told.items())
        if name.endswith(("Uid", "Id"))
    )
    return ", ".join(ids)


def typed_fingerprint(typed_key: str) -> str:
    """Return the key of a monitor that is named in the webhook's body; spelling of case and blanks does not matter."""
    return sha256(f"typed:{' '.join(typed_key.split()).casefold()}".encode()).hexdigest()


def read_typed_key(value: object) -> str:
    """Return the key typed into a webhook's body, empty when there is none worth the name."""
    text = (
        " ".join(str(value).split()) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    )
    # NUL and half an emoji are no text that a database holds.
    text = text.replace("\x00", "").encode("utf-8", "replace").decode()
    if len(text) > LONGEST_TYPED_KEY or (text.startswith("[") and text.endswith("]")):
        return ""
    return text


def normalise_text(text: str, own_names: tuple[str, ...] = ()) -> str:
    """Return what stays the same when the same monitor fires again: no numbers, dates, ids, sizes, paths or own names."""
    left = text[:4000].casefold()
    for name in own_names:
        if len(name) > 2:  # noqa: PLR2004 - shorter names are parts of ordinary words
            left = left.replace(name.casefold(), " ")
    for pattern in (_GUID, _ADDRESS, _MOMENT, _SIZE):
        left = pattern.sub(" ", left)
    # A word with a digit in it is a count, a version or a serial number.
    words = [
        word
        for word in _NOISE.sub(" ", left).split()
        if word.strip(":/-") and not any(map(str.isdigit, word))
    ]
    return " ".join(words[:_WORDS_KEPT])[:_LONGEST_TEXT]
