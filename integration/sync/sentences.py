"""A run in one sentence, as lists and pages show it."""

from __future__ import annotations

from datetime import datetime

from integration.models import SyncRun
from integration.sync.kinds import list_kinds


def run_sentence(run: SyncRun) -> str:
    """Return e.g. "Devices, by schedule, 12,004 looked at, 31 changed, 2 failed, 76 calls, 48 s"."""
    parts = [_title(run), _trigger(run)]
    if run.dry_run:
        parts.append("preview")
    if run.status == SyncRun.Status.QUEUED:
        return ", ".join(
            [*parts, run.progress_label[:1].lower() + run.progress_label[1:] or "waiting for a worker"]
        )
    changed = run.creates + run.updates + run.deactivations
    looked_at = changed + run.unchanged + run.failures
    parts.append(f"{looked_at:,} looked at")
    if changed:
        parts.append(f"{changed:,} would change" if run.dry_run else f"{changed:,} changed")
    if run.failures:
        parts.append(f"{run.failures:,} failed")
    if run.status == SyncRun.Status.RUNNING:
        return ", ".join([*parts, "at work"])
    calls = run.datto_calls + run.autotask_calls
    parts.append(f"{calls:,} call{'' if calls == 1 else 's'}")
    seconds = run.seconds
    if seconds is not None:
        parts.append(f"{seconds:.1f} s" if seconds < 10 else f"{seconds:,.0f} s")  # noqa: PLR2004 - tenths of short runs matter
    return ", ".join(parts)


def kind_title(name: str) -> str:
    """Return a kind's title, its bare name when it is no longer known."""
    return next((kind.title for kind in list_kinds() if kind.name == name), name.capitalize())


def remaining_words(run: SyncRun, now: datetime) -> str:
    """Return how long the present step will take at its pace so far, "" while that would be a guess."""
    if run.status != SyncRun.Status.RUNNING or run.step_started_at is None or not run.progress_total:
        return ""
    spent = (now - run.step_started_at).total_seconds()
    share = run.progress_done / run.progress_total
    if spent < _GUESS_SECONDS or share < _GUESS_SHARE:
        return ""
    seconds = spent / share - spent
    minutes = seconds / 60
    if minutes < 1:
        return "less than a minute left at this pace"
    if minutes < _LONG_MINUTES:
        return f"about {round(minutes)} min left at this pace"
    return f"about {minutes / 60:.1f} h left at this pace"


_LONG_MINUTES = 90
_GUESS_SECONDS, _GUESS_SHARE = 4, 0.02


def _title(run: SyncRun) -> str:
    title = kind_title(run.kind)
    if run.scope.get("title"):
        return f"{title}: {run.scope['title']}"
    if run.mode == SyncRun.Mode.UNDO:
        return f"{title}: undo of run {run.source_id}"
    if run.mode == SyncRun.Mode.APPLY:
        return f"{title}: chosen changes of run {run.source_id}"
    uids = run.scope.get("device_uids", [])
    return f"{title}: {len(uids)} chosen" if uids else title


def _trigger(run: SyncRun) -> str:
    if run.trigger == SyncRun.Trigger.SCHEDULE:
        return "by schedule"
    if run.trigger == SyncRun.Trigger.COMMAND:
        return "by command"
    if run.trigger == SyncRun.Trigger.EVENT:
        return "by an event"
    return f"by {run.user.get_username()}" if run.user else "by a person"
