"""The small, bounded template language of ticket texts: Jinja's syntax, a list of what is let in. Pure.

Templates are written by administrators and rendered with text from strangers (diagnostics, host names). So
only listed constructs and filters exist, nothing can be called, and loops, lengths and numbers are bounded:
a template can go wrong, but it cannot hang or fill a worker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, Final, cast

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, Undefined, nodes
from jinja2.exceptions import TemplateRuntimeError
from jinja2.sandbox import ImmutableSandboxedEnvironment

MAX_SOURCE: Final = 20_000
MAX_TEXT: Final = 200_000
MAX_LOOPS: Final = 2_000
MAX_WORK: Final = 20_000_000
_MAX_NUMBER: Final = 10**15
_MAX_INDENT: Final = 40

_ALLOWED: Final = frozenset(
    {
        "Template", "Output", "TemplateData", "Name", "Const", "Getattr", "Getitem", "Filter", "Test", "If", "For",
        "Assign", "CondExpr", "Compare", "Operand", "And", "Or", "Not", "Neg", "Pos", "Add", "Sub", "Mul", "Div",
        "FloorDiv", "Mod", "Concat", "Slice", "List", "Tuple", "Keyword",
    }
)  # fmt: skip
_REFUSALS: Final = {
    "Call": (
        "Calls such as name(...) are not available.",
        "Use a filter instead, such as {{ alert.summary | upper }}.",
    ),
    "Pow": ("The operator ** is not available.", "Write the number out."),
    "Dict": ("Dictionaries are not available.", "Use {% if %} and {% elif %} instead."),
}

#: Loop rounds and characters left for the rendering that runs now.
_budget: ContextVar[SimpleNamespace | None] = ContextVar("template_budget", default=None)


class LimitExceededError(TemplateRuntimeError):
    """The template asked for more than the language gives."""


class RefusedError(TemplateSyntaxError):
    """The template uses a construct that is not let in; `cure` says what to do instead."""

    def __init__(self, message: str, lineno: int, cure: str) -> None:
        super().__init__(message, lineno)
        self.cure = cure


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    """Jinja's sandbox with the bounds of this module."""

    intercepted_binops = frozenset({"+", "*", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Compute +, * and %, which could grow without bound or format text."""
        if operator == "+":
            if isinstance(left, str) and isinstance(right, str):
                return _bounded(len(left) + len(right), lambda: left + right)
            return _number(_as_number(left, operator) + _as_number(right, operator))
        left, right = _as_number(left, operator), _as_number(right, operator)
        return _number(left * right if operator == "*" else left % right)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        refuse_constructs(tree)
        return _with_bounds(tree)


def refuse_constructs(tree: nodes.Template) -> None:
    """Raise for the first construct that is not let in.

    Raises:
        RefusedError: with the line and the cure.
    """
    for node in walk(tree):
        kind = type(node).__name__
        if kind not in _ALLOWED:
            message, cure = _REFUSALS.get(
                kind,
                (
                    f"The construct {kind.lower()!r} is not available.",
                    "Use variables, filters, if, for and set.",
                ),
            )
            raise RefusedError(message, node.lineno, cure)
        if isinstance(node, nodes.For) and node.recursive:
            raise RefusedError("Recursive loops are not available.", node.lineno, "Use a plain {% for %}.")
        if isinstance(node, nodes.Assign) and not isinstance(node.target, nodes.Name):
            raise RefusedError("Only one plain name can be set.", node.lineno, "Write {% set name = ... %}.")
        if isinstance(node, nodes.List) and not all(isinstance(item, nodes.Const) for item in node.items):
            raise RefusedError(
                "Lists may hold fixed values only.", node.lineno, 'Write for example ["High", "Critical"].'
            )
        if (
            isinstance(node, nodes.Tuple)
            and node.ctx == "load"
            and not all(isinstance(item, nodes.Const) for item in node.items)
        ):
            raise RefusedError("Commas make a list here.", node.lineno, "Print one value in each {{ }}.")


def walk(node: nodes.Node) -> Iterator[nodes.Node]:
    """Yield a node and all below it, outermost first."""
    yield node
    for child in node.iter_child_nodes():
        yield from walk(child)


def _with_bounds(tree: nodes.Template) -> nodes.Template:
    """Send every loop and every ~ through a counting filter."""
    for node in walk(tree):
        if isinstance(node, nodes.For):
            node.iter = _filtered(node.iter, "_counted", [])
    _replace_concat(tree)
    return tree


def _replace_concat(node: nodes.Node) -> None:
    for name in node.fields:
        value = getattr(node, name)
        if isinstance(value, nodes.Node):
            _replace_concat(value)
            setattr(node, name, _joined(value))
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, nodes.Node):
                    _replace_concat(item)
            setattr(node, name, [_joined(item) for item in value])


def _joined(value: Any) -> Any:
    if not isinstance(value, nodes.Concat):
        return value
    return _filtered(value.nodes[0], "_concat", list(value.nodes[1:]))


def _filtered(node: nodes.Node, name: str, args: list[nodes.Expr]) -> nodes.Filter:
    # Jinja's nodes are loosely typed: a loop's source is declared a Node and is always an expression.
    return nodes.Filter(cast("nodes.Expr", node), name, args, [], None, None, lineno=node.lineno)


def start_budget() -> None:
    """Give the rendering that begins now its rounds and characters."""
    _budget.set(SimpleNamespace(loops=MAX_LOOPS, work=MAX_WORK))


def _charge(characters: int) -> None:
    budget = _budget.get()
    if budget is None:  # constants folded while compiling
        return
    budget.work -= characters + 1
    if budget.work < 0:
        raise LimitExceededError("The template does too much work.")


def _bounded(length: int, make: Callable[[], str]) -> str:
    if length > MAX_TEXT:
        raise LimitExceededError(
            f"A text would have {length:,} characters; at most {MAX_TEXT:,} are allowed."
        )
    _charge(length)
    return make()


def _as_number(value: Any, operator: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        hint = " Use ~ to join texts." if operator == "+" else ""
        raise TemplateRuntimeError(f"{operator} works on numbers only.{hint}")
    return value


def _number(value: float) -> float:
    if abs(value) > _MAX_NUMBER:
        raise LimitExceededError("A number grows too large.")
    return value


def to_text(value: Any) -> str:
    """Return a printed value; None is empty.

    Raises:
        TemplateRuntimeError: a group or a list, which has no text of its own.
    """
    if value is None:
        return ""
    if isinstance(value, Undefined):
        return str(value)  # raises with the name
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return str(value)
    raise TemplateRuntimeError("A group or list cannot be printed; print one of its fields.")


def _counted(items: Any) -> Iterator[Any]:
    if not isinstance(items, Iterable) or isinstance(items, str):
        raise TemplateRuntimeError("Only a list such as facts can be looped over.")
    for item in items:
        budget = _budget.get()
        if budget is not None:
            budget.loops -= 1
            if budget.loops < 0:
                raise LimitExceededError(f"The loops run more than {MAX_LOOPS:,} times.")
        yield item


def _concat(first: Any, *rest: Any) -> str:
    texts = [to_text(value) for value in (first, *rest)]
    return _bounded(sum(map(len, texts)), lambda: "".join(texts))


def _on_text(change: Callable[[str], str]) -> Callable[[Any], str]:
    def apply(value: Any) -> str:
        text = to_text(value)
        _charge(len(text))
        return change(text)

    return apply


def _default(value: Any, instead: Any = "") -> Any:
    return instead if isinstance(value, Undefined) or value in (None, "") else value


def _replace(value: Any, old: str, new: str) -> str:
    text, old, new = to_text(value), to_text(old), to_text(new)
    if not old:
        raise TemplateRuntimeError("replace needs a text to look for.")
    _charge(len(text))
    return _bounded(len(text) + text.count(old) * max(0, len(new) - len(old)), lambda: text.replace(old, new))


def _truncate(value: Any, length: int = 255, end: str = "...") -> str:
    text, end = to_text(value), to_text(end)
    _charge(len(text))
    limit = max(int(length), len(end))
    return text if len(text) <= limit else text[: limit - len(end)].rstrip() + end


def _lines(value: Any, count: int = 20) -> str:
    text = to_text(value)
    _charge(len(text))
    rows = text.splitlines()
    kept = max(0, int(count))
    more = len(rows) - kept
    return "\n".join(rows[:kept]) + (f"\n... ({more} more lines)" if more > 0 else "")


def _indent(value: Any, width: int = 4) -> str:
    text = to_text(value)
    pad = " " * min(max(0, int(width)), _MAX_INDENT)
    return _bounded(len(text) + text.count("\n") * len(pad), lambda: text.replace("\n", "\n" + pad))


def _join(value: Any, between: str = ", ", attribute: str | None = None) -> str:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TemplateRuntimeError("join works on a list such as facts.")
    between = to_text(between)
    texts = [to_text(getattr(item, str(attribute), "") if attribute else item) for item in value]
    return _bounded(sum(map(len, texts)) + len(between) * len(texts), lambda: between.join(texts))


def _round(value: Any, digits: int = 0) -> float | int:
    number = _number(_as_number(value, "round"))
    places = min(max(int(digits), 0), 9)
    return round(number, places) if places else round(number)


def _int(value: Any, instead: int = 0) -> int:
    try:
        return int(_number(float(to_text(value).strip()[:40])))
    except (ValueError, OverflowError):
        return instead


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "capitalize": _on_text(str.capitalize),
    "default": _default,
    "first_line": _on_text(lambda text: next((row.strip() for row in text.splitlines() if row.strip()), "")),
    "indent": _indent,
    "int": _int,
    "join": _join,
    "length": lambda value: len(value) if isinstance(value, list | str) else len(to_text(value)),
    "lines": _lines,
    "lower": _on_text(str.lower),
    "replace": _replace,
    "round": _round,
    "title": _on_text(str.title),
    "trim": _on_text(str.strip),
    "truncate": _truncate,
    "upper": _on_text(str.upper),
}
_TESTS: Final = (
    "defined",
    "undefined",
    "none",
    "in",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
)


def _make_environment() -> TemplateEnvironment:
    environment = TemplateEnvironment(
        undefined=StrictUndefined,
        autoescape=False,  # ticket texts are plain text, never HTML
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=to_text,
    )
    environment.globals.clear()
    environment.filters.clear()
    environment.filters.update(FILTERS, _counted=_counted, _concat=_concat)
    kept = {name: environment.tests[name] for name in _TESTS}
    environment.tests.clear()
    environment.tests.update(kept)
    return environment


ENVIRONMENT: Final = _make_environment()


@lru_cache(maxsize=256)
def compile_template(source: str) -> Template:
    """Return the compiled template.

    Raises:
        TemplateSyntaxError: with the line; `RefusedError` for a construct that is not let in.
    """
    if len(source) > MAX_SOURCE:
        raise RefusedError(
            f"The template has {len(source):,} characters.", 1, f"Keep it below {MAX_SOURCE:,}."
        )
    try:
        return ENVIRONMENT.from_string(source)
    except (RecursionError, SyntaxError, MemoryError) as error:  # what Python says of too many levels
        raise RefusedError(
            "The template is nested too deeply.", 1, "Use fewer levels of if, for and brackets."
        ) from error
