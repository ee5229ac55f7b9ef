"""`manage.py sync KIND`: run a synchronisation in the foreground."""

from __future__ import annotations

import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integration.clients import NotConnected
from integration.connections import get_connection
from integration.management.output import Progress, to_json
from integration.models import SyncRun
from integration.sync import runs
from integration.sync.kinds import SyncKind, get_kind, list_kinds

_COUNTS = ("create", "update", "deactivate", "unchanged", "failed")
_WAIT_SECONDS = 0.5


class Command(BaseCommand):
    """Runs one kind, or all of them in order; exit 1 when a run failed."""

    help = "Read from the vendors and bring our data up to date, in the foreground."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add KIND, --dry-run and --json."""
        parser.add_argument(
            "kind", metavar="KIND", help=f"{', '.join(kind.name for kind in list_kinds())}, or all"
        )
        parser.add_argument("--dry-run", action="store_true", help="show what would change, write nothing")
        parser.add_argument("--json", action="store_true", help="print the outcome as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run, print, and end with the outcome as exit status."""
        del args
        try:
            kinds = (
                [kind for kind in list_kinds() if not kind.is_on_demand]
                if options["kind"] == "all"
                else [get_kind(options["kind"])]
            )
        except LookupError as error:
            raise CommandError(str(error)) from None
        if not get_connection().is_enabled:
            raise CommandError(
                "Nothing is connected, or the integration is switched off. Run `manage.py connect` first, or switch "
                "it on under Settings > Connection."
            )
        done = [self._run(kind, dry_run=options["dry_run"]) for kind in kinds]
        if options["kind"] == "all":
            summary = _summarize(done, dry_run=options["dry_run"])
        else:
            summary = _describe(done[0])
        if options["json"]:
            self.stdout.write(to_json(summary))
        else:
            for run in done:
                self.stdout.write(_line(run))
        if any(run.status not in _GOOD for run in done):
            sys.exit(1)

    def _run(self, kind: SyncKind, *, dry_run: bool) -> SyncRun:
        run, _is_new = runs.queue_run(kind=kind.name, trigger=SyncRun.Trigger.COMMAND, dry_run=dry_run)
        progress = Progress()
        try:
            # One that only waits for a worker, such as the first sync of `connect`, is done here: there may be none.
            done = self._work_on(run, progress)
        except NotConnected as error:
            raise CommandError(f"{error} {error.remedy}") from None
        finally:
            progress.end()
        if kind.finish is not None and not dry_run:
            kind.finish()
        return done

    def _work_on(self, run: SyncRun, progress: Progress) -> SyncRun:
        """Execute the run to its end, also while it waits for a budget or for another run of its kind."""
        told = False
        while True:
            done = runs.execute_run(run.pk, on_progress=progress)
            if done is not None and not done.is_live:
                return done
            run.refresh_from_db()
            if not run.is_live:
                return run
            if not told:
                why = run.progress_label if done is not None else "another run of its kind is at work"
                self.stderr.write(f"{run.kind}: run {run.pk} waits ({why}).")
                told = True
            runs.fail_stale_runs()
            time.sleep(_WAIT_SECONDS)


_GOOD = {SyncRun.Status.SUCCEEDED, SyncRun.Status.PARTIAL}


def _describe(run: SyncRun) -> dict[str, Any]:
    described: dict[str, Any] = {
        "run": run.pk,
        "kind": run.kind,
        "status": run.status,
        "dry_run": run.dry_run,
        "counts": dict(
            zip(
                _COUNTS,
                (run.creates, run.updates, run.deactivations, run.unchanged, run.failures),
                strict=True,
            )
        ),
        "vendor_calls": {"datto_rmm": run.datto_calls, "autotask": run.autotask_calls},
        "seconds": round(run.seconds or 0.0, 3),
    }
    if run.error:
        described |= {"error": run.error, "remedy": run.remedy}
    return described


def _summarize(done: list[SyncRun], *, dry_run: bool) -> dict[str, Any]:
    each = [_describe(run) for run in done]
    worst = next((one["status"] for one in each if one["status"] not in _GOOD), None)
    if worst is None:
        worst = next(
            (one["status"] for one in each if one["status"] != SyncRun.Status.SUCCEEDED), "succeeded"
        )
    return {
        "kind": "all",
        "status": worst,
        "dry_run": dry_run,
        "counts": {name: sum(one["counts"][name] for one in each) for name in _COUNTS},
        "vendor_calls": {
            vendor: sum(one["vendor_calls"][vendor] for one in each) for vendor in ("datto_rmm", "autotask")
        },
        "seconds": round(sum(one["seconds"] for one in each), 3),
        "runs": each,
    }


def _line(run: SyncRun) -> str:
    looked_at = run.creates + run.updates + run.deactivations + run.unchanged + run.failures
    text = (
        f"{run.kind}: {run.get_status_display().lower()}; {looked_at:,} looked at, {run.creates:,} new, "
        f"{run.updates:,} changed, {run.deactivations:,} gone, {run.failures:,} failed; "
        f"{run.datto_calls + run.autotask_calls:,} calls, {run.seconds or 0:.1f} s"
    )
    if run.dry_run:
        text += " (dry run: nothing was written)"
    return f"{text}\n  {run.error}\n  -> {run.remedy}" if run.error else text
