"""Alerts of one trouble that several workers decide at the same moment, on a real PostgreSQL: one ticket."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import count

import pytest
from django.db import connection
from django.utils import timezone

from mappings.models import Company, Device, Site, SiteMapping
from tests.concurrency.test_two_workers import at_once
from tickets.models import Action, Alert, Monitor, MonitorType, Ticket
from tickets.services.close import record_alert_resolved
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


def in_turn(deeds: Iterable[Callable[[], object]]) -> Callable[[], object]:
    """Return work of which each worker does another part."""
    waiting = iter(deeds)

    def work() -> object:
        return next(waiting)()

    return work


def end_alert(pk: int) -> list[int]:
    return record_alert_resolved(pk, resolved_at=None, resolved_by="")


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


def test_a_storm_across_sites_that_all_workers_see_at_once_gets_one_ticket(site: Site):
    now = timezone.now()
    alerts = []
    for number in range(12):
        company = Company.objects.create(autotask_company_id=100 + number, name=f"C{number}", synced_at=now)
        other = Site.objects.create(datto_site_uid=f"s{number}", name=f"S{number}", synced_at=now)
        SiteMapping.objects.create(site=other, company=company, state=SiteMapping.State.CONFIRMED)
        Device.objects.create(datto_device_uid=f"x{number}", hostname=f"X{number}", site=other, synced_at=now)
        alerts.append(
            make_alert(number, other, device=f"x{number}", condition=f"svc {number}", slug="service").pk
        )
    waiting = iter(alerts)
    at_once(lambda: decide_alert(next(waiting)))
    assert Ticket.objects.filter(kind="fleet").count() == 1


def test_an_alert_that_joins_while_another_clears_is_never_left_without_a_ticket(site: Site):
    for number in range(40):
        first = make_alert(1000 + 2 * number, site, device="d1", condition=f"c{number}", slug="service")
        decide_alert(first.pk)
        second = make_alert(1001 + 2 * number, site, device="d1", condition=f"c{number}", slug="service")
        deeds: list[Callable[[], object]] = [
            partial(decide_alert, second.pk),
            partial(end_alert, first.pk),
            *[list] * 6,
        ]
        at_once(in_turn(deeds))
        second.refresh_from_db()
        assert second.state == Alert.State.TICKETING, second.state
        making = Action.objects.filter(
            ticket=second.ticket, kind=Action.Kind.CREATE_TICKET, state=Action.State.WAITING
        )
        assert making.count() == 1, number
