"""A sandbox of three empty sites at two organizations, and what happens to devices there, for lifecycle tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integration.models import SyncRun, SyncRunEntry
from integration.sync.changes import apply_entries, undo_entries
from integration.sync.runs import execute_run, fail_stale_runs, queue_run
from integration.vendors.autotask.client import AutotaskClient
from mappings.models import (
    Company,
    ConfigurationItem,
    Device,
    DeviceFinding,
    DeviceLink,
    DevicePolicy,
    Site,
    SiteMapping,
)
from mappings.services.decisions import choose_company
from tests.mappings.services.devices.reading import Reading

#: Names of sites of the sandbox's small world: two of one organization, one of another.
#: Products of the catalogue that are billed for an item.
BILLED = [101, 110]
HERE, HERE_TOO, THERE = (
    "Stonebridge Veterinary Clinic - Spokane",
    "Stonebridge Veterinary Clinic - Lincoln",
    "Windmill Machine Works",
)


class World:
    """What a test does to both vendors, and what it sees of them and of us."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.vendors = reading.vendors
        self.sandbox = reading.vendors.sandbox
        datto = self.sandbox.datto
        for uid in list(datto.devices):
            del datto.devices[uid]
        for devices in datto.devices_by_site.values():
            devices.clear()
        items = self.sandbox.autotask._database.table("ConfigurationItems")
        for item_id in list(items.rows):
            items.remove(item_id)
        self.sync("reference")
        self.sync("sites")
        for name in (HERE, HERE_TOO, THERE):
            self.map_site(name)
        self.sandbox.autotask.forget_writes()

    # Sites

    def map_site(self, name: str, company_id: int | None = None) -> None:
        """Choose the organization of a site: the proposed one, or another."""
        mapping = SiteMapping.objects.select_related("company", "site").get(site__name=name)
        company = mapping.company
        if company_id is not None:
            company = Company.objects.get(autotask_company_id=company_id)
        assert company is not None
        choose_company(mapping, company, None)

    def site_uid(self, name: str) -> str:
        return Site.objects.get(name=name).datto_site_uid

    def company_id(self, name: str) -> int:
        company = SiteMapping.objects.get(site__name=name).company
        assert company is not None
        return company.autotask_company_id

    def policy(self, **values: Any) -> None:
        DevicePolicy.objects.update_or_create(pk=DevicePolicy.SINGLETON_ID, defaults=values)

    # Datto RMM

    def add(self, site: str = HERE, **values: Any) -> str:
        """Let an agent install itself; returns the device's uid."""
        return str(self.reading.device("", "", siteUid=self.site_uid(site), **values)["uid"])

    def happens(self, uid: str, action: str, **values: Any) -> str:
        """Let something happen to a device; returns the uid it has afterwards."""
        return str(self.reading.device(uid, action, **values).get("uid", uid))

    # Autotask

    def item(self, site: str = HERE, **fields: Any) -> int:
        """Let a person make a configuration item at a site's organization."""
        return self.reading.create(
            "ConfigurationItems",
            **{"companyID": self.company_id(site), "productID": 101, "isActive": True, **fields},
        )

    def row(self, item_id: int) -> dict[str, Any]:
        """Return an item as Autotask holds it, its UDFs as {name: value} in `udfs`."""
        row = self.reading.row("ConfigurationItems", item_id)
        row["udfs"] = dict(row.get("userDefinedFields") or {})
        return row

    def rows(self, **wanted: Any) -> list[dict[str, Any]]:
        """Return items that hold these values."""
        found = self.reading.rows("ConfigurationItems")
        return [row for row in found if all(row.get(name) == value for name, value in wanted.items())]

    def note(self, item_id: int, title: str) -> None:
        self.reading.create(
            "ConfigurationItemNotes",
            configurationItemID=item_id,
            title=title,
            description=f"{title}, in full.",
            noteType=1,
        )

    def attach(self, item_id: int, title: str) -> None:
        """Attach a small file to an item, as a person does."""
        self.reading.autotask.create_configuration_item_attachment(
            item_id, title=title, full_path=f"{title}.txt", content=title.encode()
        )

    def notes(self, item_id: int) -> list[str]:
        return sorted(
            one["title"]
            for one in self.reading.rows("ConfigurationItemNotes")
            if one["configurationItemID"] == item_id
        )

    def bill(self, item_id: int, product_id: int) -> None:
        """Bill a product of the catalogue for an item since a while."""
        self.reading.create(
            "ConfigurationItemBillingProductAssociations",
            configurationItemID=item_id,
            billingProductID=product_id,
            effectiveDate="2026-01-01T00:00:00Z",
        )

    def billed(self, item_id: int) -> list[int]:
        """Return the products billed for an item now."""
        found = self.reading.autotask.iter_billing_product_associations(configuration_item_id=item_id)
        now = timezone.now()
        return sorted(one.billing_product_id for one in found if not one.expires_at or one.expires_at > now)

    def attachments(self, item_id: int) -> list[str]:
        return sorted(one.title for one in self.reading.autotask.iter_configuration_item_attachments(item_id))

    def writes(self) -> dict[str, int]:
        """Return what our API user wrote to configuration items since `forget_writes`."""
        answer = self.vendors.control("writes", method="GET").json()["autotask"].get("ConfigurationItems", {})
        return {name: int(answer.get(name, 0)) for name in ("create", "update", "unchanged")}

    def forget_writes(self) -> None:
        self.sandbox.autotask.forget_writes()

    @contextmanager
    def fault(self, **values: Any) -> Iterator[None]:
        """Break something for a while."""
        answer = self.vendors.control("faults", values)
        assert answer.ok, answer.text
        try:
            yield
        finally:
            self.vendors.control(f"faults/{answer.json()['id']}", method="DELETE")

    # Us

    def sync(self, kind: str = "devices", *, dry_run: bool = False) -> SyncRun:
        """Execute a whole run."""
        run, _ = queue_run(kind=kind, trigger=SyncRun.Trigger.COMMAND, dry_run=dry_run)
        return self.execute(run)

    def refresh(self, *uids: str) -> SyncRun:
        """Execute a run of these devices."""
        run, _ = queue_run(kind="devices", trigger=SyncRun.Trigger.PERSON, scope={"device_uids": list(uids)})
        return self.execute(run)

    def execute(self, run: SyncRun) -> SyncRun:
        done = execute_run(run.pk)
        assert done is not None
        return done

    def apply(self, run: SyncRun, entry_ids: list[int] | None = None) -> SyncRun:
        return self.execute(apply_entries(run, None, entry_ids=entry_ids))

    def undo(self, run: SyncRun, entry_ids: list[int] | None = None) -> SyncRun:
        return self.execute(undo_entries(run, None, entry_ids=entry_ids))

    def link(self, uid: str) -> DeviceLink:
        return DeviceLink.objects.select_related("configuration_item", "device").get(
            device__datto_device_uid=uid
        )

    def linked_id(self, uid: str) -> int | None:
        """Return the Autotask id of the item a device stands for."""
        item = self.link(uid).configuration_item
        return item.autotask_configuration_item_id if item is not None else None

    def device(self, uid: str) -> Device:
        return Device.objects.get(datto_device_uid=uid)

    def mirrored(self, item_id: int) -> ConfigurationItem:
        return ConfigurationItem.objects.get(autotask_configuration_item_id=item_id)

    def findings(self, **wanted: Any) -> list[DeviceFinding]:
        """Return open findings."""
        return list(DeviceFinding.objects.filter(state="open", **wanted).order_by("pk"))

    def kinds(self) -> list[str]:
        return sorted(one.kind for one in self.findings())

    def waiting(self, run: SyncRun) -> list[SyncRunEntry]:
        return list(run.entries.filter(status=SyncRunEntry.Status.WAITING))


def assert_settled(world: World) -> None:
    """Make sure that a further run changes nothing, at the vendors and among findings."""
    before = sorted(DeviceFinding.objects.filter(state="open").values_list("key", flat=True))
    world.forget_writes()
    run = world.sync()
    assert run.status == "succeeded", run.error
    assert (run.creates, run.updates, run.deactivations, run.failures) == (0, 0, 0, 0)
    assert world.writes() == {"create": 0, "update": 0, "unchanged": 0}
    assert sorted(DeviceFinding.objects.filter(state="open").values_list("key", flat=True)) == before


def moved(world: World, *, reference: str = "") -> tuple[str, int, SyncRunEntry]:
    """Return a device that was moved to another organization, its old item and what waits for a person."""
    uid = world.add(hostname="PC-1", serial="5CG7041XQ")
    world.sync()
    item_id = world.linked_id(uid) or 0
    world.reading.change(
        "ConfigurationItems",
        item_id,
        userDefinedFields=[{"name": "Asset Tag", "value": "A-17"}],
        notes="Under the desk.",
        **({"referenceNumber": reference} if reference else {}),
    )
    for title in ("First", "Second", "Second"):
        world.note(item_id, title)
    world.attach(item_id, "Invoice")
    for product_id in BILLED:
        world.bill(item_id, product_id)
    world.happens(uid, "move", siteUid=world.site_uid(THERE))
    run = world.sync()
    (entry,) = world.waiting(run)
    assert entry.operation == "move_item"
    assert world.row(item_id)["isActive"]
    return uid, item_id, entry


class Killed(BaseException):
    """The process ends."""


def revive(run: SyncRun) -> None:
    """Leave the run as a killed worker leaves it, and let it be found."""
    SyncRun.objects.filter(pk=run.pk).update(
        status="running",
        finished_at=None,
        error="",
        remedy="",
        heartbeat_at=timezone.now() - timedelta(minutes=5),
    )
    assert fail_stale_runs() == 0


def kill_after(monkeypatch: pytest.MonkeyPatch, method: str, times: int = 1) -> None:
    """Let the process end right after the vendor has done the call for the so many-th time."""
    real = getattr(AutotaskClient, method)
    left = [times]

    def call(self: AutotaskClient, *args: object, **kwargs: object) -> object:
        answer = real(self, *args, **kwargs)
        left[0] -= 1
        if left[0] == 0:
            raise Killed
        return answer

    monkeypatch.setattr(AutotaskClient, method, call)
