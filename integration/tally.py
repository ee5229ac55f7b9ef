"""Many small counts in one query: what a page that sums up everything would else ask for one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from django.db.models import Count, F, IntegerField, QuerySet, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast

_COLUMNS: Final = ("tally_what", "tally_key", "tally_number", "tally_other", "tally_text", "tally_more")


class Row(NamedTuple):
    """One line of an answer; what the columns mean is for whoever asked.

    Attributes:
        what: name of the question.
        key: what was counted, such as a kind.
        number: how many, or a row id.
        other: a second number.
        text: words.
        more: more words.
    """

    what: str
    key: str
    number: int
    other: int
    text: str
    more: str


def question(
    what: str,
    rows: QuerySet[Any],
    *,
    group: tuple[str, ...] = (),
    key: Combinable | str = "",
    number: Combinable | int | None = None,
    other: Combinable | int = 0,
    text: Combinable | str = "",
    more: Combinable | str = "",
) -> QuerySet[Any]:
    """Return rows in the common shape, for `ask`; not yet read.

    Args:
        what: name, the same in each row of the answer.
        rows: what is asked about.
        group: fields by which rows are counted together; none gives each row by itself.
        key: of each row; expressions, or the same words for all.
        number: of each row; how many rows, when they are grouped.
        other: of each row.
        text: of each row.
        more: of each row.
    """
    rows = rows.order_by()
    if group:
        rows = rows.values(*group)
    if number is None:
        number = Count("pk") if group else F("pk")
    values = (what, key, number, other, text, more)
    shaped: QuerySet[Any] = rows.annotate(
        **{name: _column(value) for name, value in zip(_COLUMNS, values, strict=True)}
    ).values_list(*_COLUMNS)
    return shaped


def ask(questions: Iterable[QuerySet[Any]]) -> dict[str, list[Row]]:
    """Return the rows of every question by its name; one query."""
    first, *rest = questions
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for values in first.union(*rest, all=True):
        row = Row(*values)
        found[row.what].append(row)
    return found


def _column(value: Combinable | str | int) -> Combinable:
    """Columns of one place must have one type in all questions: PostgreSQL insists."""
    if isinstance(value, str):
        return Cast(Value(value), TextField())
    if isinstance(value, int):
        return Cast(Value(value), IntegerField())
    return value
