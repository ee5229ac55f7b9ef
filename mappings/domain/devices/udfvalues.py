"""Values of Autotask UDFs: what a UDF can hold, and when two texts are the same value. Pure.

Every value travels as text: a number as "4", a day as "2026-01-31", an entry of a list as its id.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from mappings.domain.devices.facts import DataType, UdfFacts

YES_WORDS = frozenset({"true", "yes", "y", "1", "on", "enabled", "ja", "oui", "si", "sí"})
NO_WORDS = frozenset({"false", "no", "n", "0", "off", "disabled", "nein", "non"})
#: Older ones would be mistaken for plain numbers.
_EPOCH_DIGITS, _EPOCH_MS_DIGITS = 9, 11
_MAX_EPOCH_DIGITS = 14
_MAX_NUMBER_LENGTH = 40
_ASTERISKS = re.compile(r"\*+")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why there is no value; `text` is one sentence with the cure."""

    text: str


def read_number(text: str) -> Decimal | None:
    """Return a plain decimal number such as "-4.50"; None if it is none."""
    plain = text.strip()
    if len(plain) > _MAX_NUMBER_LENGTH or not re.fullmatch(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)", plain):
        return None
    try:
        return Decimal(plain)
    except InvalidOperation:  # pragma: no cover - the pattern lets only decimals through
        return None


def number_text(number: Decimal) -> str:
    """Return a number without needless zeros or exponent."""
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text


def read_day(text: str) -> date | None:
    """Return the day of an ISO date, an ISO time or a time in epoch seconds or milliseconds; None if it is none."""
    plain = text.strip()
    if plain.isascii() and plain.isdigit() and _EPOCH_DIGITS <= len(plain) <= _MAX_EPOCH_DIGITS:
        seconds = int(plain) / 1000 if len(plain) >= _EPOCH_MS_DIGITS else int(plain)
        return datetime.fromtimestamp(seconds, UTC).date()
    if not re.match(r"\d{4}-\d{2}-\d{2}(?:$|[T ])", plain):
        return None
    try:
        return date.fromisoformat(plain[:10])
    except ValueError:
        return None


def read_yes_no(text: str) -> bool | None:
    """Return what a word of yes or no means; None if it is neither."""
    plain = text.strip().casefold()
    if plain in YES_WORDS:
        return True
    return False if plain in NO_WORDS else None


def is_masked(text: str | None) -> bool:
    """Return whether Autotask hides the value because the API user may not see protected data."""
    return text is not None and _ASTERISKS.fullmatch(text.strip()) is not None


def to_udf(udf: UdfFacts, text: str) -> str | Problem:
    """Return a text as the UDF must hold it, or why it cannot.

    A list entry may be given by its label, whatever its case, or by its id; labels are looked at first.
    """
    plain = text.strip().replace("\r\n", "\n")
    if not plain:
        return ""
    match udf.data_type:
        case DataType.NUMBER:
            number = read_number(plain)
            return number_text(number) if number is not None else _no(udf, plain, "a number")
        case DataType.DATE:
            day = read_day(plain)
            return day.isoformat() if day is not None else _no(udf, plain, "a date such as 2026-01-31")
        case DataType.BOOLEAN:
            answer = read_yes_no(plain)
            return str(answer).lower() if answer is not None else _no(udf, plain, "yes or no")
        case DataType.LIST:
            return _to_list(udf, plain)
        case DataType.TEXT | DataType.LONG_TEXT:
            if udf.max_length is not None and len(plain) > udf.max_length:
                return Problem(
                    f"{udf.name} holds at most {udf.max_length} characters, the value has {len(plain)}. "
                    "Add the step 'cut'."
                )
            return plain
    return Problem(f"{udf.name} has a data type that this version does not know. Choose another UDF.")


def from_udf(udf: UdfFacts, text: str | None) -> str | Problem:
    """Return a UDF's value as people write it: the label of a list entry, the day of a date."""
    plain = canonical(udf, text)
    if not plain or udf.data_type is not DataType.LIST:
        return plain
    for one in udf.list_values:
        if one.value == plain:
            return one.label
    return Problem(f"{udf.name} has no list entry {plain}. Read the UDFs of Autotask again.")


def canonical(udf: UdfFacts, text: str | None) -> str:
    """Return a value in the one form in which equal values are equal texts; what cannot be read stays as it is."""
    plain = (text or "").strip().replace("\r\n", "\n")
    if udf.data_type in {DataType.NUMBER, DataType.DATE, DataType.BOOLEAN}:
        value = to_udf(udf, plain)
        return plain if isinstance(value, Problem) else value
    return plain


def is_same(udf: UdfFacts, one: str | None, other: str | None) -> bool:
    """Return whether two texts are the same value of the UDF."""
    return canonical(udf, one) == canonical(udf, other)


def find_label(udf: UdfFacts, text: str) -> str | None:
    """Return the label of an active list entry as it is spelled in Autotask, by label or id."""
    plain = " ".join(text.split()).casefold()
    active = [one for one in udf.list_values if one.is_active]
    for one in active:
        if " ".join(one.label.split()).casefold() == plain:
            return one.label
    return next((one.label for one in active if one.value == text.strip()), None)


def _to_list(udf: UdfFacts, text: str) -> str | Problem:
    label = find_label(udf, text)
    if label is not None:
        return next(one.value for one in udf.list_values if one.is_active and one.label == label)
    known = ", ".join(one.label for one in udf.list_values if one.is_active) or "none"
    return Problem(
        f"{udf.name} has no list entry {text!r}; it has: {known}. Add the entry in Autotask, or the step 'table'."
    )


def _no(udf: UdfFacts, text: str, what: str) -> Problem:
    return Problem(f"{udf.name} needs {what}, the value is {text!r}. Add a step that makes one of it.")
