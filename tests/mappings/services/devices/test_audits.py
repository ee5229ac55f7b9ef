from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from integration.models import SyncRunEntry
from integration.vendors.errors import RateLimited, Unavailable, VendorError
from mappings.models import Device, DeviceAudit, DeviceKey, DeviceLink, FieldMap, UdfDefinition
from mappings.services.devices.audits import USER_HISTORY, AuditCounts, add_user, read_audits
from mappings.services.sites import read_devices
from tests.mappings.services.devices.reading import Reading

TODAY = date(2026, 3, 31)


def devices(reading: Reading) -> None:
    assert read_devices(reading.recorder(), reading.datto) == ""


def audits(reading: Reading, *devices: Device, **options: Any) -> AuditCounts:
    pks = [one.pk for one in devices] or list(Device.objects.values_list("pk", flat=True))
    recorder = reading.recorder()
    counts = read_audits(recorder, reading.datto, pks, **options)
    recorder.flush()
    return counts


def one_of(device_class: str, *, place: int = 0) -> Device:
    return Device.objects.filter(device_class=device_class, is_deleted=False)[place]


def keys(device: Device) -> set[tuple[str, str]]:
    found = DeviceKey.objects.filter(device=device).values_list("kind", "value")
    assert len(found) == len(set(found))
    return set(found)


@pytest.mark.django_db(transaction=True)
class TestDevices:
    def test_every_device_is_found_by_uid_and_host_name(self, reading: Reading) -> None:
        devices(reading)
        assert not Device.objects.filter(keys=None).exists()
        device = one_of("device")
        assert keys(device) == {("uid", device.datto_device_uid), ("hostname", device.hostname.lower())}

    def test_a_second_read_costs_its_pages_and_no_write(self, reading: Reading) -> None:
        devices(reading)
        with reading.cost() as cost:
            devices(reading)
        pages = -(-Device.objects.count() // 250)
        assert len([path for path in cost.calls if path.endswith("/devices")]) == pages
        assert cost.writes == []

    def test_keys_follow_the_name(self, reading: Reading) -> None:
        devices(reading)
        device = one_of("device")
        reading.device(device.datto_device_uid, "rename", hostname="NB-RENAMED")
        devices(reading)
        assert keys(device) == {("uid", device.datto_device_uid), ("hostname", "nb-renamed")}

    def test_devices_from_before_get_keys(self, reading: Reading) -> None:
        devices(reading)
        DeviceKey.objects.all().delete()
        devices(reading)
        assert not Device.objects.filter(keys=None).exists()

    def test_users_are_noted_when_they_change(self, reading: Reading) -> None:
        devices(reading)
        device = Device.objects.exclude(last_user="").filter(device_class="device")[0]
        today = timezone.now().date().isoformat()
        link = DeviceLink.objects.get(device=device)
        assert (link.state, link.user_history) == ("new", [[today, device.last_user]])
        reading.device(device.datto_device_uid, "user", lastUser="CONTOSO\\grace")
        devices(reading)
        devices(reading)
        link.refresh_from_db()
        assert link.user_history == [[today, device.last_user], [today, "CONTOSO\\grace"]]

    def test_the_user_before_the_history_began_is_kept(self, reading: Reading) -> None:
        devices(reading)
        device = Device.objects.exclude(last_user="").filter(device_class="device")[0]
        DeviceLink.objects.all().delete()
        Device.objects.update(synced_at=timezone.now() - timedelta(days=3))
        reading.device(device.datto_device_uid, "user", lastUser="CONTOSO\\grace")
        devices(reading)
        history = DeviceLink.objects.get().user_history
        assert [user for _day, user in history] == [device.last_user, "CONTOSO\\grace"]
        assert date.fromisoformat(history[1][0]) - date.fromisoformat(history[0][0]) == timedelta(days=3)

    @pytest.mark.parametrize("udf_on_v2", [True, False])
    def test_only_udfs_that_a_mapping_uses_are_kept(self, reading: Reading, *, udf_on_v2: bool) -> None:
        reading.vendors.sandbox.datto.settings.udf_on_v2 = udf_on_v2
        devices(reading)
        device = one_of("device")
        reading.device(device.datto_device_uid, "udf", udf={"7": "Gold", "9": "2026-01-31"})
        devices(reading)
        assert not Device.objects.exclude(udfs={}).exists()
        udf = UdfDefinition.objects.create(autotask_udf_id=1, name="Care Level", synced_at=timezone.now())
        FieldMap.objects.create(datto_udf_index=7, udf=udf)
        FieldMap.objects.create(datto_udf_index=9, udf=udf, is_active=False)
        devices(reading)
        device.refresh_from_db()
        assert device.udfs == {"7": "Gold"}

    def test_queries_of_a_chunk_do_not_grow_with_its_devices(self, reading: Reading) -> None:
        devices(reading)
        costs = []
        for count in (2, 40):
            for device in Device.objects.filter(device_class="device")[:count]:
                reading.device(device.datto_device_uid, "rename", hostname=f"H{count}-{device.pk}")
                reading.device(device.datto_device_uid, "user", lastUser=f"user-{count}-{device.pk}")
            with reading.cost() as cost:
                devices(reading)
            costs.append(cost.queries)
        # The devices that changed lie in one chunk or in two.
        assert abs(costs[1] - costs[0]) <= 8


@pytest.mark.django_db(transaction=True)
class TestAudits:
    def test_serial_model_and_addresses_come_from_the_audit(self, reading: Reading) -> None:
        devices(reading)
        device = one_of("device")
        assert audits(reading, device) == AuditCounts(read=1)
        audit = DeviceAudit.objects.get(device=device)
        told = reading.vendors.get(f"/api/v2/audit/device/{device.datto_device_uid}")
        assert audit.serial_number == told["bios"]["serialNumber"]
        assert (audit.manufacturer, audit.model) == (
            told["systemInfo"]["manufacturer"],
            told["systemInfo"]["model"],
        )
        assert audit.memory_bytes == told["systemInfo"]["totalPhysicalMemory"]
        assert audit.storage_bytes == sum(disk["size"] for disk in told["logicalDisks"])
        assert audit.free_bytes == sum(disk["freespace"] for disk in told["logicalDisks"])
        assert audit.processor == told["processors"][0]["name"]
        assert [one["mac"] for one in audit.mac_addresses] == [nic["macAddress"] for nic in told["nics"]]
        assert (audit.audited_at, audit.error, audit.retry_at) == (device.last_audit_at, "", None)

    def test_each_class_is_asked_at_its_address(self, reading: Reading) -> None:
        devices(reading)
        with reading.cost() as cost:
            counts = audits(reading, one_of("printer"), one_of("esxihost"), *_without_audit())
        assert counts == AuditCounts(read=2)
        assert {path.split("/audit/")[1].split("/")[0] for path in cost.calls if "/audit/" in path} == {
            "printer",
            "esxihost",
        }
        assert set(DeviceAudit.objects.values_list("device__device_class", flat=True)) == {
            "printer",
            "esxihost",
        }

    def test_keys_hold_what_the_audit_tells(self, reading: Reading) -> None:
        devices(reading)
        device = one_of("device")
        reading.device(device.datto_device_uid, "motherboard", serial="PF-3XK9Z")
        reading.device(device.datto_device_uid, "hardware", macs=["B88584010203"])
        devices(reading)
        audits(reading, device)
        assert {("serial", "PF3XK9Z"), ("mac", "B88584010203")} <= keys(device)
        reading.device(device.datto_device_uid, "motherboard", serial="Default string")
        devices(reading)
        audits(reading, device)
        assert not [value for kind, value in keys(device) if kind == "serial"]

    def test_only_audits_that_moved_are_read_again(self, reading: Reading) -> None:
        devices(reading)
        some = [one_of("device", place=place) for place in range(3)]
        assert audits(reading, *some).read == 3
        with reading.cost() as cost:
            assert audits(reading, *some) == AuditCounts()
        assert (cost.calls, cost.writes) == ([], [])
        reading.device(some[1].datto_device_uid, "hardware", memoryGb=48)
        devices(reading)
        assert audits(reading, *some).read == 1
        assert DeviceAudit.objects.get(device=some[1]).memory_bytes == 48 * 1024**3

    def test_audits_without_a_date_are_read_again_after_a_month(self, reading: Reading) -> None:
        devices(reading)
        printer = one_of("printer")
        assert printer.last_audit_at is None
        assert audits(reading, printer).read == 1
        DeviceAudit.objects.update(read_at=timezone.now() - timedelta(days=29))
        assert audits(reading, printer).read == 0
        assert audits(reading, printer, force=True).read == 1
        DeviceAudit.objects.update(read_at=timezone.now() - timedelta(days=31))
        assert audits(reading, printer).read == 1

    def test_a_limit_leaves_the_rest_for_later(self, reading: Reading) -> None:
        devices(reading)
        some = [one_of("device", place=place) for place in range(3)]
        assert audits(reading, *some, limit=2) == AuditCounts(read=2, left=1)
        assert audits(reading, *some, limit=2) == AuditCounts(read=1)

    def test_a_device_without_audit_goes_on_and_is_asked_ever_later(self, reading: Reading) -> None:
        devices(reading)
        device = one_of("device")
        # Its class changed since the list was read.
        Device.objects.filter(pk=device.pk).update(device_class="printer")
        assert audits(reading, device) == AuditCounts(failed=1)
        audit = DeviceAudit.objects.get(device=device)
        assert "class" in audit.error
        assert _delay(audit) == timedelta(hours=1)
        assert SyncRunEntry.objects.filter(object_id=device.datto_device_uid, action="notice").exists()
        assert audits(reading, device) == AuditCounts()
        DeviceAudit.objects.update(
            retry_at=F("retry_at") - timedelta(hours=2), read_at=F("read_at") - timedelta(hours=2)
        )
        assert audits(reading, device) == AuditCounts(failed=1)
        audit.refresh_from_db()
        assert _delay(audit) == timedelta(hours=2)
        reading.device(device.datto_device_uid, "hardware", memoryGb=48)
        devices(reading)
        assert audits(reading, device) == AuditCounts(read=1)
        audit.refresh_from_db()
        assert (audit.error, audit.retry_at, audit.memory_bytes) == ("", None, 48 * 1024**3)

    def test_a_purged_device_has_no_audit(self, reading: Reading) -> None:
        devices(reading)
        device = one_of("device")
        audits(reading, device)
        serial = DeviceAudit.objects.get(device=device).serial_number
        reading.device(device.datto_device_uid, "purge")
        Device.objects.filter(pk=device.pk).update(last_audit_at=timezone.now())
        assert audits(reading, device) == AuditCounts(failed=1)
        audit = DeviceAudit.objects.get(device=device)
        assert (bool(audit.error), audit.serial_number) == (True, serial)

    @pytest.mark.parametrize(
        ("fault", "error"),
        [("503", Unavailable), ("429", RateLimited)],
    )
    def test_an_outage_ends_the_read_and_keeps_what_was_read(
        self, reading: Reading, fault: str, error: type[VendorError]
    ) -> None:
        devices(reading)
        first, second = one_of("device"), one_of("printer")
        answer = reading.vendors.control(
            "faults", {"vendor": "datto_rmm", "kind": fault, "path": "*/audit/printer/*"}
        )
        assert answer.ok, answer.text
        # The printer's turn comes after the computer's.
        DeviceAudit.objects.create(device=second, read_at=timezone.now() - timedelta(days=31))
        with pytest.raises(error):
            audits(reading, first, second)
        assert DeviceAudit.objects.get(device=first).serial_number
        assert DeviceAudit.objects.get(device=second).error == ""

    def test_an_internal_error_about_one_device_keeps_no_other_from_being_read(
        self, reading: Reading
    ) -> None:
        devices(reading)
        first, second = one_of("device"), one_of("printer")
        with_fault = {"vendor": "datto_rmm", "kind": "500", "path": "*/audit/printer/*"}
        assert reading.vendors.control("faults", with_fault).ok
        # The printer's turn comes after the computer's.
        DeviceAudit.objects.create(device=second, read_at=timezone.now() - timedelta(days=31))
        assert audits(reading, first, second) == AuditCounts(read=1, put_off=1)
        assert DeviceAudit.objects.get(device=second).error == ""

    def test_nothing_but_internal_errors_is_an_outage(
        self, reading: Reading, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        devices(reading)
        monkeypatch.setattr("mappings.services.devices.audits._ERRORS_IN_A_ROW", 2)
        with_fault = {"vendor": "datto_rmm", "kind": "500", "path": "*/audit/*"}
        assert reading.vendors.control("faults", with_fault).ok
        with pytest.raises(Unavailable):
            audits(reading, one_of("device"), one_of("printer"))
        assert not DeviceAudit.objects.exists()


def _without_audit() -> list[Device]:
    return list(Device.objects.exclude(device_class__in=["device", "printer", "esxihost"])[:2])


def _delay(audit: DeviceAudit) -> timedelta:
    assert audit.retry_at is not None
    assert audit.read_at is not None
    return audit.retry_at - audit.read_at


class TestUserHistory:
    def test_a_user_who_comes_back_is_noted_again(self) -> None:
        history = add_user([["2026-03-01", "ada"], ["2026-03-10", "grace"]], "ada", TODAY)
        assert history == [["2026-03-01", "ada"], ["2026-03-10", "grace"], ["2026-03-31", "ada"]]

    def test_nobody_ends_nobodys_use(self) -> None:
        assert add_user([["2026-03-01", "ada"]], "", TODAY) == [["2026-03-01", "ada"]]

    def test_what_ended_before_thirty_days_is_dropped(self) -> None:
        history = add_user(
            [["2025-01-01", "old"], ["2026-02-01", "ada"], ["2026-03-10", "grace"]], "ada", TODAY
        )
        assert [user for _day, user in history] == ["ada", "grace", "ada"]

    @given(
        st.lists(st.tuples(st.integers(0, 90), st.sampled_from(["", "ada", "grace", "joan"])), max_size=200)
    )
    def test_it_tells_who_used_a_device_on_each_of_thirty_days(self, changes: list[tuple[int, str]]) -> None:
        start = TODAY - timedelta(days=90)
        history: list[list[str]] = []
        last_of_day: dict[date, str] = {}
        for offset, user in sorted(changes, key=lambda one: one[0]):
            day = start + timedelta(days=offset)
            history = add_user(history, user, day)
            if user:
                last_of_day[day] = user
        if not history:
            assert not last_of_day
            return
        assert len(history) <= 100
        assert history == sorted(history, key=lambda one: one[0])
        latest = start + timedelta(days=max(offset for offset, _user in changes))
        for back in range(USER_HISTORY.days + 1):
            day = latest - timedelta(days=back)
            truth = [user for at, user in sorted(last_of_day.items()) if at <= day]
            told = [user for at, user in history if datetime.fromisoformat(at).date() <= day]
            if told or len(history) < 100:
                assert told[-1:] == truth[-1:]
