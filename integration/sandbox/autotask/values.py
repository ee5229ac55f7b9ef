"""Values on the wire: what is accepted for a field, how it is kept, how it is answered.

Timestamps are kept as `YYYY-MM-DDTHH:MM:SS.mmmZ` texts in UTC, so they sort and compare as texts.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any, Final

from integration.sandbox.autotask.errors import RefusedError
from integration.sandbox.autotask.schema import Field

_FRACTION: Final = re.compile(r"\.(\d+)")
_TRUE: Final = {"true", "1", "yes"}
_FALSE: Final = {"false", "0", "no"}
_INT32: Final = 2**31
_INT64: Final = 2**63


def timestamp(moment: datetime) -> str:
    """Return the kept form of an aware datetime; one without a zone counts as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{aware.microsecond // 1000:03d}Z"


def read_timestamp(value: Any) -> str:
    """Return the kept form of a datetime or of an ISO text with 0 to 7 fraction digits.

    Raises:
        ValueError: when it is neither.
    """
    if isinstance(value, datetime):
        return timestamp(value)
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a date")  # noqa: TRY004  one error type for callers
    # fromisoformat of Python 3.11 takes 3 or 6 fraction digits only once they are cut to 6.
    return timestamp(
        datetime.fromisoformat(_FRACTION.sub(lambda m: "." + m.group(1)[:6].ljust(6, "0"), value.strip()))
    )


def read_value(field: Field, value: Any) -> Any:
    """Return the kept form of what a client sent; null and, for anything but a text, "" are None.

    Raises:
        RefusedError: when the value is not of the field's type.
    """
    if value is None or (value == "" and field.data_type != "string"):
        return None
    try:
        return _READERS[field.data_type](value)
    except (ValueError, TypeError, OverflowError):
        raise RefusedError(
            f"Error converting value {value!r} to type '{field.data_type}'. Path '{field.name}'."
        ) from None


def _read_integer(value: Any, limit: int) -> int:
    number = value
    if isinstance(value, str):
        number = float(value) if "." in value else int(value)
    if isinstance(number, float):
        if not number.is_integer():
            raise ValueError("not a whole number")
        number = int(number)
    if isinstance(number, bool):
        number = int(number)
    if not isinstance(number, int) or not -limit <= number < limit:
        raise ValueError("out of range")
    return number


def _read_boolean(value: Any) -> bool:
    text = str(value).strip().lower()
    if text not in _TRUE | _FALSE:
        raise ValueError("not a boolean")
    return text in _TRUE


def _read_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return clean_text(str(value))
    raise TypeError("not a text")


def read_number(value: Any) -> float:
    """Return a finite number.

    Raises:
        ValueError: when the text is none, or not finite.
        TypeError: when the value is no number or text.
    """
    if isinstance(value, bool):
        raise TypeError("not a number")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number


_READERS: Final = {
    "long": lambda value: _read_integer(value, _INT64),
    "integer": lambda value: _read_integer(value, _INT32),
    "double": read_number,
    "decimal": read_number,
    "boolean": _read_boolean,
    "datetime": read_timestamp,
    "string": _read_text,
}


def clean_text(text: str) -> str:
    """Return the text with halves of surrogate pairs replaced, because no answer could carry them."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def length_of(text: str) -> int:
    """Return the length as a .NET server counts it: UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2
