"""Reading Datto RMM's JSON: nulls everywhere, ids as number or text, dates in four spellings.

Only what a record cannot do without is insisted on. A value that cannot be read becomes None *and* a line in
`Row.problems`, which the record carries on: one odd field must neither stop a sweep over thousands of objects
nor vanish without a trace.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NUMERIC: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
#: Above this a number is milliseconds; as seconds it would lie beyond the year 2286.
_LAST_SECOND: Final = 9_999_999_999
#: What .NET means by "no date", in milliseconds and in seconds.
_DOTNET_MINIMUM: Final = frozenset({-62_135_596_800_000, -62_135_596_800})
_FIRST_YEAR: Final = 1
_GUID: Final = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


class WireError(ValueError):
    """An answer lacks what its record cannot do without."""


def normalize_uid(text: str) -> str:
    """Return a uid in the one spelling by which we know it: a GUID in lower case and bare, anything else trimmed.

    Two spellings of one device would become two rows, and two configuration items.
    """
    trimmed = text.strip()
    bare = trimmed[1:-1].strip() if trimmed.startswith("{") and trimmed.endswith("}") else trimmed
    return bare.lower() if _GUID.fullmatch(bare) else trimmed


def parse_instant(value: object) -> datetime | None:
    """Return an instant in UTC from any spelling the API uses.

    Args:
        value: epoch milliseconds, epoch seconds (also with fraction, also as text), or ISO 8601 text; without a
            zone it is UTC.

    Returns:
        None for null, empty text, 0 and .NET's minimum date.

    Raises:
        ValueError: when the value is none of these, or outside the years 1 to 9999.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, str):
        text = value.strip()
        if not _NUMERIC.fullmatch(text):
            return _from_iso(text)
        number: int | float = float(text) if "." in text else int(text)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        number = value
    else:
        raise ValueError(f"not a date: {type(value).__name__}")  # noqa: TRY004 - callers sort out odd values, not types
    if isinstance(number, float) and not math.isfinite(number):
        raise ValueError("not a date: not a finite number")
    if number == 0 or number in _DOTNET_MINIMUM:
        return None
    try:
        if abs(number) > _LAST_SECOND:
            return _EPOCH + timedelta(milliseconds=number)
        return _EPOCH + timedelta(seconds=number)
    except OverflowError:
        raise ValueError("not a date: outside the years 1 to 9999") from None


def _from_iso(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("not a date: neither a number nor ISO 8601") from None
    return None if found.year == _FIRST_YEAR else found


def parse_day(value: object) -> date | None:
    """Return a day from "yyyy-mm-dd" or from any spelling of an instant.

    Raises:
        ValueError: when it is neither.
    """
    instant = parse_instant(value)
    return None if instant is None else instant.date()


class Row:
    """Typed access to one object of an answer.

    Args:
        entity: name used in errors, such as "device".
        value: the parsed JSON value.
        problems: shared list of an enclosing row.

    Raises:
        WireError: when the value is no object.
    """

    __slots__ = ("_entity", "_values", "problems")

    def __init__(self, entity: str, value: object, problems: list[str] | None = None) -> None:
        if not isinstance(value, Mapping):
            raise WireError(f"{entity}: expected an object, got {type(value).__name__}")
        self._entity = entity
        self._values: Mapping[str, object] = value
        self.problems: list[str] = [] if problems is None else problems

    def raw(self, name: str) -> object:
        """Return the value as it came, None when absent."""
        return self._values.get(name)

    def _odd(self, name: str, wanted: str) -> None:
        self.problems.append(f"{self._entity}.{name}: expected {wanted}, got {type(self.raw(name)).__name__}")

    def text(self, name: str) -> str:
        """Return text, empty when null or absent; numbers are written out; NUL characters go."""
        value = self.raw(name)
        if value is None:
            return ""
        if isinstance(value, str):
            return value.replace("\x00", "")
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, int | float):
            return str(value)
        self._odd(name, "text")
        return ""

    def needed_text(self, name: str) -> str:
        """Return text that must be there.

        Raises:
            WireError: when it is missing, null or blank.
        """
        value = self.text(name).strip()
        if not value:
            raise WireError(f"{self._entity}.{name}: missing in the answer")
        return value

    def whole(self, name: str) -> int | None:
        """Return a whole number, also from text."""
        number = self.number(name)
        if number is None:
            return None
        value = self.raw(name)
        if isinstance(value, int):
            return value
        if isinstance(value, str) and "." not in value:
            return int(value)
        if not number.is_integer():
            self._odd(name, "a whole number")
            return None
        return int(number)

    def number(self, name: str) -> float | None:
        """Return a number, also from text."""
        value = self.raw(name)
        if value is None or value == "":
            return None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number or (isinstance(value, str) and _NUMERIC.fullmatch(value.strip())):
            try:
                found = float(value)  # type: ignore[arg-type]  # checked one line above, in a way mypy cannot follow
            except OverflowError:
                found = math.inf
            if math.isfinite(found):
                return found
        self._odd(name, "a number")
        return None

    def flag(self, name: str) -> bool | None:
        """Return a yes or no, also from "true" and 1; None when the API does not say."""
        value = self.raw(name)
        if value is None or value == "" or isinstance(value, bool):
            return value if isinstance(value, bool) else None
        known = {"true": True, "1": True, "false": False, "0": False}.get(str(value).strip().lower())
        if known is None:
            self._odd(name, "true or false")
        return known

    def instant(self, name: str) -> datetime | None:
        """Return an instant, see `parse_instant`."""
        try:
            return parse_instant(self.raw(name))
        except ValueError as error:
            self.problems.append(f"{self._entity}.{name}: {error}")
            return None

    def day(self, name: str) -> date | None:
        """Return a day, see `parse_day`."""
        try:
            return parse_day(self.raw(name))
        except ValueError as error:
            self.problems.append(f"{self._entity}.{name}: {error}")
            return None

    def row(self, name: str) -> Row:
        """Return a nested object; an empty one when null or absent."""
        value = self.raw(name)
        if value is not None and not isinstance(value, Mapping):
            self._odd(name, "an object")
        return Row(f"{self._entity}.{name}", value if isinstance(value, Mapping) else {}, self.problems)

    def rows(self, name: str) -> Iterator[Row]:
        """Yield the objects of a list; none when null or absent."""
        value = self.raw(name)
        if value is None:
            return
        if not isinstance(value, list):
            self._odd(name, "a list")
            return
        for item in value:
            if isinstance(item, Mapping):
                yield Row(f"{self._entity}.{name}[]", item, self.problems)
            else:
                self._odd(name, "a list of objects")

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts; empty when null or absent, a single text counts as a list of one."""
        value = self.raw(name)
        if value is None:
            return ()
        items = value if isinstance(value, list) else [value]
        return tuple(str(item).replace("\x00", "") for item in items if item is not None)

    def noted(self) -> tuple[str, ...]:
        """Return what could not be read so far."""
        return tuple(self.problems)
