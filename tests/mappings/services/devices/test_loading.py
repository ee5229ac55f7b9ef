"""Which configuration items and rival devices a plan gets to see, so that its cost follows the fleet, not its square."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from integration.vendors.datto_rmm.records import read_device
from mappings.domain.devices.dattofields import DATTO_FIELDS
from mappings.domain.devices.facts import Key
from mappings.domain.devices.words import KeyKind
from mappings.models import (
    ConfigurationItem,
    ConfigurationItemKey,
    Device,
    DeviceAudit,
    DeviceKey,
    SiteMapping,
)
from mappings.services.devices.loading import DeviceCase, load_cases
from tests.mappings.conftest import guid, make_company, make_mapping
from tickets.models import Alert

pytestmark = pytest.mark.django_db
#: More than have one serial number in common.
_COMPANIES = 12


@pytest.fixture
def fleet() -> list[Device]:
    """One "reception" at each of several organizations, each with its item; all share host name and serial number."""
    devices = []
    for number in range(1, _COMPANIES + 1):
        mapping = make_mapping(
            number,
            f"Site {number}",
            make_company(number, f"Company {number}"),
            state=SiteMapping.State.CONFIRMED,
        )
        device = Device.objects.create(
            datto_device_uid=guid(number), site=mapping.site, hostname="RECEPTION", synced_at=timezone.now()
        )
        item = ConfigurationItem.objects.create(
            autotask_configuration_item_id=number,
            autotask_company_id=number,
            company=mapping.company,
            reference_title="RECEPTION",
            synced_at=timezone.now(),
        )
        for kind, value in (("hostname", "reception"), ("serial", "ABC123"), ("uid", guid(number))):
            DeviceKey.objects.create(device=device, kind=kind, value=value)
            if kind != "uid":
                ConfigurationItemKey.objects.create(configuration_item=item, kind=kind, value=value)
        devices.append(device)
    return devices


def _cases(devices: list[Device]) -> list[DeviceCase]:
    return load_cases([device.pk for device in devices])


@pytest.mark.parametrize("key", [Key(KeyKind.HOSTNAME, "reception"), Key(KeyKind.SERIAL, "ABC123")])
def test_a_shared_key_leads_only_to_the_own_organizations_item(fleet: list[Device], key: Key) -> None:
    for case in _cases(fleet):
        (item,) = case.candidates[key]
        assert item.autotask_company_id == case.site.autotask_company_id
        assert {(one.device_pk, one.kind) for one in item.claimants} == {
            (case.device.device_pk, KeyKind.HOSTNAME),
            (case.device.device_pk, KeyKind.SERIAL),
        }


def test_a_serial_number_of_few_leads_to_other_organizations(fleet: list[Device]) -> None:
    DeviceKey.objects.filter(kind="serial").exclude(device__in=fleet[:2]).delete()
    ConfigurationItemKey.objects.filter(kind="serial").exclude(
        configuration_item__autotask_company_id__in=[2, 3]
    ).delete()
    first = _cases(fleet)[0]
    items = first.candidates[Key(KeyKind.SERIAL, "ABC123")]
    assert [one.autotask_company_id for one in items] == [2, 3]
    assert items[0].company_name == "Company 2"
    assert {(one.device_pk, one.kind) for one in items[1].claimants} >= {
        (fleet[0].pk, KeyKind.SERIAL),
        (fleet[1].pk, KeyKind.SERIAL),
    }


def test_a_uid_leads_to_another_organizations_item(fleet: list[Device]) -> None:
    elsewhere = ConfigurationItem.objects.get(autotask_configuration_item_id=2)
    ConfigurationItemKey.objects.create(configuration_item=elsewhere, kind="uid", value=guid(1))

    first = _cases(fleet)[0]

    (item,) = first.candidates[Key(KeyKind.UID, guid(1))]
    assert item.item_pk == elsewhere.pk
    assert (fleet[0].pk, KeyKind.UID) in {(one.device_pk, one.kind) for one in item.claimants}


def test_cases_cost_the_same_queries_for_many_sites(fleet: list[Device], django_assert_num_queries) -> None:
    with django_assert_num_queries(13):
        _cases(fleet)
    with django_assert_num_queries(13):
        _cases(fleet[:2])


def test_every_field_that_is_offered_has_a_value_where_datto_rmm_tells_it(fleet: list[Device]) -> None:
    """A field that nobody loads would be offered, mapped, and empty for ever."""
    device = fleet[0]
    now = timezone.now()
    for field in Device._meta.concrete_fields:
        if field.name not in {"id", "site", "datto_device_uid", "is_deleted", "udfs"}:
            setattr(device, field.name, _some_value(field, now))
    device.save()
    DeviceAudit.objects.create(
        device=device,
        read_at=now,
        mac_addresses=[{"mac": "00:1B:21:3A:4F:5C", "name": "Ethernet", "type": "Ethernet"}],
        **{
            field.name: _some_value(field, now)
            for field in DeviceAudit._meta.concrete_fields
            if field.name not in {"id", "device", "read_at", "mac_addresses", "error", "retry_at"}
        },
    )
    Alert.objects.create(alert_uid="a", datto_device_uid=device.datto_device_uid)
    Alert.objects.create(alert_uid="b", datto_device_uid=device.datto_device_uid, is_resolved=True)
    [case] = _cases([device])
    empty = {name for name, field in DATTO_FIELDS.items() if not field.read(case.device, case.site)}
    assert empty == set()
    assert DATTO_FIELDS["open_alerts"].read(case.device, case.site) == "1"


def _some_value(field: Any, now: Any) -> Any:
    kinds = {
        "CharField": "XK7Q2M9",
        "URLField": "https://rmm.example/x",
        "BooleanField": True,
        "DateField": now.date(),
        "DateTimeField": now,
    }
    return kinds.get(field.get_internal_type(), 7)


def test_patches_that_wait_or_are_not_approved_are_missing() -> None:
    wire = {"uid": guid(1), "patchManagement": {"patchesApprovedPending": 3, "patchesNotApproved": 2}}
    assert read_device(wire).patches_missing == 5
    assert read_device({"uid": guid(1)}).patches_missing is None
