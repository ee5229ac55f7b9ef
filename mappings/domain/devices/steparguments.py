"""Arguments of transform steps, checked. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

_LONGEST_TEXT = 500
_MOST_ENTRIES = 200


class ArgumentKind(StrEnum):
    """What an argument is; a form chooses its widget by it."""

    TEXT = "text"
    COUNT = "count"
    CHOICE = "choice"
    TEXTS = "texts"
    TABLE = "table"


_EMPTY: Mapping[ArgumentKind, object] = {
    ArgumentKind.TEXT: "",
    ArgumentKind.COUNT: 0,
    ArgumentKind.CHOICE: "",
    ArgumentKind.TEXTS: (),
    ArgumentKind.TABLE: {},
}


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a step.

    Attributes:
        default: taken when it is absent; None for the kind's empty value.
        least, most: bounds of a count.
    """

    name: str
    label: str
    kind: ArgumentKind
    is_required: bool = False
    default: object = None
    least: int = 0
    most: int = 0
    choices: tuple[str, ...] = ()


def read_arguments(arguments: Sequence[Argument], given: Mapping[object, object]) -> dict[str, object]:
    """Return all arguments, with defaults, of what is stored or typed.

    Raises:
        ValueError: begins with the argument's name and tells the cure.
    """
    known = {one.name for one in arguments}
    for name in given:
        if name not in known:
            names = ", ".join(one.name for one in arguments) or "nothing"
            raise ValueError(f"{name}: is unknown here. It takes {names}.")
    return {one.name: _read(one, given.get(one.name)) for one in arguments}


def _read(argument: Argument, value: object) -> object:
    if value is None or value in ("", [], {}):
        if argument.is_required:
            raise ValueError(f"{argument.name}: is missing. {_cure(argument)}")
        return _EMPTY[argument.kind] if argument.default is None else argument.default
    match argument.kind:
        case ArgumentKind.COUNT:
            is_good = isinstance(value, int) and not isinstance(value, bool)
            good: object = value if is_good and argument.least <= int(str(value)) <= argument.most else None
        case ArgumentKind.CHOICE:
            good = value if value in argument.choices else None
        case ArgumentKind.TEXTS:
            good = tuple(value) if isinstance(value, list | tuple) and _are_texts(value) else None
        case ArgumentKind.TABLE:
            is_good = isinstance(value, dict) and _are_texts([*value.keys(), *value.values()])
            good = value if is_good else None
        case ArgumentKind.TEXT:
            good = value if _are_texts([value]) else None
    if good is None:
        raise ValueError(f"{argument.name}: {_cure(argument)}")
    return good


def _are_texts(values: Sequence[object]) -> bool:
    return len(values) <= 2 * _MOST_ENTRIES and all(
        isinstance(one, str) and len(one) <= _LONGEST_TEXT for one in values
    )


def _cure(argument: Argument) -> str:
    match argument.kind:
        case ArgumentKind.COUNT:
            return f"Give a whole number from {argument.least} to {argument.most}."
        case ArgumentKind.CHOICE:
            return f"Give one of {' '.join(argument.choices)}"
        case ArgumentKind.TEXTS:
            return f"Give a list of at most {_MOST_ENTRIES} short texts."
        case ArgumentKind.TABLE:
            return f'Give a table of at most {_MOST_ENTRIES} texts such as {{"old": "new"}}.'
        case ArgumentKind.TEXT:
            return f"Give a text of at most {_LONGEST_TEXT} characters."
