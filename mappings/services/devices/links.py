"""A person's word on which configuration item a device stands for: local rows only, kept in the history, undoable.

A link that rests on a person stays until a person changes it. "None" is such a word too: a device whose link rests on
a person and points nowhere is left out by every run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from integration.models import SyncRun, SyncRunEntry
from integration.sync.operations import Applied, Draft, Superseded, Work
from mappings.models import ConfigurationItem, Device, DeviceLink
from mappings.services.devices.another_machine import forget
from mappings.services.devices.item_writes import get_device, release

OPERATION = "set_link"
State, Basis = DeviceLink.State, DeviceLink.Basis


class LinkRefused(ValueError):  # noqa: N818 - not a fault: the text tells a person why and what to do
    """A link that cannot be; the text names device, item and the cure."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants of one device: its item, or none at all, or that it is looked for again."""

    device: Device
    item: ConfigurationItem | None = None
    is_left_out: bool = False
    reason: str = ""


def set_links(wishes: Iterable[Wish], user: User | None, *, title: str) -> SyncRun:
    """Set links at once and return the run that stands for it in the history; nothing is sent to a vendor.

    Args:
        wishes: one per device.
        user: who decided.
        title: what was done, for the history.

    Raises:
        LinkRefused: one of them cannot be; none was set.
    """
    now = timezone.now()
    with transaction.atomic():
        run = SyncRun.objects.create(
            kind="devices",
            mode=SyncRun.Mode.APPLY,
            phase=SyncRun.Phase.APPLY,
            is_whole=False,
            trigger=SyncRun.Trigger.PERSON,
            user=user,
            scope={"title": title},
            status=SyncRun.Status.SUCCEEDED,
            started_at=now,
            finished_at=now,
        )
        entries = [_set(run, wish) for wish in wishes]
        SyncRunEntry.objects.bulk_create(entries, batch_size=200)
        run.updates = len(entries)
        run.save(update_fields=["updates"])
    return run


def _set(run: SyncRun, wish: Wish) -> SyncRunEntry:
    device, item = wish.device, wish.item
    link = DeviceLink.objects.filter(device=device).select_related("configuration_item").first()
    before = _snapshot(link)
    if item is not None:
        _require_free(device, item)
        after = {"configuration_item": item.autotask_configuration_item_id, "basis": Basis.PERSON.value}
    else:
        basis = Basis.PERSON if wish.is_left_out else Basis.NONE
        after = {"configuration_item": None, "basis": basis.value}
    _store(device, item, str(after["basis"]), wish.reason)
    if item is not None or not wish.is_left_out:
        # The later word counts: it is this one after all, or it shall be looked for anew.
        forget([device], item)
    return SyncRunEntry(
        run=run,
        action=SyncRunEntry.Action.UPDATE,
        status=SyncRunEntry.Status.DONE,
        operation=OPERATION,
        object_type="device",
        object_id=device.datto_device_uid,
        label=str(device)[:255],
        before=before,
        after=after,
        payload={"device_uid": device.datto_device_uid},
        message=wish.reason,
    )


def _require_free(device: Device, item: ConfigurationItem) -> None:
    if device.is_deleted:
        raise LinkRefused(f"{device} is deleted in Datto RMM; choose a device that is there.")
    if item.is_missing:
        raise LinkRefused(f"Autotask no longer returns {item}; choose another configuration item.")
    other = (
        DeviceLink.objects.filter(configuration_item=item, device__is_deleted=False)
        .exclude(device=device)
        .select_related("device")
        .first()
    )
    if other is not None:
        raise LinkRefused(f"{item} is linked to {other.device}. Unlink it there first.")


def _snapshot(link: DeviceLink | None) -> dict[str, Any]:
    if link is None:
        return {"configuration_item": None, "basis": Basis.NONE.value}
    item = link.configuration_item
    return {
        "configuration_item": item.autotask_configuration_item_id if item is not None else None,
        "basis": link.basis,
    }


def _store(device: Device, item: ConfigurationItem | None, basis: str, reason: str) -> None:
    """Write the link, and forget what was agreed with another item."""
    if item is not None:
        release(DeviceLink.objects.filter(configuration_item=item).exclude(device=device))
        state = State.LINKED
    else:
        state = State.EXCLUDED if basis == Basis.PERSON else State.NEW
    link = DeviceLink.objects.filter(device=device).first()
    former = link.configuration_item_id if link is not None else None
    values: dict[str, Any] = {
        "configuration_item": item,
        "state": state,
        "basis": basis,
        "reason": reason[:500],
    }
    if former != (item.pk if item is not None else None):
        values |= {
            "applied_type": {},
            "volatile_written_on": None,
            "linked_at": timezone.now() if item else None,
        }
        device.field_values.all().delete()
    DeviceLink.objects.update_or_create(device=device, defaults=values)


def apply_link(work: Work, entry: SyncRunEntry, is_doubtful: bool) -> Applied:  # noqa: FBT001 - the engine's signature
    """Set a link as the entry says; used to take a person's word back. Writes to no vendor.

    Raises:
        Superseded: the device or the item is gone, or the item is another device's by now.
    """
    del work, is_doubtful
    device = get_device(entry)
    item_id = entry.after.get("configuration_item")
    item = None
    if item_id is not None:
        item = ConfigurationItem.objects.filter(autotask_configuration_item_id=item_id).first()
        if item is None:
            raise Superseded(f"Configuration item {item_id} is not known any more.")
        try:
            _require_free(device, item)
        except LinkRefused as refusal:
            raise Superseded(str(refusal)) from None
    with transaction.atomic():
        _store(device, item, str(entry.after.get("basis", "")), entry.message)
    return Applied({}, entry.message)


def undo_link(entry: SyncRunEntry) -> Draft | str:
    """Set the link as it was."""
    return Draft(
        action=SyncRunEntry.Action.UPDATE,
        operation=OPERATION,
        object_type=entry.object_type,
        object_id=entry.object_id,
        label=entry.label,
        before=entry.after,
        after=entry.before,
        payload=entry.payload,
        message="Undo: linked as before.",
    )
