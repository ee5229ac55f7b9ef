"""Trouble of a virtual host and of the machines on it: from the host's audit to one ticket, over the sandbox."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from integration.clients import datto_client
from integration.vendors.budget import Lane
from mappings.models import Company, Device, DeviceAudit, Site, SiteMapping
from mappings.services.devices.audits import read_audits
from tests.tickets.services.conftest import Bridge, start_run
from tests.tickets.services.test_repeats import settings
from tickets.models import Alert

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def host(bridge: Bridge) -> Device:
    """A virtual host with its site and the site's devices, as the sites sync would have mirrored them."""
    double = bridge.sandbox.sandbox.datto
    sites = {one["uid"]: one for one in bridge.sandbox.call("GET", "/control/sites").json()["sites"]}
    servers_at: dict[str, int] = {}
    for one in double.devices.values():
        if one.category == "Server" and not one.deleted:
            servers_at[one.site_uid] = servers_at.get(one.site_uid, 0) + 1
    found = next(
        one
        for one in double.devices.values()
        if one.device_class == "esxihost"
        and not one.deleted
        and sites.get(one.site_uid, {}).get("companyId")
        and servers_at.get(one.site_uid, 0) >= 2
    )
    now, remote = timezone.now(), sites[found.site_uid]
    site, _ = Site.objects.get_or_create(
        datto_site_uid=found.site_uid, defaults={"name": remote["name"], "synced_at": now}
    )
    company, _ = Company.objects.get_or_create(
        autotask_company_id=remote["companyId"], defaults={"name": "Host's", "synced_at": now}
    )
    SiteMapping.objects.get_or_create(
        site=site, defaults={"company": company, "state": SiteMapping.State.CONFIRMED}
    )
    for uid in double.devices_by_site[found.site_uid]:
        one = double.devices[uid]
        Device.objects.get_or_create(
            datto_device_uid=uid,
            defaults={
                "hostname": one.hostname or "",
                "site": site,
                "device_class": one.device_class,
                "synced_at": now,
                "last_audit_at": now,
            },
        )
    return Device.objects.get(datto_device_uid=found.uid)


def fire(bridge: Bridge, device: Device, **values: Any) -> Alert:
    uid = bridge.raise_alert(deviceUid=device.datto_device_uid, **values)
    bridge.deliver(uid)
    return bridge.alert(uid)


def test_alerts_of_a_host_and_its_guests_make_one_ticket(bridge: Bridge, host: Device) -> None:
    read_audits(start_run("devices"), datto_client(lane=Lane.BACKGROUND, subject="test"), [host.pk])
    names = DeviceAudit.objects.get(device=host).guests
    assert "VM-APPLIANCE" in names
    guest = Device.objects.get(site=host.site, hostname=names[0])
    settings(related_group="host", related_window_minutes=30)
    first = fire(bridge, host)
    second = fire(bridge, guest)
    assert first.ticket is not None
    assert second.ticket == first.ticket
    assert second.state == Alert.State.MERGED
    other = Device.objects.filter(site=host.site, device_class="device").exclude(hostname__in=names).first()
    assert other is not None
    assert fire(bridge, other).ticket != first.ticket


def test_without_an_audit_nothing_is_known_of_guests(bridge: Bridge, host: Device) -> None:
    guest = Device.objects.filter(site=host.site, device_class="device").first()
    assert guest is not None
    settings(related_group="host", related_window_minutes=30)
    assert fire(bridge, host).ticket != fire(bridge, guest).ticket
