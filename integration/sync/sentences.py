"""A run in one sentence, as lists and pages show it."""

from __future__ import annotations

from integration.models import SyncRun
from integration.sync.kinds import list_kinds


def run_sentence(run: SyncRun) -> str:
    """Return e.g. "Devices, by schedule, 12,004 looked at, 31 changed, 2 failed, 76 calls, 48 s"."""
    parts = [kind_title(run.kind), _trigger(run)]
    if run.dry_run:
        parts.append("preview")
    if run.status == SyncRun.Status.QUEUED:
        return ", ".join([*parts, "waiting for a worker"])
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


def _trigger(run: SyncRun) -> str:
    if run.trigger == SyncRun.Trigger.SCHEDULE:
        return "by schedule"
    if run.trigger == SyncRun.Trigger.COMMAND:
        return "by command"
    if run.trigger == SyncRun.Trigger.EVENT:
        return "by an event"
    return f"by {run.user.get_username()}" if run.user else "by a person"
