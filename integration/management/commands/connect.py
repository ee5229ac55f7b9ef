"""`manage.py connect`: headless set-up from the environment, or of the sandbox with --demo."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError, CommandParser
from kombu.exceptions import OperationalError

from integration import demo
from integration.clients import drop_clients
from integration.connections import (
    FIELDS,
    ConnectionInvalid,
    Saved,
    enable,
    get_connection,
    save_connection,
)
from integration.management.output import check_line, checks_json, to_json
from integration.models import PreflightCheck, SyncRun
from integration.preflight import has_failed, run_preflight
from integration.preflight_checks import Outcome
from integration.registries import run_demo_steps
from integration.sync import runs
from integration.sync.kinds import list_kinds
from integration.tasks import execute_run
from integration.tasks import run_preflight as run_preflight_task

#: What everything else stands on; run first.
_FIRST_KINDS = ("reference", "sites")
#: Started by workers as soon as they run, so that nobody waits for the first tick of the schedule.
_NEXT_KINDS = ("alerts",)
#: Of the demo besides: with real vendors the schedule starts them, once a person has confirmed sites.
_DEMO_KINDS = ("devices",)
#: Read before the demo's own rules are made, which name what they hold.
_DEMO_FIRST_KINDS = ("contracts",)
_STARTING_SECONDS = 25


class Command(BaseCommand):
    """Saves credentials, checks them, switches the integration on and starts the first syncs."""

    help = "Connect to both vendors with the credentials in the environment; --demo connects to the sandbox."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add --demo and --json."""
        parser.add_argument(
            "--demo", action="store_true", help="connect to the sandbox at SANDBOX_URL and set it up"
        )
        parser.add_argument(
            "--no-devices",
            action="store_true",
            help="with --demo: leave contracts and devices to the schedule",
        )
        parser.add_argument("--json", action="store_true", help="print the outcome as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it step by step; exit 1 when a required check fails."""
        del args
        self._quiet = bool(options["json"])
        saved = self._save_demo() if options["demo"] else self._save_environment()
        for warning in saved.warnings:
            self._say(f"warn  {warning}")
        drop_clients()
        outcomes = run_preflight(install_webhook=True)
        self._show_checks(outcomes)
        if has_failed(outcomes):
            self._end(saved, outcomes, connected=False, steps=[])
            sys.exit(1)
        enable(get_connection())
        steps = (
            self._set_up_demo(with_devices=not options["no_devices"])
            if options["demo"]
            else self._queue_syncs([*_FIRST_KINDS, *_NEXT_KINDS])
        )
        self._check_again_later(outcomes)
        for step in steps:
            self._say(step)
        self._end(saved, outcomes, connected=True, steps=steps)

    def _check_again_later(self, outcomes: list[Outcome]) -> None:
        """Look again once workers and scheduler have had time to start, so that no stale warning stays."""
        if all(
            one.status == PreflightCheck.Status.PASS
            for one in outcomes
            if one.name in {"workers", "scheduler"}
        ):
            return
        with suppress(OperationalError):
            run_preflight_task.apply_async(countdown=_STARTING_SECONDS, queue="alerts")

    def _save_environment(self) -> Saved:
        values, missing = {}, []
        for name, (key, title, where) in FIELDS.items():
            text = _read(key)
            if text:
                values[name] = text
            elif name != "autotask_zone_url":  # has a default that fits nearly everybody
                missing.append(f"  {key}  {title}. {where}")
        if missing:
            raise CommandError("These are not set in the environment:\n" + "\n".join(missing))
        values.setdefault("autotask_zone_url", "")
        return self._save(values, is_demo=False)

    def _save_demo(self) -> Saved:
        try:
            return self._save(demo.credentials(), is_demo=True)
        except demo.SandboxUnavailable as error:
            raise CommandError(str(error)) from None

    def _save(self, values: dict[str, str], *, is_demo: bool) -> Saved:
        try:
            return save_connection(values, is_demo=is_demo)
        except ConnectionInvalid as error:
            lines = [f"  {FIELDS[name][0]}: {text}" for name, text in error.errors.items()]
            raise CommandError("These cannot be used:\n" + "\n".join(lines)) from None

    def _queue_syncs(self, kinds: Collection[str]) -> list[str]:
        lines = []
        for kind in list_kinds():
            if kind.name not in kinds:
                continue
            run, is_new = runs.queue_run(kind=kind.name, trigger=SyncRun.Trigger.COMMAND)
            sent = True
            if is_new:
                try:
                    execute_run.apply_async(args=(run.pk,), queue=kind.queue)
                except Exception:  # noqa: BLE001 - whatever the broker's trouble is: the row is there, a sweep sends it again
                    sent = False
            lines.append(
                f"First sync: {kind.title} is queued as run {run.pk}{'' if sent else '; workers find it once Redis answers'}."
            )
        return lines

    def _set_up_demo(self, *, with_devices: bool) -> list[str]:
        lines = []
        first = (*_FIRST_KINDS, *(_DEMO_FIRST_KINDS if with_devices else ()))
        for kind in list_kinds():
            if kind.name in first:
                run, is_new = runs.queue_run(kind=kind.name, trigger=SyncRun.Trigger.COMMAND)
                done = runs.execute_run(run.pk) if is_new else None
                lines.append(
                    f"First sync: {kind.title}: {done.get_status_display().lower() if done else 'is at work'}."
                )
        if "map_sites" in get_commands():
            with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
                call_command("map_sites", accept_native=True, accept_exact=True, stdout=nowhere)
            lines.append("Sites: proposals that are certain were accepted.")
        lines += run_demo_steps()
        lines += self._queue_syncs([*_NEXT_KINDS, *(_DEMO_KINDS if with_devices else ())])
        try:
            demo.register_webhook()
            lines.append("Sandbox: alerts raised there are sent here at once.")
        except demo.SandboxUnavailable as error:
            lines.append(f"Sandbox: {error} Alerts are polled.")
        return lines

    def _say(self, text: str) -> None:
        if not self._quiet:
            self.stdout.write(text)

    def _show_checks(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            self._say(check_line(outcome))

    def _end(self, saved: Saved, outcomes: list[Outcome], *, connected: bool, steps: list[str]) -> None:
        if self._quiet:
            answer = {
                "connected": connected,
                "warnings": list(saved.warnings),
                "checks": checks_json(outcomes),
                "steps": steps,
            }
            self.stdout.write(to_json(answer))
        else:
            self._say(
                "Connected." if connected else "Not connected: solve what is marked FAIL and run this again."
            )


def _read(key: str) -> str:
    """Return a value of the environment, or of the file named by KEY_FILE as container platforms mount secrets."""
    file_name = os.environ.get(f"{key}_FILE", "").strip()
    if file_name:
        try:
            return Path(file_name).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise CommandError(f"{key}_FILE: cannot read {file_name}: {error.strerror}.") from None
    return os.environ.get(key, "").strip()
