"""What Autotask's error texts mean.

Nearly every business failure is HTTP 500 with `{"errors": ["..."]}`, so the status says little and the text must
be read. The patterns are the texts seen in the field, loosened where wording varies; a text that fits none stays
a plain rejection with Autotask's own words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class RejectionKind(StrEnum):
    """Why Autotask refused a request, as far as its text says."""

    PICKLIST_VALUE = "picklist_value"
    REQUIRED_MISSING = "required_missing"
    INVALID_REFERENCE = "invalid_reference"
    TOO_LONG = "too_long"
    UNKNOWN_FIELD = "unknown_field"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Rejection:
    """One refused request, understood.

    Attributes:
        kind: what is wrong.
        field: Autotask's field name, None when the text names none.
        value: the picklist id that was refused.
        reference: entity a refused reference points to, such as "Contact".
        longest: most characters the field takes.
        message: Autotask's own text this was read from.
    """

    kind: RejectionKind
    field: str | None = None
    value: str | None = None
    reference: str | None = None
    longest: int | None = None
    message: str = ""

    @property
    def cure(self) -> str:
        """One sentence a person can act on."""
        name = self.field or "a field"
        if self.kind is RejectionKind.PICKLIST_VALUE:
            which = f" {self.value}" if self.value else ""
            return (
                f"The value{which} of {name} does not exist or is inactive in Autotask: choose another one."
            )
        if self.kind is RejectionKind.REQUIRED_MISSING:
            return f"Autotask needs a value for {name}: set one, or make it optional in the ticket category."
        if self.kind is RejectionKind.INVALID_REFERENCE:
            what = self.reference or "record"
            return f"The {what} in {name} does not exist, is inactive or belongs to another company: choose another one."
        if self.kind is RejectionKind.TOO_LONG:
            return f"The text of {name} is longer than {self.longest} characters: shorten it."
        if self.kind is RejectionKind.UNKNOWN_FIELD:
            return f"Autotask does not know the field {name}: correct its name or refresh the field list."
        return "Autotask refused the request; its text says why."


#: A field's name, which may hold blanks when it is a user-defined one, up to the end of its phrase.
_NAME: Final = r"(?P<field>\w[^\].,;\n]*?)(?=\s*(?:[\].,;]|$)|\s(?:on|in|of|for)\s)"

_PATTERNS: Final[tuple[tuple[RejectionKind, re.Pattern[str]], ...]] = (
    (
        RejectionKind.PICKLIST_VALUE,
        re.compile(
            r"picklist value\s*\[?(?P<value>[^\]\s]*)\]?.*?"
            r"(?:does not exist|is inactive|is not active|is invalid|is not valid)"
            r"(?:\s+(?:for|on|in)\s+(?:the\s+)?(?:field:?\s+)?\[?" + _NAME + r")?",
            re.IGNORECASE,
        ),
    ),
    (
        RejectionKind.INVALID_REFERENCE,
        re.compile(
            r"reference value on field:?\s*(?P<field>\w+)(?:\s+of type:?\s*(?P<reference>\w+))?",
            re.IGNORECASE,
        ),
    ),
    (
        RejectionKind.TOO_LONG,
        re.compile(
            r"(?P<field>\w+)\s+(?:must be less than or equal to|must not exceed|cannot exceed|cannot be longer than)"
            r"\s+(?P<longest>[\d,]+)\s+characters",
            re.IGNORECASE,
        ),
    ),
    (
        RejectionKind.REQUIRED_MISSING,
        re.compile(r"does not exist for the required field:?\s+" + _NAME, re.IGNORECASE),
    ),
    (RejectionKind.REQUIRED_MISSING, re.compile(r"missing required field:?\s+" + _NAME, re.IGNORECASE)),
    (RejectionKind.REQUIRED_MISSING, re.compile(r"\b(?P<field>\w+) is (?:a )?required", re.IGNORECASE)),
    (
        RejectionKind.UNKNOWN_FIELD,
        re.compile(r"unable to find (?P<field>\S.*?) in the \w+ entity", re.IGNORECASE),
    ),
)

_THREAD_LIMIT: Final = re.compile(r"itgenatr005|thread threshold", re.IGNORECASE)
_REQUEST_LIMIT: Final = re.compile(
    r"too many requests|rate limit"
    r"|exceed\w*\b.*\b(?:requests?|calls?|api)\b.*\b(?:threshold|limit|maximum)"
    r"|\b(?:requests?|calls?|api)\b.*\b(?:threshold|limit)\b.*exceed",
    re.IGNORECASE,
)
_PERMISSION: Final = re.compile(r"\bpermissions?\b|not authorized|access (?:is )?denied", re.IGNORECASE)
_NO_RECORD: Final = re.compile(r"no matching records? found", re.IGNORECASE)
#: The server broke while working: whether a write took effect is open.
_BROKE_MIDWAY: Final = re.compile(
    r"timed?[ -]?out|deadlock|internal (?:server )?error|object reference not set|unexpected error|an error has occurred",
    re.IGNORECASE,
)


class Meaning(StrEnum):
    """What kind of failure a list of error texts is."""

    THREAD_LIMIT = "thread_limit"
    REQUEST_LIMIT = "request_limit"
    PERMISSION = "permission"
    NO_RECORD = "no_record"
    BROKE_MIDWAY = "broke_midway"
    REJECTED = "rejected"


def meaning_of(messages: Sequence[str]) -> Meaning:
    """Return what the texts mean together; a limit outranks everything, since nothing was executed then."""
    text = "\n".join(messages)
    if _THREAD_LIMIT.search(text):
        return Meaning.THREAD_LIMIT
    if any(_REQUEST_LIMIT.search(message) for message in messages):
        return Meaning.REQUEST_LIMIT
    if _PERMISSION.search(text):
        return Meaning.PERMISSION
    if _NO_RECORD.search(text):
        return Meaning.NO_RECORD
    if classify_rejection(messages).kind is RejectionKind.OTHER and _BROKE_MIDWAY.search(text):
        return Meaning.BROKE_MIDWAY
    return Meaning.REJECTED


def classify_rejection(messages: Sequence[str]) -> Rejection:
    """Return the first reason the texts give; `OTHER` with the first text when none is understood.

    Args:
        messages: `Rejected.messages`.
    """
    for message in messages:
        for kind, pattern in _PATTERNS:
            match = pattern.search(message)
            if match:
                return _rejection(kind, match.groupdict(), message)
    return Rejection(RejectionKind.OTHER, message=messages[0] if messages else "")


def _rejection(kind: RejectionKind, parts: dict[str, str | None], message: str) -> Rejection:
    longest = parts.get("longest")
    return Rejection(
        kind,
        field=parts.get("field"),
        value=parts.get("value") or None,
        reference=parts.get("reference"),
        longest=int(longest.replace(",", "")) if longest else None,
        message=message,
    )
