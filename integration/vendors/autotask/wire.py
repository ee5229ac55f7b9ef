"""Reading Autotask's JSON: one place for its spelling, its dates and its empty values.

Keys are compared without case, unknown keys are ignored, null stays None. A value of the wrong type is a
`WireError` that names entity and field: a guess would end up in somebody's ticket.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta, timezone
from typing import Final

_DATETIME: Final = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})"
    r"(?:[T ](?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"\s*(?P<zone>Z|z|[+-]\d{2}:?\d{2}(?::?\d{2})?)?)?"
)
_CLOCK: Final = re.compile(
    r"(?:\d{4}-\d{2}-\d{2}[T ])?(?P<hour>\d{2}):(?P<minute>\d{2})(?::\d{2}(?:[.,]\d{1,9})?)?"
    r"\s*(?:Z|z|[+-]\d{2}:?\d{2}(?::?\d{2})?)?"
)
_MICROSECOND_DIGITS: Final = 6
_TRUE: Final = frozenset({"true", "1"})
_FALSE: Final = frozenset({"false", "0"})


class WireError(ValueError):
    """A value in an answer that cannot be what its field says it is."""


class CaseInsensitive(Mapping[str, object]):
    """A read-only view of a JSON object whose keys are compared without case."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = {str(key).lower(): (str(key), value) for key, value in values.items()}

    def __getitem__(self, key: str) -> object:
        return self._values[key.lower()][1]

    def __iter__(self) -> Iterator[str]:
        return (original for original, _ in self._values.values())

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"CaseInsensitive({dict(self.items())!r})"


class Wire:
    """Typed access to one row of an answer.

    Args:
        entity: name used in errors, such as "Tickets".
        row: the JSON object.

    Raises:
        WireError: when the row is not an object.
    """

    __slots__ = ("_entity", "_row")

    def __init__(self, entity: str, row: object) -> None:
        if not isinstance(row, Mapping):
            raise WireError(f"{entity}: expected an object, got {type(row).__name__}")
        self._entity = entity
        self._row = CaseInsensitive(row)

    def raw(self, field: str) -> object:
        """Return the value as it came, None when absent."""
        return self._row.get(field)

    def whole(self, field: str) -> int | None:
        """Return a whole number, None when null, absent or blank."""
        value = self.raw(field)
        if value is None or value == "":
            return None
        if isinstance(value, bool):
            return int(value)
        if isinstance(value, int):
            return value
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,20}\s*", value):
            return int(value)
        raise self._wrong(field, "a whole number", value)

    def needed_whole(self, field: str, *, smallest: int | None = None) -> int:
        """Return a whole number.

        Raises:
            WireError: when it is missing, null or less than `smallest`.
        """
        value = self.whole(field)
        if value is None:
            raise WireError(f"{self._entity}.{field}: missing in the answer")
        if smallest is not None and value < smallest:
            raise WireError(f"{self._entity}.{field}: {value} is less than {smallest}")
        return value

    def needed_text(self, field: str) -> str:
        """Return a text without blanks around it.

        Raises:
            WireError: when it is missing, null or blank.
        """
        value = self.text(field).strip()
        if not value:
            raise WireError(f"{self._entity}.{field}: missing in the answer")
        return value

    def number(self, field: str) -> float | None:
        """Return a number, None when null, absent or blank."""
        value = self.raw(field)
        if value is None or value == "":
            return None
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        if isinstance(value, str):
            try:
                return float(value)
            except ValueError:
                pass
        raise self._wrong(field, "a number", value)

    def text(self, field: str) -> str:
        """Return a text, empty when null or absent; numbers are written out."""
        return self.optional_text(field) or ""

    def optional_text(self, field: str) -> str | None:
        """Return a text, None when null or absent; numbers are written out."""
        value = self.raw(field)
        if value is None:
            return None
        if isinstance(value, str):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        raise self._wrong(field, "a text", value)

    def flag(self, field: str, *, default: bool = False) -> bool:
        """Return a boolean; `default` when null, absent or blank."""
        value = self.optional_flag(field)
        return default if value is None else value

    def optional_flag(self, field: str) -> bool | None:
        """Return a boolean, None when null, absent or blank. 0, 1 and "True" count: Contacts.isActive is a number."""
        value = self.raw(field)
        if value is None or value == "":
            return None
        if isinstance(value, bool):
            return value
        written = str(value).strip().lower()
        if written in _TRUE:
            return True
        if written in _FALSE:
            return False
        raise self._wrong(field, "a boolean", value)

    def at(self, field: str) -> datetime | None:
        """Return an aware UTC datetime, None when null, absent or blank."""
        value = self.raw(field)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise self._wrong(field, "a date", value)
        try:
            return parse_datetime(value)
        except WireError as error:
            raise self._wrong(field, "a date", value) from error

    def clock(self, field: str) -> time | None:
        """Return a time of day as written, None when null, absent or blank.

        It comes as `08:00:00` or as a moment of some day, `1970-01-01T08:00:00`; day and zone say nothing.
        """
        value = self.raw(field)
        if value is None or value == "":
            return None
        match = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
        if match is None:
            raise self._wrong(field, "a time of day", value)
        try:
            return time(int(match["hour"]), int(match["minute"]))
        except ValueError as error:
            raise self._wrong(field, "a time of day", value) from error

    def udfs(self) -> dict[str, str | None]:
        """Return user-defined fields by exact name; empty for the `{}`, `""` and null Autotask sends for none."""
        value = self.raw("userDefinedFields")
        if not value or (isinstance(value, Mapping) and not value):
            return {}
        if not isinstance(value, list):
            raise self._wrong("userDefinedFields", "a list", value)
        fields: dict[str, str | None] = {}
        for item in value:
            pair = Wire(f"{self._entity}.userDefinedFields", item)
            name = pair.optional_text("name")
            if not name:
                raise WireError(f"{self._entity}.userDefinedFields: an entry without a name")
            held = pair.raw("value")
            fields[name] = None if held is None else str(held)
        return fields

    def _wrong(self, field: str, expected: str, value: object) -> WireError:
        # The value itself may be a customer's text; its type says enough.
        return WireError(f"{self._entity}.{field}: expected {expected}, got {type(value).__name__}")


def parse_datetime(text: str) -> datetime:
    """Return an aware UTC datetime from any form Autotask uses.

    Accepts 0 to 9 fraction digits, a missing zone (UTC), `Z`, `+02:00`, `+0200`, an offset with seconds
    (`-05:00:00`, extension callouts) and a bare date (midnight UTC).

    Raises:
        WireError: when it is not a date.
    """
    match = _DATETIME.fullmatch(text.strip())
    if match is None:
        raise WireError("not a date of the form YYYY-MM-DDTHH:MM:SS")
    parts = match.groupdict()
    fraction = (parts["fraction"] or "")[:_MICROSECOND_DIGITS].ljust(_MICROSECOND_DIGITS, "0")
    try:
        return datetime(
            int(parts["year"]),
            int(parts["month"]),
            int(parts["day"]),
            int(parts["hour"] or 0),
            int(parts["minute"] or 0),
            int(parts["second"] or 0),
            int(fraction),
            tzinfo=_zone(parts["zone"]),
        ).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise WireError("a date that does not exist") from error


def _zone(text: str | None) -> timezone:
    if text is None or text in "Zz":
        return UTC
    digits = text[1:].replace(":", "").ljust(6, "0")
    offset = timedelta(hours=int(digits[0:2]), minutes=int(digits[2:4]), seconds=int(digits[4:6]))
    return timezone(-offset if text[0] == "-" else offset)
