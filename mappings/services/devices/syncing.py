"""One run of kind `devices`: read both sides, then plan. Each stage is remembered, so that a slice goes on there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from integration.models import SyncRun
from integration.sync.recorder import QuietRecorder, RunRecorder, RunStoppedByGuard, RunYields
from integration.vendors.autotask.client import AutotaskClient
from integration.vendors.datto_rmm import DattoRmmClient
from integration.vendors.errors import NotFound
from mappings.models import ConfigurationItem, Device, DeviceLink, MirrorState, Site, SiteMapping
from mappings.services.devices.audits import read_audits
from mappings.services.devices.catalogue import PRODUCTS, sync_catalogue
from mappings.services.devices.mirrors import refresh_item, sync_configuration_items
from mappings.services.devices.planner import plan_devices
from mappings.services.devices.type_defaults import ensure_usable_rules
from mappings.services.devices.unreadable import SCOPE_KEY
from mappings.services.sites import read_devices, read_sites, store_device
from mappings.services.udf_labels import sync_udf_labels
from mappings.services.upkeep import keep_mappings_true

#: Reading so many audits takes about a minute within Datto RMM's budget of 600 requests a minute.
_AUDITS_AT_ONCE = 500
_READ, _READ_IN_PART, _AUDITED = "read", "read in part", "audited"


def sync_devices(recorder: RunRecorder, datto: DattoRmmClient, autotask: AutotaskClient) -> None:
    """Read sites, devices, configuration items and due audits, and plan what to write.

    A run whose scope names devices reads and plans only those.

    Raises:
        VendorError: a read failed; nothing is planned, and nothing is marked as gone.
        RunYields: the slice is over while audits are still due.
        RunCancelled, RunLost: see `RunRecorder.advance`.
    """
    uids = recorder.run.scope.get("device_uids")
    if uids:
        _sync_some(recorder, datto, autotask, [str(uid) for uid in uids])
        return
    if not recorder.run.stage:
        unread: set[int | None] = set()
        refusals = _read(recorder, datto, autotask, unread)
        _remember(recorder, refusals, unread)
        recorder.finish_stage(_READ_IN_PART if refusals else _READ)
    _read_due_audits(recorder, datto)
    plan_devices(recorder, is_complete_read=recorder.run.stage == _READ)


def raise_refusals(recorder: RunRecorder) -> None:
    """End a run as stopped by the guard when its reading was refused in part; everything else is done by now.

    Raises:
        RunStoppedByGuard: with what was refused and the cure.
    """
    refusals = recorder.run.scope.get("refusals", [])
    if refusals:
        raise RunStoppedByGuard("\n".join(refusals))


def _remember(recorder: RunRecorder, refusals: list[str], unread_company_ids: set[int | None]) -> None:
    scope: dict[str, Any] = {"refusals": refusals} if refusals else {}
    if unread_company_ids:
        scope[SCOPE_KEY] = sorted(unread_company_ids, key=lambda one: -1 if one is None else one)
    recorder.run.scope = scope
    SyncRun.objects.filter(pk=recorder.run.pk).update(scope=recorder.run.scope)


def _read(
    recorder: RunRecorder,
    datto: DattoRmmClient,
    autotask: AutotaskClient,
    unread_company_ids: set[int | None],
) -> list[str]:
    quiet = QuietRecorder(recorder)
    refusals = [read_sites(quiet, datto), read_devices(quiet, datto)]
    keep_mappings_true(quiet)
    sync_udf_labels(recorder, datto)
    if not MirrorState.objects.filter(name=PRODUCTS.name).exists():
        sync_catalogue(quiet, autotask, refusals)
    ensure_usable_rules(recorder)
    refusals.append(sync_configuration_items(quiet, autotask, unread_company_ids=unread_company_ids))
    return [refusal for refusal in refusals if refusal]


def _read_due_audits(recorder: RunRecorder, datto: DattoRmmClient) -> None:
    """Read the audits of devices that can have a configuration item; the others would cost calls for nothing."""
    quiet = QuietRecorder(recorder)
    pks = list(
        Device.objects.filter(
            is_deleted=False,
            site__mapping__devices_enabled=True,
            site__mapping__state__in=[SiteMapping.State.CONFIRMED, SiteMapping.State.RENAMED],
        )
        # The newest first: their items are what somebody waits for.
        .order_by("-created_in_datto_at", "-pk")
        .values_list("pk", flat=True)
    )
    for start in range(0, len(pks), _AUDITS_AT_ONCE):
        counts = read_audits(quiet, datto, pks[start : start + _AUDITS_AT_ONCE])
        if counts.read and recorder.is_time_up and start + _AUDITS_AT_ONCE < len(pks):
            raise RunYields


def _sync_some(
    recorder: RunRecorder, datto: DattoRmmClient, autotask: AutotaskClient, uids: Sequence[str]
) -> None:
    quiet = QuietRecorder(recorder)
    recorder.begin_step("Reading the chosen devices", len(uids))
    for done, uid in enumerate(uids, 1):
        try:
            store_device(quiet, datto.fetch_device(uid))
        except NotFound:
            recorder.failed(
                "device",
                uid,
                uid,
                "Datto RMM does not know this device any more.",
                "The next whole device run settles what becomes of its configuration item.",
            )
        recorder.advance(done)
    ensure_usable_rules(recorder)
    devices = Device.objects.filter(datto_device_uid__in=uids)
    # A person asked, so an audit is read even when Datto RMM names no newer one.
    read_audits(quiet, datto, list(devices.filter(is_deleted=False).values_list("pk", flat=True)), force=True)
    linked = DeviceLink.objects.filter(device__in=devices, configuration_item__isnull=False)
    for item_id in linked.values_list("configuration_item__autotask_configuration_item_id", flat=True):
        refresh_item(autotask, item_id)
    if not ConfigurationItem.objects.exists():
        sync_configuration_items(quiet, autotask)
    if Site.objects.filter(mapping=None).exists():
        keep_mappings_true(quiet)
    plan_devices(recorder, is_complete_read=False, device_uids=list(uids))
