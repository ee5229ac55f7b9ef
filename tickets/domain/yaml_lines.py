"""A small, safe reading of YAML in which every value knows its line. Pure.

Tags, anchors and aliases are refused: a file of rules needs none, and they are how YAML files do harm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import yaml

LONGEST_FILE: Final = 1_000_000
_DEEPEST: Final = 12
_SIMPLE_TAGS: Final = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null")
)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a file.

    Attributes:
        line: from 1; 0 when no line is to blame.
        field: what people wrote, such as "hold_off_minutes"; empty when no field is to blame.
        message: the trouble and the cure.
    """

    line: int
    field: str
    message: str

    def __str__(self) -> str:
        """Return it in one line."""
        where = f"line {self.line}" if self.line else "file"
        return f"{where}, {self.field}: {self.message}" if self.field else f"{where}: {self.message}"


class BadFile(ValueError):  # noqa: N818 - a person's text, not a fault
    """The file cannot be used."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(one) for one in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Value:
    """A value and where it stands.

    Attributes:
        data: text, number, yes or no, None, a list of values, or a dict of key -> value.
        text: as it was written, of a plain value; "22:00" is a number in YAML.
    """

    data: Any
    line: int
    text: str = ""

    @property
    def is_mapping(self) -> bool:
        """Whether it is keys with values."""
        return isinstance(self.data, dict)

    @property
    def is_list(self) -> bool:
        """Whether it is a list."""
        return isinstance(self.data, list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing, or null, was written."""
        return self.data is None


def read_yaml(text: str) -> Value:
    """Return what a file holds.

    Raises:
        BadFile: no YAML, too long, too deep, or with tags, anchors or aliases.
    """
    if len(text) > LONGEST_FILE:
        raise BadFile([Problem(0, "", f"It is longer than {LONGEST_FILE:,} characters. Split it.")])
    try:
        loader = yaml.SafeLoader(text)
        _refuse_tricks(text)
        node = loader.get_single_node()
        return Value(None, 1) if node is None else _value(node, loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 0
        raise BadFile([Problem(line, "", f"Not valid YAML: {error.problem or error.context}.")]) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise BadFile([Problem(line, "", "A character that no text may hold. Delete it.")]) from None
    except (RecursionError, ValueError, OverflowError) as error:
        if isinstance(error, BadFile):
            raise
        raise BadFile([Problem(0, "", f"Cannot be read: {error}.")]) from None


def _refuse_tricks(text: str) -> None:
    """Look at the file's events before anything is built from them."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark is not None else 0
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise BadFile(
                [Problem(line, "", "Anchors (&) and aliases (*) are not read. Write the value out.")]
            )
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            raise BadFile(
                [Problem(line, "", f"Nested deeper than {_DEEPEST} levels. Check the indentation.")]
            )


def _value(node: yaml.Node, loader: yaml.SafeLoader) -> Value:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Value] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            at = key.start_mark.line + 1
            if not name:
                raise BadFile([Problem(at, "", "A key must be a plain word.")])
            if name in found:
                raise BadFile([Problem(at, name, "It is written twice. Keep one of them.")])
            inner = _value(value, loader)
            found[name] = Value(inner.data, at, inner.text)
        return Value(found, line)
    if isinstance(node, yaml.SequenceNode):
        return Value([_value(one, loader) for one in node.value], line)
    if node.tag.endswith(":timestamp") or node.tag.endswith(":value"):
        return Value(node.value, line, node.value)
    if node.tag not in _SIMPLE_TAGS:
        raise BadFile([Problem(line, "", f"Tags such as {node.tag!r} are not read. Write a plain value.")])
    return Value(loader.construct_object(node), line, node.value)
