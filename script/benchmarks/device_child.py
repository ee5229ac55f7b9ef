"""What the device benchmarks do inside the product's own process; prints one line of JSON.

python -m script.benchmarks.device_child prepare     map every site, create a few field mappings
python -m script.benchmarks.device_child sync        one device run
python -m script.benchmarks.device_child settle      let the last changes be an hour old
python -m script.benchmarks.device_child linked      how many of the devices named on standard input have their item
python -m script.benchmarks.device_child proposals   forget all mappings and propose them anew
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

# ruff: noqa: E402 - Django must be set up before its models are imported

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration.settings")

import django

django.setup()

from django.db.models import Count
from django.utils import timezone

from integration.models import SyncRun, VendorCall
from integration.sync import runs
from integration.sync.recorder import QuietRecorder, RunRecorder
from mappings.models import Company, Device, DeviceLink, MirrorState, Site, SiteMapping
from mappings.services.decisions import choose_company
from mappings.services.devices.mirrors import ITEMS
from mappings.services.devices.type_defaults import ensure_usable_rules
from mappings.services.devices.udf_operations import CREATE_FIELD_MAP
from mappings.services.devices.udf_set import plan_standard_set, queue_udf_changes
from mappings.services.mirror import OVERLAP
from mappings.services.upkeep import keep_mappings_true

#: One that the touch of a device changes, one that it changes too but that is written once a day, and one that is still.
_FIELDS = ("memory_gb", "last_user", "operating_system")
_KIB = 1024


def _peak_mb() -> float:
    """Return the most memory this process ever held, in MB (10^6 bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * _KIB / 1e6


def prepare() -> dict[str, Any]:
    """Map every site that is no system site, and create the mappings of a few device fields."""
    active = Company.objects.filter(is_active=True, is_missing=False)
    fallback = active.order_by("autotask_company_id").first()
    if fallback is None:
        raise RuntimeError("no active organization is known: sync reference has not run")
    open_mappings = SiteMapping.objects.filter(site__is_system=False, site__is_missing=False).exclude(
        state=SiteMapping.State.CONFIRMED
    )
    for mapping in open_mappings.select_related("site"):
        best = [one["company_id"] for one in mapping.candidates]
        company = active.filter(autotask_company_id__in=best).first() or fallback
        choose_company(mapping, company, None)
    run = SyncRun.objects.create(kind="reference", trigger=SyncRun.Trigger.COMMAND)
    recorder = RunRecorder(run)
    ensure_usable_rules(recorder)
    SyncRun.objects.filter(pk=run.pk).delete()
    missing = plan_standard_set()
    names = {one.field.udf_name for one in missing.rows if one.field.name in _FIELDS}
    drafts = [
        one
        for one in missing.drafts
        if (one.payload.get("name") or one.payload.get("udf")) in names
        and (one.operation != CREATE_FIELD_MAP or one.object_id in _FIELDS)
    ]
    queued, _is_new = queue_udf_changes(drafts, None, title="Benchmark")
    done = runs.execute_run(queued.pk)
    if done is None or done.status != SyncRun.Status.SUCCEEDED:
        raise RuntimeError(f"field mappings: {done and done.error}")
    return {"sites": Site.objects.count()}


def settle() -> dict[str, Any]:
    """Act as if changes up to now had been read back: the next run reads only later ones."""
    MirrorState.objects.filter(name=ITEMS.name).update(cursor_at=timezone.now() + OVERLAP)
    return {}


def linked() -> dict[str, Any]:
    """Count those that a change can be written for; the others wait for a person, such as where several items fit."""
    uids = sys.stdin.read().split()
    rows = DeviceLink.objects.filter(device__datto_device_uid__in=uids, state=DeviceLink.State.LINKED)
    return {"linked": rows.count()}


def sync() -> dict[str, Any]:
    """Execute one device run; its steps are timed by their names."""
    steps: dict[str, dict[str, float]] = {}
    at = _Mark("")

    def follow(run: SyncRun) -> None:
        nonlocal at
        if run.progress_label != at.label:
            at.add_to(steps)
            at = _Mark(run.progress_label)

    base = _peak_mb()
    whole = _Mark("all")
    run, _is_new = runs.queue_run(kind="devices", trigger=SyncRun.Trigger.COMMAND)
    done = runs.execute_run(run.pk, on_progress=follow)
    at.add_to(steps)
    whole.add_to(steps)
    if done is None or done.status not in {SyncRun.Status.SUCCEEDED, SyncRun.Status.PARTIAL}:
        raise RuntimeError(f"devices: {done and (done.status, done.error)}")
    # Before the calls are counted, which takes memory of its own.
    peak = _peak_mb()
    calls = (
        VendorCall.objects.filter(run=done).values_list("vendor", "method", "path").annotate(n=Count("id"))
    )
    return {
        "steps": steps,
        "devices": Device.objects.count(),
        "created": done.creates,
        "updated": done.updates,
        "failed": done.failures,
        "calls": _grouped(calls),
        "base_mb": base,
        "peak_mb": peak,
    }


class _Mark:
    """When a step began, by the clock and by what this process has computed: other programs slow the first alone."""

    def __init__(self, label: str) -> None:
        self.label = label
        self._seconds, self._cpu_seconds = time.monotonic(), time.process_time()

    def add_to(self, steps: dict[str, dict[str, float]]) -> None:
        """End the step."""
        step = steps.setdefault(self.label, {"seconds": 0.0, "cpu_seconds": 0.0})
        step["seconds"] += time.monotonic() - self._seconds
        step["cpu_seconds"] += time.process_time() - self._cpu_seconds


def _grouped(calls: Any) -> dict[str, int]:
    """Count calls by what they read or write: audits and single objects together, whatever their ids."""
    found: dict[str, int] = {}
    for vendor, method, path, count in calls:
        parts = [part for part in path.split("/") if part and not any(sign.isdigit() for sign in part)]
        name = f"{vendor} {method} {'/'.join(parts[-2:])}"
        found[name] = found.get(name, 0) + count
    return found


def proposals() -> dict[str, Any]:
    """Forget every mapping and propose all of them again, from names, links, addresses and e-mail domains."""
    SiteMapping.objects.all().delete()
    run = SyncRun.objects.create(kind="sites", trigger=SyncRun.Trigger.COMMAND, status=SyncRun.Status.RUNNING)
    recorder = QuietRecorder(RunRecorder(run))
    started, cpu_started = time.monotonic(), time.process_time()
    keep_mappings_true(recorder)
    seconds, cpu_seconds = time.monotonic() - started, time.process_time() - cpu_started
    by_state = dict(SiteMapping.objects.order_by().values_list("state").annotate(n=Count("pk")))
    SyncRun.objects.filter(pk=run.pk).delete()
    return {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "sites": SiteMapping.objects.count(),
        "companies": Company.objects.count(),
        "states": by_state,
    }


_COMMANDS: dict[str, Callable[[], dict[str, Any]]] = {
    "prepare": prepare,
    "settle": settle,
    "linked": linked,
    "sync": sync,
    "proposals": proposals,
}

if __name__ == "__main__":
    sys.stdout.write(json.dumps(_COMMANDS[sys.argv[1]]()) + "\n")
