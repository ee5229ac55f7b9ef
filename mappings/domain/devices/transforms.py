"""Steps that turn a device's value into the text a UDF shall hold. Pure.

A step gets text and gives text, or a problem in words. Steps are stored as [{"name": "cut", "length": 20}, ...]
and checked once by `read_steps`. An empty value stays empty through all steps; only a table can fill it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import cast

from mappings.domain.devices.facts import DataType, Step, UdfFacts
from mappings.domain.devices.patterns import BadPattern, compile_pattern
from mappings.domain.devices.steparguments import Argument, ArgumentKind, read_arguments
from mappings.domain.devices.udfvalues import (
    NO_WORDS,
    YES_WORDS,
    Problem,
    find_label,
    number_text,
    read_day,
    read_number,
    to_udf,
)

_GIB = Decimal(1024**3)
_MAX_DECIMALS = 6
_LONGEST = 8000
_SAMPLE = datetime(2001, 2, 3, tzinfo=UTC)

Arguments = Mapping[str, object]


class StepError(ValueError):
    """A step cannot be used; the text names the step, the argument and the cure."""


@dataclass(frozen=True, slots=True)
class Transform:
    """One kind of step.

    Attributes:
        label: for a menu.
        describe: what it does with these arguments, in words.
        apply: gets arguments, text that is not empty, and the UDF.
        check: raises ValueError with the argument's name and the cure.
    """

    name: str
    label: str
    describe: Callable[[Arguments], str]
    apply: Callable[[Arguments, str, UdfFacts], str | Problem]
    arguments: tuple[Argument, ...] = ()
    check: Callable[[Arguments], None] | None = None


def read_steps(stored: object) -> tuple[Step, ...]:
    """Return checked steps of what is stored or typed: a list of objects with "name" and arguments.

    Raises:
        StepError: names the step, the argument and the cure.
    """
    if not isinstance(stored, list):
        raise StepError('Steps: must be a list such as [{"name": "trim"}].')
    return tuple(_read_step(place, one) for place, one in enumerate(stored, start=1))


def run_steps(steps: Sequence[Step], text: str, udf: UdfFacts) -> str | Problem:
    """Return the text after all steps, not yet in the UDF's own form, or the first problem."""
    value = text.strip()
    for step in steps:
        if not value:
            value = _fill(step)
            continue
        result = TRANSFORMS[step.name].apply(step.arguments, value, udf)
        if isinstance(result, Problem):
            return result
        value = result
    return value


def udf_value(steps: Sequence[Step], text: str, udf: UdfFacts) -> str | Problem:
    """Return the value the UDF shall hold for a device's value: all steps, then the UDF's type; "" is empty."""
    value = run_steps(steps, text, udf)
    return value if isinstance(value, Problem) else to_udf(udf, value)


def describe_steps(steps: Sequence[Step]) -> list[str]:
    """Return each step in words."""
    return [TRANSFORMS[step.name].describe(step.arguments) for step in steps]


def _read_step(place: int, stored: object) -> Step:
    name = stored.get("name") if isinstance(stored, dict) else None
    if not isinstance(stored, dict) or not isinstance(name, str):
        raise StepError(f'Step {place}: must be an object with a "name", such as {{"name": "trim"}}.')
    transform = TRANSFORMS.get(name)
    if transform is None:
        raise StepError(f"Step {place}: {name!r} is unknown. Choose one of: {', '.join(TRANSFORMS)}.")
    given = {key: value for key, value in stored.items() if key != "name"}
    try:
        arguments = read_arguments(transform.arguments, given)
        if transform.check is not None:
            transform.check(arguments)
    except ValueError as error:
        raise StepError(f"Step {place} ({name}): {error}") from None
    return Step(name, arguments)


def _fill(step: Step) -> str:
    return _table(step.arguments).get("", "") if step.name == "table" else ""


def _text(arguments: Arguments, name: str) -> str:
    return cast("str", arguments[name])


def _count(arguments: Arguments, name: str) -> int:
    return cast("int", arguments[name])


def _texts(arguments: Arguments, name: str) -> tuple[str, ...]:
    return cast("tuple[str, ...]", arguments[name])


def _table(arguments: Arguments) -> Mapping[str, str]:
    return cast("Mapping[str, str]", arguments["table"])


def _round(number: Decimal, decimals: int) -> str:
    return number_text(number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))


def _precision(arguments: Arguments) -> str:
    decimals = _count(arguments, "decimals")
    return f"Number with at most {decimals} decimals" if decimals else "Whole number"


def _number(arguments: Arguments, text: str, udf: UdfFacts) -> str | Problem:
    plain = re.sub(r"[\s'_\u00a0\u202f]", "", text)
    if _text(arguments, "decimal_mark") == ",":
        plain = plain.replace(".", "").replace(",", ".")
    else:
        plain = plain.replace(",", "")
    number = read_number(plain)
    if number is None:
        return Problem(
            f"{text!r} is not a number. Add a step before it that takes the number out of the text."
        )
    return _round(number, _count(arguments, "decimals"))


def _gigabytes(arguments: Arguments, text: str, udf: UdfFacts) -> str | Problem:
    number = read_number(text)
    if number is None or number < 0:
        return Problem(f"{text!r} is not a count of bytes. Use this step on a field that holds bytes.")
    return _round(number / _GIB, _count(arguments, "decimals"))


def _date(arguments: Arguments, text: str, udf: UdfFacts) -> str | Problem:
    formats = _texts(arguments, "formats")
    for one in formats:
        try:
            return datetime.strptime(text, one).replace(tzinfo=UTC).date().isoformat()
        except ValueError:
            continue
    day = read_day(text)
    if day is None:
        tried = ", ".join((*formats, "2026-01-31", "epoch seconds or milliseconds"))
        return Problem(f"{text!r} is not a date; tried {tried}. Add its format to the step.")
    return day.isoformat()


def _check_formats(arguments: Arguments) -> None:
    for one in _texts(arguments, "formats"):
        try:
            is_whole = (
                datetime.strptime(_SAMPLE.strftime(one), one).replace(tzinfo=UTC).date() == _SAMPLE.date()
            )
        except (ValueError, re.error):
            is_whole = False
        if not is_whole:
            raise ValueError(f"formats: {one!r} must name day, month and year, such as %d.%m.%Y.")


def _yes_no(arguments: Arguments, text: str, udf: UdfFacts) -> str | Problem:
    plain = text.strip().casefold()
    yes = {one.casefold() for one in _texts(arguments, "yes")}
    no = {one.casefold() for one in _texts(arguments, "no")}
    if plain in yes or (plain in YES_WORDS and plain not in no):
        return "true"
    if plain in no or plain in NO_WORDS:
        return "false"
    return Problem(f"{text!r} is neither yes nor no. Add the word to the step.")


def _list_value(arguments: Arguments, text: str, udf: UdfFacts) -> str | Problem:
    if udf.data_type is not DataType.LIST:
        return Problem(f"{udf.name} is not a list. Remove the step 'list_value' or choose a list UDF.")
    label = find_label(udf, text) or find_label(udf, _text(arguments, "otherwise"))
    if label is None:
        known = ", ".join(one.label for one in udf.list_values if one.is_active) or "none"
        return Problem(f"{udf.name} has no list entry {text!r}; it has: {known}. Add the entry in Autotask.")
    return label


def _capture(arguments: Arguments, text: str, udf: UdfFacts) -> str | Problem:
    found = compile_pattern(_text(arguments, "pattern")).search(text)
    if found is None:
        return ""
    return (found.group(1) if found.re.groups else found.group()) or ""


def _check_pattern(arguments: Arguments) -> None:
    try:
        compile_pattern(_text(arguments, "pattern"))
    except BadPattern as error:
        raise ValueError(f"pattern: {error}") from None


def _pick(arguments: Arguments, text: str, udf: UdfFacts) -> str | Problem:
    wanted = _text(arguments, "key").strip().casefold()
    for part in text.split(_text(arguments, "separator")):
        key, mark, value = part.partition(_text(arguments, "mark"))
        if mark and key.strip().casefold() == wanted:
            return value.strip()
    return ""


def _apply_table(arguments: Arguments, text: str, udf: UdfFacts) -> str | Problem:
    table = {key.strip().casefold(): value for key, value in _table(arguments).items()}
    found = table.get(text.strip().casefold())
    if found is not None:
        return found
    otherwise = _text(arguments, "otherwise")
    return otherwise or text


def _describe_table(arguments: Arguments) -> str:
    pairs = ", ".join(
        f"{key or 'empty'} becomes {value or 'empty'}" for key, value in _table(arguments).items()
    )
    otherwise = _text(arguments, "otherwise")
    return f"Table: {pairs}; anything else {f'becomes {otherwise}' if otherwise else 'stays'}."


def _user(arguments: Arguments, text: str, udf: UdfFacts) -> str | Problem:
    return text.rpartition("\\")[2].partition("@")[0].strip()


def _describe_list(arguments: Arguments) -> str:
    otherwise = _text(arguments, "otherwise")
    return f"Look it up in the UDF's list{f'; take {otherwise} if it is not there' if otherwise else ''}."


_DECIMALS = Argument("decimals", "Decimals", ArgumentKind.COUNT, default=0, most=_MAX_DECIMALS)
_OTHERWISE = Argument("otherwise", "Otherwise", ArgumentKind.TEXT)
_ADDED = Argument("text", "Text", ArgumentKind.TEXT, is_required=True)

_ALL = (
    Transform("trim", "Remove outer blanks", lambda a: "Remove outer and repeated blanks.",
              lambda a, text, udf: " ".join(text.split())),
    Transform("upper", "Upper case", lambda a: "Upper case.", lambda a, text, udf: text.upper()),
    Transform("lower", "Lower case", lambda a: "Lower case.", lambda a, text, udf: text.lower()),
    Transform("number", "Number", lambda a: f"{_precision(a)}.", _number,
              (_DECIMALS, Argument("decimal_mark", "Decimal mark", ArgumentKind.CHOICE, default=".",
                                   choices=(".", ",")))),
    Transform("date", "Date", lambda a: "Date, from " + ", ".join((*_texts(a, "formats"), "ISO or epoch")) + ".",
              _date, (Argument("formats", "Formats", ArgumentKind.TEXTS),), _check_formats),
    Transform("yes_no", "Yes or no", lambda a: "Yes or no.", _yes_no,
              (Argument("yes", "More words for yes", ArgumentKind.TEXTS),
               Argument("no", "More words for no", ArgumentKind.TEXTS))),
    Transform("list_value", "List entry", _describe_list, _list_value, (_OTHERWISE,)),
    Transform("capture", "Take a part by pattern", lambda a: f"Take what {a['pattern']} finds; else nothing.",
              _capture, (Argument("pattern", "Pattern", ArgumentKind.TEXT, is_required=True),), _check_pattern),
    Transform("pick", "Take the value of a key", lambda a: f"Take what follows {a['key']}{a['mark']}.", _pick,
              (Argument("key", "Key", ArgumentKind.TEXT, is_required=True),
               Argument("separator", "Between pairs", ArgumentKind.TEXT, default=";"),
               Argument("mark", "Between key and value", ArgumentKind.TEXT, default="="))),
    Transform("cut", "Cut to a length", lambda a: f"Keep the first {a['length']} characters.",
              lambda a, text, udf: text[: _count(a, "length")].rstrip(),
              (Argument("length", "Length", ArgumentKind.COUNT, is_required=True, least=1, most=_LONGEST),)),
    Transform("prefix", "Put before", lambda a: f"Put {a['text']!r} before it.",
              lambda a, text, udf: f"{a['text']}{text}", (_ADDED,)),
    Transform("suffix", "Put after", lambda a: f"Put {a['text']!r} after it.",
              lambda a, text, udf: f"{text}{a['text']}", (_ADDED,)),
    Transform("gigabytes", "Bytes to GB", lambda a: f"Bytes to GB: {_precision(a).lower()}.",
              _gigabytes, (_DECIMALS,)),
    Transform("table", "Replace by table", _describe_table, _apply_table,
              (Argument("table", "Table", ArgumentKind.TABLE, is_required=True), _OTHERWISE)),
    Transform("user", "User without domain", lambda a: "The user without its domain.", _user),
)  # fmt: skip
#: All steps by name, in the order of the menu.
TRANSFORMS: Mapping[str, Transform] = {one.name: one for one in _ALL}
