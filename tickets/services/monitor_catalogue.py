"""What people do to the catalogue of monitors: note that they looked at one, merge two, try a pattern."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from tickets.domain.searching import compile_search
from tickets.models import Alert, Monitor, MonitorType
from tickets.services.audit import log_done
from tickets.services.monitors import merge_monitors

#: So many of the newest alerts of a type are held against a pattern.
TRIED: Final = 500


def mark_seen(monitor_ids: Iterable[int], user: User) -> int:
    """Note that somebody looked at new monitors; returns how many were new."""
    rows = list(Monitor.objects.filter(pk__in=list(monitor_ids), is_new=True))
    seen = Monitor.objects.filter(pk__in=[row.pk for row in rows], is_new=True).update(
        is_new=False, seen_by=user
    )
    for row in rows:
        log_done(user, row, "Looked at it: no longer new.")
    return seen


def why_not_merge(keep: Monitor, other: Monitor) -> str:
    """Return why two catalogue entries cannot become one, with the cure; empty when they can."""
    if keep.pk == other.pk:
        return "It is the same monitor. Choose another one."
    if keep.typed_key and other.typed_key:
        return (
            f"Both are named in a webhook's body: \u201c{keep.typed_key}\u201d and \u201c{other.typed_key}\u201d. "
            "One entry holds one key: give both webhooks the same monitor_key first, then empty the key here."
        )
    if keep.pattern and other.pattern:
        return "Both have a pattern. Put both into one, such as (this|that), and empty the other first."
    return ""


def merge(keep: Monitor, other: Monitor, user: User) -> str:
    """Make two catalogue entries one; returns why not, empty when it was done."""
    with transaction.atomic():
        rows = {row.pk: row for row in Monitor.objects.select_for_update().filter(pk__in=[keep.pk, other.pk])}
        if len(rows) < len({keep.pk, other.pk}):
            return "One of them is gone already: somebody merged it."
        kept, gone = rows[keep.pk], rows[other.pk]
        refusal = why_not_merge(kept, gone)
        if refusal:
            return refusal
        if gone.pattern:
            pattern, gone.pattern = gone.pattern, ""
            gone.save(update_fields=["pattern"])
            kept.pattern = pattern
            kept.save(update_fields=["pattern"])
        if gone.name and not kept.name:
            kept.name = gone.name
        merge_monitors(kept, gone)
        log_done(user, kept, f"Merged monitor \u201c{gone}\u201d into it.")
    return ""


def count_fitting(pattern: str, monitor_type: MonitorType) -> tuple[int, int]:
    """Return how many of a type's newest alerts a pattern fits, and how many were looked at. One query.

    Raises:
        BadPattern: the pattern cannot be used.
    """
    compiled = compile_search(pattern)
    rows = Alert.objects.filter(Q(monitor_type=monitor_type)).order_by("-id")
    texts = list(rows.values_list("diagnostics", "summary")[:TRIED])
    fitting = sum(1 for diagnostics, summary in texts if compiled.is_in(diagnostics or summary))
    return fitting, len(texts)
