"""Which devices a run is about, and what it does to their items that opens reviews again."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from integration.models import SyncRunEntry
from integration.sync.recorder import RunRecorder
from mappings.models import DeviceLink, DeviceReview
from mappings.services.devices.review_facts import living_links
from mappings.services.devices.review_writes import OPERATION

Cause = DeviceReview.Cause


def links_of(recorder: RunRecorder | None) -> QuerySet[DeviceLink]:
    """Return the links a run is about: all, or for a run of a few devices only theirs."""
    links = living_links()
    if recorder is None or recorder.run.is_whole:
        return links
    uids = recorder.run.scope.get("device_uids")
    if uids:
        return links.filter(device__datto_device_uid__in=uids)
    entries = SyncRunEntry.objects.filter(run=recorder.run).exclude(operation="")
    item_ids = {payload.get("configuration_item_id") for payload in entries.values_list("payload", flat=True)}
    known = [item_id for item_id in item_ids if isinstance(item_id, int)]
    return links.filter(configuration_item__autotask_configuration_item_id__in=known)


def changes_of(recorder: RunRecorder | None) -> dict[int, tuple[datetime, Cause]]:
    """Return {Autotask id of an item: (when, cause)} of what this run does to items that opens their reviews again."""
    if recorder is None:
        return {}
    recorder.flush()
    found: dict[int, tuple[datetime, Cause]] = {}
    rows = (
        SyncRunEntry.objects.filter(
            run=recorder.run,
            operation=OPERATION,
            status__in=[
                SyncRunEntry.Status.PLANNED,
                SyncRunEntry.Status.APPLYING,
                SyncRunEntry.Status.DONE,
            ],
        )
        .order_by("pk")
        .values_list("payload", "before", "after", "created_at")
    )
    for payload, before, after, created_at in rows.iterator(chunk_size=2000):
        if after.get("is_active") is True:
            cause = Cause.RETURNED
        elif "autotask_type_id" in after and before.get("autotask_type_id") is not None:
            cause = Cause.RETYPED
        else:
            continue
        found[payload.get("configuration_item_id", 0)] = (created_at, cause)
    return found
