"""Finds what is wrong with a ticket template before it is saved. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from jinja2 import TemplateSyntaxError, nodes

from tickets.domain.template_language import ENVIRONMENT, FILTERS, RefusedError, compile_template, walk
from tickets.domain.template_variables import FACT_FIELDS, FACTS

_LOOP_FIELDS = frozenset({"index", "index0", "first", "last", "length", "revindex"})
_NO_FILTER = re.compile(r"No filter named '([^']*)'")


@dataclass(frozen=True, slots=True)
class TemplateProblem:
    """One thing that is wrong.

    Attributes:
        line: counted from 1.
        message: what is wrong, naming the variable.
        cure: what to write instead.
    """

    line: int
    message: str
    cure: str

    def __str__(self) -> str:
        return f"Line {self.line}: {self.message} {self.cure}".rstrip()


def check_template(text: str, known_variables: Collection[str]) -> list[TemplateProblem]:
    """Return every problem; an empty list means that the template will render.

    Args:
        text: the template.
        known_variables: dotted names such as `alert.priority`, and `facts`.
    """
    try:
        compile_template(text)
        tree = ENVIRONMENT.parse(text)
    except TemplateSyntaxError as error:
        return [describe_syntax_error(error)]
    return sorted(
        set(_Checker(tree, frozenset(known_variables)).problems()),
        key=lambda problem: (problem.line, problem.message),
    )


def describe_syntax_error(error: TemplateSyntaxError) -> TemplateProblem:
    """Return a syntax error in words a person can use."""
    if isinstance(error, RefusedError):
        return TemplateProblem(error.lineno, error.message or "", error.cure)
    message = error.message or "It cannot be read."
    unknown = _NO_FILTER.search(message)
    if unknown:
        return TemplateProblem(
            error.lineno,
            f"There is no filter {unknown.group(1)}.",
            _suggest(unknown.group(1), FILTERS, "Filters are"),
        )
    return TemplateProblem(
        error.lineno,
        f"{message[0].upper()}{message[1:].rstrip('.')}.",
        "Every {{ needs a }}, every {% if %} an {% endif %}.",
    )


class _Checker:
    """Walks one template's tree."""

    def __init__(self, tree: nodes.Template, known: frozenset[str]) -> None:
        self._tree = tree
        self._known = known
        self._groups = {name.partition(".")[0] for name in known if "." in name}
        self._local, self._fact_names = self._local_names()

    def problems(self) -> Iterator[TemplateProblem]:
        inside = set()  # names that are the beginning of a dotted one, already judged with it
        for node in walk(self._tree):
            if isinstance(node, nodes.Getattr | nodes.Getitem) and isinstance(node.node, nodes.Name):
                inside.add(id(node.node))
                member = _member(node)
                yield from self._judge_member(node.node.name, member, node.lineno)
            elif isinstance(node, nodes.Name) and node.ctx == "load" and id(node) not in inside:
                yield from self._judge_name(node.name, node.lineno)

    def _local_names(self) -> tuple[set[str], set[str]]:
        local, facts = {"loop"}, set()
        for node in walk(self._tree):
            if isinstance(node, nodes.Name) and node.ctx == "store":
                local.add(node.name)
            if (
                isinstance(node, nodes.For)
                and isinstance(node.target, nodes.Name)
                and _loops_over_facts(node.iter)
            ):
                facts.add(node.target.name)
        return local, facts

    def _judge_member(self, group: str, member: str | None, line: int) -> Iterator[TemplateProblem]:
        if group == "loop":
            if member not in _LOOP_FIELDS:
                yield TemplateProblem(
                    line, f"loop.{member} does not exist.", _suggest(f"{member}", _LOOP_FIELDS, "There is")
                )
        elif group in self._fact_names:
            if member not in FACT_FIELDS:
                yield TemplateProblem(
                    line, f"{group}.{member} does not exist.", f"A fact has {group}.label and {group}.value."
                )
        elif group in self._local:
            return
        elif group == FACTS:
            if isinstance(member, str):
                yield TemplateProblem(
                    line,
                    f"facts.{member} does not exist.",
                    "Write {% for fact in facts %}{{ fact.label }}: {{ fact.value }}{% endfor %}.",
                )
        elif member is None:
            yield TemplateProblem(
                line, f"{group}[...] does not exist.", f"Write {group}. and the field's name."
            )
        elif f"{group}.{member}" not in self._known:
            yield self._unknown(f"{group}.{member}", line)

    def _judge_name(self, name: str, line: int) -> Iterator[TemplateProblem]:
        if name in self._local or name in self._known:
            return
        if name in self._groups:
            members = ", ".join(sorted(v for v in self._known if v.startswith(f"{name}.")))
            yield TemplateProblem(
                line, f"{name} is a group and cannot be printed.", f"Use one of: {members}."
            )
            return
        yield self._unknown(name, line)

    def _unknown(self, name: str, line: int) -> TemplateProblem:
        if name.startswith("ticket.") and "ticket.number" not in self._known:
            return TemplateProblem(
                line,
                f"There is no variable {name} here.",
                "ticket.number exists in the first note only: before, there is no number.",
            )
        group = name.partition(".")[0]
        siblings = [known for known in self._known if known.startswith(f"{group}.")]
        introduction = f"In {group} there are" if siblings else "Variables are"
        return TemplateProblem(
            line, f"There is no variable {name}.", _suggest(name, siblings or self._known, introduction)
        )


def _member(node: nodes.Getattr | nodes.Getitem) -> str | None:
    if isinstance(node, nodes.Getattr):
        return node.attr
    return node.arg.value if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str) else None


def _loops_over_facts(node: nodes.Node) -> bool:
    """True for `facts`, also behind the counting filter and slices."""
    while isinstance(node, nodes.Filter | nodes.Getitem):
        if node.node is None:
            return False
        node = node.node
    return isinstance(node, nodes.Name) and node.name == FACTS


def _suggest(name: str, known: Collection[str], introduction: str) -> str:
    listed = f"{introduction}: {', '.join(sorted(known))}."
    tail = name.rpartition(".")[2]
    close = [candidate for candidate in sorted(known) if candidate.rpartition(".")[2] == tail][:1]
    close = close or get_close_matches(name, sorted(known), n=1, cutoff=0.5)
    return f"Did you mean {close[0]}? {listed}" if close else listed
