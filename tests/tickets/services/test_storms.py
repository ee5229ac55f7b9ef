"""Many alerts that are one trouble: site down, one monitor at many sites, too many tickets at once; and silences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.utils import timezone

from integration.models import VendorCall
from mappings.models import Company, Device, Site, SiteMapping
from tests.tickets.services.conftest import Bridge
from tests.tickets.services.test_repeats import clear, fire, notes, remote, settings
from tickets.models import Action, Alert, AlertPolicy, Silence, Ticket
from tickets.services import sweep
from tickets.services.silences import end_silence

OFFLINE = {
    "contextClass": "online_offline_status_ctx",
    "context": {"status": "OFFLINE"},
    "priority": "Critical",
}


@dataclass
class Place:
    """A site of the sandbox with its devices, mapped."""

    site: Site
    devices: list[str]


@pytest.fixture
def places(bridge: Bridge) -> list[Place]:
    """Sites of the sandbox with at least four devices, each mapped to its own organization."""
    Device.objects.all().delete()
    SiteMapping.objects.all().delete()
    Site.objects.all().delete()
    Company.objects.all().delete()
    now, numbers = timezone.now(), count(1)
    sites = {one["uid"]: one for one in bridge.sandbox.call("GET", "/control/sites").json()["sites"]}
    by_site: dict[str, list[dict[str, Any]]] = {}
    for device in bridge.sandbox.call("GET", "/control/devices?limit=1000").json()["devices"]:
        if not device["deleted"]:
            by_site.setdefault(device["site_uid"], []).append(device)
    found = []
    for uid, devices in by_site.items():
        if len(devices) < 4 or not sites.get(uid, {}).get("companyId"):
            continue
        company, _ = Company.objects.get_or_create(
            autotask_company_id=sites[uid]["companyId"],
            defaults={"name": f"Organization {next(numbers)}", "synced_at": now},
        )
        site = Site.objects.create(datto_site_uid=uid, name=sites[uid]["name"], synced_at=now)
        SiteMapping.objects.create(site=site, company=company, state=SiteMapping.State.CONFIRMED)
        for device in devices:
            Device.objects.create(
                datto_device_uid=device["uid"],
                hostname=device["hostname"] or "host",
                site=site,
                synced_at=now,
            )
        found.append(Place(site, [device["uid"] for device in devices]))
    return found


def test_site_that_goes_down_gets_one_ticket_at_once(bridge: Bridge, places: list[Place]):
    place = max(places, key=lambda one: len(one.devices))
    down = place.devices[: max(4, -(-len(place.devices) * 40 // 100))]
    uids = [fire(bridge, deviceUid=device, **OFFLINE) for device in down]
    assert bridge.alert(uids[0]).state == Alert.State.TICKETED, "the first does not wait"
    assert bridge.alert(uids[1]).cause == "site_watch"
    bridge.perform(sweep.reconsider_alerts())
    ticket = bridge.ticket(uids[0])
    ticket.refresh_from_db()
    assert ticket.kind == "site"
    assert {bridge.ticket(uid) for uid in uids} == {ticket}
    bridge.perform_due()
    assert remote(bridge, ticket)["title"] == f"Site offline: {place.site.name}"
    assert f"stood for {len(down)} alerts" in notes(bridge, ticket)[-1]
    for uid in uids[:-1]:
        clear(bridge, uid)
    ticket.refresh_from_db()
    assert ticket.state == Ticket.State.OPEN
    clear(bridge, uids[-1])
    bridge.perform_due()
    ticket.refresh_from_db()
    assert ticket.state == Ticket.State.COMPLETED


def test_two_devices_that_go_down_get_their_own_tickets_after_the_watch(bridge: Bridge, places: list[Place]):
    place = max(places, key=lambda one: len(one.devices))
    first, second = (fire(bridge, deviceUid=device, **OFFLINE) for device in place.devices[:2])
    assert bridge.alert(second).state == Alert.State.HELD
    bridge.perform(sweep.reconsider_alerts(timezone.now() + timedelta(seconds=90)))
    assert bridge.alert(second).state == Alert.State.TICKETED
    assert bridge.ticket(first) != bridge.ticket(second)


def test_one_monitor_at_many_sites_gets_one_ticket_of_our_own_organization(
    bridge: Bridge, places: list[Place]
):
    own = Company.objects.create(autotask_company_id=0, name="Our MSP", synced_at=timezone.now())
    AlertPolicy.objects.update(storm_fleet_sites=4)
    agent = {
        "contextClass": "srvc_status_ctx",
        "subject": "BackupAgent",
        "context": {"serviceName": "BackupAgent"},
    }
    uids = [fire(bridge, deviceUid=place.devices[0], **agent) for place in places[:6]]
    tickets = [bridge.ticket(uid) for uid in uids]
    assert [ticket.company == own for ticket in tickets] == [False] * 3 + [True] * 3
    assert len({ticket.pk for ticket in tickets}) == 4
    assert remote(bridge, tickets[-1])["title"].startswith("Many sites:")
    assert bridge.alert(uids[-1]).state == Alert.State.MERGED


def test_too_many_tickets_in_a_minute_are_grouped_by_site(bridge: Bridge, places: list[Place]):
    AlertPolicy.objects.update(breaker_per_minute=3)
    place = places[0]
    uids = [
        fire(
            bridge, deviceUid=place.devices[number % 4], contextClass="srvc_status_ctx", subject=f"s{number}"
        )
        for number in range(8)
    ]
    tickets = {bridge.ticket(uid) for uid in uids}
    assert len(tickets) == 4
    assert [ticket.kind for ticket in tickets].count("breaker") == 1


def test_a_storm_costs_few_calls(bridge: Bridge, places: list[Place]):
    VendorCall.objects.all().delete()
    place = max(places, key=lambda one: len(one.devices))
    for device in place.devices:
        fire(bridge, deviceUid=device, **OFFLINE)
    bridge.perform(sweep.reconsider_alerts())
    bridge.perform_due()
    assert VendorCall.objects.filter(vendor="autotask").exclude(path__icontains="zone").count() <= 12


def silence(bridge: Bridge, **values: Any) -> Silence:
    now = timezone.now()
    given = {
        "name": "quiet",
        "reason": "work",
        "device": bridge.device,
        "starts_at": now - timedelta(minutes=1),
    }
    return Silence.objects.create(**{**given, "ends_at": now + timedelta(hours=1), **values})


def test_silenced_alert_makes_no_ticket_and_says_by_whom_and_until_when(bridge: Bridge):
    hush = silence(bridge)
    uid = fire(bridge)
    alert = bridge.alert(uid)
    assert (alert.state, alert.silence) == (Alert.State.SILENCED, hush)
    assert "quiet" in alert.reason
    assert "work" in alert.reason
    end_silence(hush, "tested.", timezone.now())
    bridge.perform(sweep.reconsider_alerts())
    assert bridge.alert(uid).state == Alert.State.TICKETED


def test_silence_that_is_over_lets_go_by_itself(bridge: Bridge):
    silence(bridge)
    uid = fire(bridge)
    bridge.perform(sweep.reconsider_alerts(timezone.now() + timedelta(hours=2)))
    assert bridge.alert(uid).state == Alert.State.TICKETED


def test_each_silence_that_hid_an_alert_tells_of_it(bridge: Bridge):
    first = silence(bridge)
    uid = fire(bridge)
    second = silence(bridge, ends_at=timezone.now() + timedelta(hours=3))
    bridge.perform(sweep.reconsider_alerts(timezone.now() + timedelta(hours=2)))
    assert bridge.alert(uid).silence == second
    assert [one.alert_uid for one in first.hidden.all()] == [uid]
    assert [one.alert_uid for one in second.hidden.all()] == [uid]


@pytest.mark.parametrize(
    "scope",
    [
        lambda bridge: {"device": None, "company": bridge.company},
        lambda bridge: {"device": None, "site": bridge.site},
        lambda bridge: {"device": None, "pattern": "service-\\d+"},
    ],
    ids=["organization", "site", "pattern"],
)
def test_a_silence_for_an_organization_a_site_or_a_pattern_hides_theirs_alone(bridge: Bridge, scope: Any):
    hush = silence(bridge, **scope(bridge))
    hidden = fire(bridge)
    assert bridge.alert(hidden).silence == hush
    Silence.objects.filter(pk=hush.pk).update(company=None, site=None, pattern="nothing like that")
    assert bridge.alert(fire(bridge)).state == Alert.State.TICKETED


def test_silence_ends_with_its_ticket(bridge: Bridge):
    first = fire(bridge, contextClass="ping_ctx")
    silence(bridge, ends_at=None, ends_with=bridge.ticket(first))
    hidden = fire(bridge)
    assert bridge.alert(hidden).state == Alert.State.SILENCED
    clear(bridge, first)
    bridge.perform(sweep.reconsider_alerts())
    assert bridge.alert(hidden).state == Alert.State.TICKETED


def test_maintenance_holds_and_what_cleared_meanwhile_makes_no_ticket(bridge: Bridge):
    silence(bridge, effect=Silence.Effect.HOLD)
    lasting, passing = fire(bridge), fire(bridge)
    assert bridge.alert(lasting).cause == "maintenance"
    clear(bridge, passing)
    bridge.perform(sweep.reconsider_alerts(timezone.now() + timedelta(hours=2)))
    assert bridge.alert(lasting).state == Alert.State.TICKETED
    assert bridge.alert(passing).state == Alert.State.CLEARED
    assert Ticket.objects.count() == 1


def test_a_touched_ticket_is_never_completed_by_itself(bridge: Bridge):
    uid = fire(bridge)
    ticket = bridge.ticket(uid)
    bridge.sandbox.control(f"tickets/{ticket.autotask_ticket_id}/note", {"text": "I am on it."})
    clear(bridge, uid)
    ticket.refresh_from_db()
    assert ticket.state == Ticket.State.OPEN
    assert ticket.touched_why == "a technician wrote a note"
    assert "stays open because a technician wrote a note" in notes(bridge, ticket)[-1]
    bridge.perform(sweep.settle_open_ends())
    assert Action.objects.filter(kind=Action.Kind.COMPLETE_TICKET, state=Action.State.DONE).count() == 0


def test_assignment_by_a_workflow_rule_is_no_touch(bridge: Bridge):
    autotask = bridge.sandbox.sandbox.autotask
    autotask.add_workflow_rule("assign", on="create", assign={"queueID": 5})
    try:
        uid = fire(bridge)
        ticket = bridge.ticket(uid)
        assert remote(bridge, ticket)["queueID"] == 5
        clear(bridge, uid)
        ticket.refresh_from_db()
        assert ticket.state == Ticket.State.COMPLETED
    finally:
        autotask.clear_workflow_rules()


def test_protected_queue_is_never_completed(bridge: Bridge):
    AlertPolicy.objects.update(protected_queues=[8])
    uid = fire(bridge)
    clear(bridge, uid)
    ticket = bridge.ticket(uid)
    ticket.refresh_from_db()
    assert ticket.state == Ticket.State.OPEN
    assert "protected" in notes(bridge, ticket)[-1]


def test_person_who_cleared_the_alert_may_have_another_status(bridge: Bridge):
    from mappings.models import PicklistValue  # noqa: PLC0415 - only here

    done = PicklistValue.objects.get(entity="Tickets", field="status", value=8)
    settings(cleared_status=done)
    uid = fire(bridge)
    ticket = bridge.ticket(uid)
    clear(bridge, uid, by="Mira Lopez")
    assert remote(bridge, ticket)["status"] == 8
