"""Alerts that are decided long after they were raised are no storm because of what came after them."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from mappings.models import Company, SiteMapping
from tests.tickets.services.conftest import Bridge
from tests.tickets.services.test_repeats import DISK, fire
from tests.tickets.services.test_storms import OFFLINE, Place, places
from tickets.models import Alert, AlertPolicy, Ticket
from tickets.services import sweep

__all__ = ["places"]


def raised_days_apart(uids: list[str]) -> None:
    for number, uid in enumerate(uids):
        at = timezone.now() - timedelta(days=30 - number)
        Alert.objects.filter(alert_uid=uid).update(raised_at=at, first_seen_at=at)


def map_all(bridge: Bridge) -> None:
    SiteMapping.objects.update(state=SiteMapping.State.CONFIRMED)
    bridge.perform(sweep.reconsider_alerts())


def test_alerts_of_many_sites_over_a_month_are_no_storm_across_sites(bridge: Bridge, places: list[Place]):
    Company.objects.create(autotask_company_id=0, name="Our own", synced_at=timezone.now())
    AlertPolicy.objects.update(storm_fleet_sites=4)
    SiteMapping.objects.update(state=SiteMapping.State.PROPOSED)
    raised_days_apart([fire(bridge, deviceUid=place.devices[0], **DISK) for place in places[:6]])
    map_all(bridge)
    assert set(Ticket.objects.values_list("kind", flat=True)) == {"single"}


def test_devices_of_a_site_over_a_month_are_no_storm_of_the_site(bridge: Bridge, places: list[Place]):
    place = max(places, key=lambda one: len(one.devices))
    SiteMapping.objects.update(state=SiteMapping.State.PROPOSED)
    count = max(4, -(-len(place.devices) * 40 // 100))
    raised_days_apart([fire(bridge, deviceUid=device, **OFFLINE) for device in place.devices[:count]])
    map_all(bridge)
    assert set(Ticket.objects.values_list("kind", flat=True)) == {"single"}
