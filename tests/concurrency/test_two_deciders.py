"""Alerts of one trouble that several workers decide at the same moment, on a real PostgreSQL: one ticket."""

from __future__ import annotations

from itertools import count

import pytest
from django.db import connection
from django.utils import timezone

from mappings.models import Company, Device, Site, SiteMapping
from tests.concurrency.test_two_workers import at_once
from tickets.models import Action, Alert, Monitor, MonitorType, Ticket
from tickets.services.decide import decide_alert
from tickets.services.defaults import ensure_rows

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def site() -> Site:
    assert connection.vendor == "postgresql"
    ensure_rows()
    now = timezone.now()
    company = Company.objects.create(autotask_company_id=7, name="Contoso", synced_at=now)
    site = Site.objects.create(datto_site_uid="site", name="Contoso", synced_at=now)
    SiteMapping.objects.create(site=site, company=company, state=SiteMapping.State.CONFIRMED)
    for number in range(20):
        Device.objects.create(datto_device_uid=f"d{number}", hostname=f"H{number}", site=site, synced_at=now)
    return site


def make_alert(number: int, site: Site, *, device: str, condition: str, slug: str) -> Alert:
    now = timezone.now()
    monitor_type = MonitorType.objects.get(slug=slug)
    monitor, _ = Monitor.objects.get_or_create(
        label=slug, defaults={"monitor_type": monitor_type, "first_seen_at": now, "last_seen_at": now}
    )
    return Alert.objects.create(
        alert_uid=f"alert-{number}",
        priority="High",
        monitor_type=monitor_type,
        monitor=monitor,
        condition_key=condition,
        datto_site_uid=site.datto_site_uid,
        datto_device_uid=device,
        raised_at=now,
    )


def test_alerts_of_one_condition_make_one_ticket(site: Site):
    alerts = iter(
        [make_alert(n, site, device="d1", condition="disk C of d1", slug="disk_usage").pk for n in range(8)]
    )
    at_once(lambda: decide_alert(next(alerts)))
    assert Ticket.objects.count() == 1
    assert Action.objects.filter(kind=Action.Kind.CREATE_TICKET).count() == 1
    assert Ticket.objects.get().occurrences == 8
    assert set(Alert.objects.values_list("state", flat=True)) == {Alert.State.TICKETING}


def test_a_site_that_goes_down_makes_one_ticket(site: Site):
    numbers = count()
    alerts = iter(
        [
            make_alert(next(numbers), site, device=f"d{n}", condition=f"offline {n}", slug="online_status").pk
            for n in range(8)
        ]
    )
    at_once(lambda: decide_alert(next(alerts)))
    # The first may have begun before it was a storm; everyone else joined it or waits a moment.
    assert Ticket.objects.count() == 1
    states = set(Alert.objects.values_list("state", flat=True))
    assert states <= {Alert.State.TICKETING, Alert.State.HELD}
