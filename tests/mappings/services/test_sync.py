from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integration.clients import datto_client
from integration.models import SyncRun, SyncRunEntry, VendorCall
from integration.sync.recorder import RunRecorder
from integration.vendors.budget import Lane
from mappings.models import (
    Company,
    CompanyLocation,
    Contact,
    Device,
    MirrorState,
    PicklistValue,
    Site,
    SiteMapping,
    SiteMappingChange,
    WorkType,
)
from mappings.services.decisions import accept_exact, accept_native
from mappings.services.mirror import allow_large_change
from mappings.services.sites import read_devices
from mappings.signals import site_mappings_changed
from tests.mappings.conftest import Run
from tests.sandbox.served import Served

pytestmark = pytest.mark.django_db(transaction=True)


def remove(vendors: Served, entity: str, row_id: int) -> None:
    vendors.sandbox.autotask._database.table(entity).remove(row_id)


def put(vendors: Served, entity: str, row_id: int, **values: Any) -> None:
    table = vendors.sandbox.autotask._database.table(entity)
    row = dict(vendors.sandbox.autotask._database.row(entity, row_id) or {})
    vendors.sandbox.autotask._database.lock.acquire()
    try:
        table.put({**row, **values})
    finally:
        vendors.sandbox.autotask._database.lock.release()


@pytest.fixture
def announced() -> Any:
    heard: list[str] = []

    def listen(site_uids: list[str], **_: Any) -> None:
        heard.extend(site_uids)

    site_mappings_changed.connect(listen)
    yield heard
    site_mappings_changed.disconnect(listen)


def test_reference_mirrors_everything_and_a_second_run_changes_nothing(vendors: Served, sync: Run) -> None:
    first = sync("reference")
    assert (first.status, first.error) == ("succeeded", "")
    tables = vendors.sandbox.autotask._database
    assert Company.objects.count() == len(tables.table("Companies"))
    assert CompanyLocation.objects.count() == len(tables.table("CompanyLocations"))
    assert Contact.objects.count() == len(tables.table("Contacts"))
    assert WorkType.objects.exists()
    for field in ("queueID", "priority", "status", "source", "issueType", "subIssueType", "ticketType"):
        assert PicklistValue.objects.filter(entity="Tickets", field=field).exists(), field
    assert not PicklistValue.objects.filter(field="subIssueType", parent_value=None).exists()
    assert PicklistValue.objects.filter(entity="TicketNotes", field="publish").exists()
    assert first.creates > 100
    second = sync("reference")
    assert (second.creates, second.updates, second.deactivations) == (0, 0, 0)
    assert second.unchanged >= first.creates


def test_scheduled_reference_run_reads_only_changes(vendors: Served, sync: Run) -> None:
    full = sync("reference")
    scheduled = sync("reference", trigger=SyncRun.Trigger.SCHEDULE)
    assert scheduled.status == "succeeded"
    assert scheduled.autotask_calls <= full.autotask_calls
    assert Contact.objects.filter(is_active=False).count() < Contact.objects.count()
    MirrorState.objects.update(full_read_at=timezone.now() - timedelta(days=2))
    assert sync("reference", trigger=SyncRun.Trigger.SCHEDULE).unchanged == full.creates


def test_dry_run_writes_only_history(vendors: Served, sync: Run) -> None:
    run = sync("reference", dry_run=True)
    assert run.creates > 100
    assert not Company.objects.exists()
    assert not MirrorState.objects.exists()
    assert set(SyncRunEntry.objects.values_list("status", flat=True)) == {"planned"}
    assert sync("sites", dry_run=True).creates > 10
    assert not Site.objects.exists()
    assert not SiteMapping.objects.exists()


def test_changed_company_is_recorded_with_before_and_after(vendors: Served, sync: Run) -> None:
    sync("reference")
    company = Company.objects.filter(autotask_company_id__gt=0).first()
    assert company is not None
    put(vendors, "Companies", company.autotask_company_id, companyName="Renamed Works")
    run = sync("reference")
    entry = SyncRunEntry.objects.get(run=run, object_type="company", action="update")
    assert (entry.before, entry.after) == ({"name": company.name}, {"name": "Renamed Works"})


def test_inactivated_picklist_value_stays_as_inactive(vendors: Served, sync: Run) -> None:
    sync("reference")
    ghost = PicklistValue.objects.create(
        entity="Tickets", field="queueID", value=987_654, label="Old queue", synced_at=timezone.now()
    )
    run = sync("reference")
    ghost.refresh_from_db()
    assert not ghost.is_active
    assert run.deactivations == 1


def test_sites_are_mirrored_and_every_site_has_a_mapping(vendors: Served, sync: Run) -> None:
    sync("reference")
    run = sync("sites")
    assert (run.status, run.error) == ("succeeded", "")
    double = vendors.sandbox.datto
    assert Site.objects.count() == len(double.sites)
    assert Device.objects.count() == len(double.devices)
    assert SiteMapping.objects.count() == len(double.sites)
    assert not SiteMapping.objects.filter(state__in=["confirmed", "renamed"]).exists()
    system = SiteMapping.objects.get(site__name="Deleted Devices")
    assert (system.state, system.company) == ("ignored", None)
    again = sync("sites")
    assert (again.creates, again.updates, again.deactivations) == (0, 0, 0)


def test_acceptance_maps_only_what_is_true(vendors: Served, sync: Run) -> None:
    sync("reference")
    sync("sites")
    native, exact = accept_native(), accept_exact()
    assert native.changed > 0
    assert exact.changed > 0
    truth = vendors.sandbox.true_companies
    for mapping in SiteMapping.objects.filter(state="confirmed").select_related("site", "company"):
        assert mapping.company is not None
        if mapping.source == "exact":
            assert mapping.company.autotask_company_id == truth[mapping.site.datto_site_uid], mapping
    assert accept_native().changed == 0


def test_mapping_goes_and_comes_with_its_company(vendors: Served, sync: Run, announced: list[str]) -> None:
    sync("reference")
    sync("sites")
    accept_native()
    mapping = SiteMapping.objects.filter(state="confirmed").select_related("site", "company").first()
    assert mapping is not None
    assert mapping.company is not None
    uid, company_id = mapping.site.datto_site_uid, mapping.company.autotask_company_id
    announced.clear()
    put(vendors, "Companies", company_id, isActive=False)
    sync("reference")
    mapping.refresh_from_db()
    assert mapping.state == "company_inactive"
    assert uid in announced
    assert SiteMappingChange.objects.filter(
        mapping=mapping, user=None, after__state="company_inactive"
    ).exists()
    announced.clear()
    put(vendors, "Companies", company_id, isActive=True)
    sync("reference")
    mapping.refresh_from_db()
    assert mapping.state == "confirmed"
    assert uid in announced
    remove(vendors, "Companies", company_id)
    sync("reference")
    mapping.refresh_from_db()
    assert mapping.state == "company_missing"


def test_renamed_site_stays_usable_and_is_not_announced(
    vendors: Served, sync: Run, announced: list[str]
) -> None:
    sync("reference")
    sync("sites")
    accept_native()
    mapping = SiteMapping.objects.filter(state="confirmed").select_related("site").first()
    assert mapping is not None
    announced.clear()
    vendors.sandbox.datto.sites[mapping.site.datto_site_uid].name = "Another name entirely"
    sync("sites")
    mapping.refresh_from_db()
    assert mapping.state == "renamed"
    assert mapping.lets_tickets_through
    assert announced == []


def test_interrupted_read_marks_nothing_missing(vendors: Served, sync: Run) -> None:
    sync("sites")
    Device.objects.create(
        datto_device_uid="gone", site=Site.objects.all()[0], hostname="GONE", synced_at=timezone.now()
    )
    answer = vendors.control("faults", {"vendor": "datto_rmm", "kind": "500", "path": "*/devices"})
    assert answer.ok, answer.text
    run = sync("sites")
    assert run.status == "failed"
    assert not Device.objects.get(datto_device_uid="gone").is_deleted
    assert run.deactivations == 0


def test_sites_are_mapped_even_when_devices_cannot_be_read(vendors: Served, sync: Run) -> None:
    vendors.control("faults", {"vendor": "datto_rmm", "kind": "500", "path": "*/devices"})
    assert sync("sites").status == "failed"
    assert Site.objects.exists()
    assert not Site.objects.filter(mapping=None).exists()


@pytest.mark.parametrize("entity", ["CompanyLocations", "Contacts", "BillingCodes"])
def test_what_the_api_user_may_not_read_stops_only_its_own_step(
    vendors: Served, sync: Run, entity: str
) -> None:
    vendors.sandbox.autotask._database.switches.denied.append(f"{entity}:query")
    sync("sites")
    run = sync("reference")
    assert (run.status, run.failures, run.error) == ("partial", 1, "")
    assert Company.objects.exists()
    assert PicklistValue.objects.filter(field="queueID").exists()
    assert SiteMapping.objects.filter(state="proposed").exists()
    assert "permission" in SyncRunEntry.objects.get(run=run, status="failed").message


def test_companies_that_may_not_be_read_fail_the_run(vendors: Served, sync: Run) -> None:
    vendors.sandbox.autotask._database.switches.denied.append("Companies:query")
    assert sync("reference").status == "failed"


def _hide(vendors: Served, uid: str) -> object:
    """Take a device out of Datto RMM's answers, as a narrowed API user would see it."""
    double = vendors.sandbox.datto
    device = double.devices[uid]
    double.drop_device(uid)
    return device


def test_vanished_device_is_marked_and_comes_back(vendors: Served, sync: Run) -> None:
    sync("sites")
    double = vendors.sandbox.datto
    uid = next(iter(double.devices))
    device = _hide(vendors, uid)
    assert sync("sites").deactivations == 1
    assert Device.objects.get(datto_device_uid=uid).is_deleted
    double.put_device(device)  # type: ignore[arg-type]
    sync("sites")
    assert not Device.objects.get(datto_device_uid=uid).is_deleted


def test_guard_stops_a_sweep_that_would_lose_too_much_until_it_is_allowed(vendors: Served, sync: Run) -> None:
    sync("sites")
    known = Device.objects.filter(is_deleted=False).count()
    for uid in list(vendors.sandbox.datto.devices)[: known // 2]:
        _hide(vendors, uid)
    run = sync("sites")
    assert run.status == "guarded"
    assert "Allow one large change" in run.error
    assert Device.objects.filter(is_deleted=False).count() == known
    assert allow_large_change(["devices"]) == 1
    assert sync("sites").status == "succeeded"
    assert Device.objects.filter(is_deleted=False).count() < known
    assert MirrorState.objects.get(name="devices").large_change_allowed_until is None


def test_device_of_an_unlisted_site_brings_its_site(vendors: Served, sync: Run) -> None:
    sync("reference")
    sync("sites")
    uid = SiteMapping.objects.exclude(state="ignored").filter(site__device_count__gt=0)[0].site.datto_site_uid
    Site.objects.filter(datto_site_uid=uid).delete()
    run = SyncRun.objects.create(kind="sites", trigger="command", status="running", token="mine")
    read_devices(RunRecorder(run), datto_client(lane=Lane.BACKGROUND))
    assert Site.objects.get(datto_site_uid=uid).devices.exists()


def test_calls_of_a_run_are_counted_on_it(vendors: Served, sync: Run) -> None:
    run = sync("sites")
    assert run.datto_calls == VendorCall.objects.filter(run=run, vendor="datto_rmm").count() > 0
    assert run.autotask_calls == 0
