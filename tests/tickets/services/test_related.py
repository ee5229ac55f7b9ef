"""Related alerts by site, network and monitor, and what becomes of them: item, note, or an incident of a problem."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from mappings.models import Device
from tests.tickets.services.conftest import Bridge
from tests.tickets.services.test_repeats import DISK, SPOOLER, fire, remote, settings
from tickets.models import Alert, Ticket


@pytest.fixture
def neighbours(bridge: Bridge) -> list[Device]:
    """Return two other devices of the site; the first one shares the device's way to the internet."""
    devices = [
        one
        for one in bridge.sandbox.call("GET", "/control/devices?limit=1000").json()["devices"]
        if one["site_uid"] == bridge.site.datto_site_uid
        and one["uid"] != bridge.device.datto_device_uid
        and not one["deleted"]
    ]
    Device.objects.update(external_ip="203.0.113.7")
    return [
        Device.objects.create(
            datto_device_uid=one["uid"],
            hostname=f"NEIGHBOUR-{number}",
            site=bridge.site,
            external_ip="203.0.113.7" if number == 0 else "198.51.100.9",
            synced_at=timezone.now(),
        )
        for number, one in enumerate(devices[:2])
    ]


@pytest.mark.parametrize(
    ("group", "first", "second", "shared"),
    [
        ("site", DISK, SPOOLER, [True, True]),
        ("network", DISK, SPOOLER, [True, False]),
        ("monitor", DISK, DISK, [True, True]),
        ("monitor", DISK, SPOOLER, [False, False]),
        ("device", DISK, SPOOLER, [False, False]),
        ("none", DISK, DISK, [False, False]),
    ],
)
def test_what_is_related_shares_a_ticket(
    bridge: Bridge,
    neighbours: list[Device],
    group: str,
    first: dict[str, Any],
    second: dict[str, Any],
    shared: list[bool],
):
    settings(related_group=group, related_effect="note")
    ticket = bridge.ticket(fire(bridge, **first))
    found = []
    for device in neighbours:
        uid = fire(bridge, deviceUid=device.datto_device_uid, **second)
        found.append(bridge.ticket(uid) == ticket)
        # The next one is to be compared with the first alone.
        Alert.objects.filter(alert_uid=uid).exclude(ticket=ticket).update(
            raised_at=timezone.now() - timedelta(hours=5)
        )
    assert found == shared


def test_the_window_slides_with_each_alert_that_joins(bridge: Bridge, neighbours: list[Device]):
    settings(related_group="site", related_window_minutes=5, related_effect="note")
    first = fire(bridge, **DISK)
    Alert.objects.filter(alert_uid=first).update(raised_at=timezone.now() - timedelta(minutes=4))
    second = fire(bridge, deviceUid=neighbours[0].datto_device_uid, **SPOOLER)
    assert bridge.ticket(second) == bridge.ticket(first)
    Alert.objects.filter(alert_uid=first).update(raised_at=timezone.now() - timedelta(minutes=8))
    Alert.objects.filter(alert_uid=second).update(raised_at=timezone.now() - timedelta(minutes=4))
    third = fire(bridge, deviceUid=neighbours[1].datto_device_uid, **SPOOLER)
    assert bridge.ticket(third) == bridge.ticket(first)
    Alert.objects.update(raised_at=timezone.now() - timedelta(minutes=6))
    late = fire(bridge, deviceUid=neighbours[1].datto_device_uid, contextClass="ping_ctx", subject="gateway")
    assert bridge.ticket(late) != bridge.ticket(first)


def test_a_related_alert_becomes_an_incident_of_the_first_ones_problem(
    bridge: Bridge, neighbours: list[Device]
):
    settings(related_group="site", related_effect="problem")
    first = bridge.ticket(fire(bridge, **DISK))
    second = bridge.ticket(fire(bridge, deviceUid=neighbours[0].datto_device_uid, **SPOOLER))
    assert second != first
    assert second.problem == first
    assert remote(bridge, second)["problemTicketId"] == first.autotask_ticket_id
    assert str(first) in remote(bridge, second)["description"].splitlines()[0]


def test_a_group_without_a_value_groups_nothing(bridge: Bridge, neighbours: list[Device]):
    Device.objects.update(external_ip="")
    settings(related_group="network")
    first = fire(bridge, **DISK)
    second = fire(bridge, deviceUid=neighbours[0].datto_device_uid, **SPOOLER)
    assert bridge.ticket(first) != bridge.ticket(second)
    assert Ticket.objects.count() == 2
