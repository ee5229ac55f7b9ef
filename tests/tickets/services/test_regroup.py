"""Groups that a person undoes, and groups a person makes: exactly once, nothing lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integration.clients import datto_client
from integration.vendors.budget import Lane
from mappings.models import Company
from tests.tickets.services.conftest import Bridge
from tests.tickets.services.test_repeats import clear, fire, notes, remote
from tests.tickets.services.test_storms import OFFLINE, Place, places
from tickets.models import Alert, AlertPolicy, Ticket, TimelineEvent
from tickets.services import regroup, sweep
from tickets.services.ledger import reconcile

__all__ = ["places"]


@pytest.fixture
def boss(db: None) -> User:
    return User.objects.create_user("boss")


def biggest(places: list[Place]) -> Place:
    return max(places, key=lambda one: len(one.devices))


@pytest.fixture
def site_storm(bridge: Bridge, places: list[Place]) -> tuple[Ticket, list[str]]:
    """Four devices of a site that are down, in one ticket."""
    AlertPolicy.objects.update(storm_site_percent=1)
    uids = [fire(bridge, deviceUid=device, **OFFLINE) for device in biggest(places).devices[:4]]
    bridge.perform(sweep.reconsider_alerts())
    bridge.perform_due()
    ticket = bridge.ticket(uids[0])
    assert ticket.kind == "site"
    assert {bridge.alert(uid).ticket for uid in uids} == {ticket}
    return ticket, uids


def unexplained(bridge: Bridge) -> list[str]:
    ledger = reconcile(datto_client(lane=Lane.INTERACTIVE, subject="test"))
    # Alerts that other tests left open in the sandbox are unknown here; ours must all be explained.
    return [*ledger.unexplained, *ledger.closed_here]


def test_an_exploded_group_gets_a_ticket_for_each_alert_and_is_not_grouped_again(bridge, site_storm, boss):
    ticket, uids = site_storm
    done = regroup.explode_ticket(ticket, boss)
    assert (done.alerts, done.refusal) == (3, "")
    bridge.perform(done.due)
    assert bridge.alert(uids[0]).ticket == ticket, "the leader keeps its ticket"
    tickets = [bridge.alert(uid).ticket for uid in uids]
    assert len(set(tickets)) == 4
    for uid, own in zip(uids[1:], tickets[1:], strict=True):
        assert bridge.alert(uid).state == Alert.State.TICKETED
        assert remote(bridge, own)["externalID"] == f"rmm-alert:{uid}#2"
        assert TimelineEvent.objects.filter(alert__alert_uid=uid, kind="taken_out", user=boss).count() == 1
    assert unexplained(bridge) == []
    again = regroup.explode_ticket(ticket, boss)
    assert again.alerts == 0
    assert "Nothing to take out" in again.refusal
    assert Ticket.objects.count() == 4


def test_after_an_explosion_the_next_device_is_judged_afresh(bridge, site_storm, places, boss):
    ticket, _uids = site_storm
    bridge.perform(regroup.explode_ticket(ticket, boss).due)
    fifth = fire(bridge, deviceUid=biggest(places).devices[4], **OFFLINE)
    assert bridge.alert(fifth).state == Alert.State.TICKETED
    assert bridge.alert(fifth).ticket != ticket


def test_one_alert_is_released_and_the_others_stay(bridge, site_storm, boss):
    ticket, uids = site_storm
    done = regroup.release_alert(ticket, bridge.alert(uids[2]).pk, boss)
    bridge.perform(done.due)
    assert done.alerts == 1
    assert [bridge.alert(uid).ticket == ticket for uid in uids] == [True, True, False, True]
    ticket.refresh_from_db()
    assert ticket.kind == "site", "the group goes on"


def test_the_leader_clearing_then_ends_the_group_ticket_alone(bridge, site_storm, boss):
    ticket, uids = site_storm
    bridge.perform(regroup.explode_ticket(ticket, boss).due)
    clear(bridge, uids[0])
    bridge.perform_due()
    ticket.refresh_from_db()
    assert ticket.state == Ticket.State.COMPLETED
    assert all(bridge.alert(uid).ticket.state == Ticket.State.OPEN for uid in uids[1:])
    assert not any(bridge.alert(uid).is_resolved for uid in uids[1:]), (
        "the end of one closes none of the others"
    )


def test_a_ticket_that_is_being_made_cannot_be_exploded(bridge, boss):
    ticket = Ticket.objects.create(correlation_key="k", company=bridge.company, kind="site")
    assert "still being made" in regroup.explode_ticket(ticket, boss).refusal


@pytest.fixture
def fleet_storm(bridge: Bridge, places: list[Place]) -> tuple[Ticket, list[str]]:
    """One monitor at six sites: three tickets, then one of our own organization with three alerts."""
    Company.objects.create(autotask_company_id=0, name="Our MSP", synced_at=timezone.now())
    AlertPolicy.objects.update(storm_fleet_sites=4)
    agent = {"contextClass": "srvc_status_ctx", "subject": "Agent9", "context": {"serviceName": "Agent9"}}
    uids = [fire(bridge, deviceUid=place.devices[0], **agent) for place in places[:6]][3:]
    bridge.perform_due()
    ticket = bridge.ticket(uids[0])
    assert ticket.kind == "fleet"
    return ticket, uids


def test_a_released_storm_gives_each_organization_its_ticket_and_ends(bridge, fleet_storm, boss):
    ticket, uids = fleet_storm
    done = regroup.release_all(ticket, boss)
    bridge.perform(done.due)
    assert done.alerts == 3
    tickets = [bridge.alert(uid).ticket for uid in uids]
    assert len({*tickets, ticket}) == 4
    assert all(one.company.name != "Our MSP" for one in tickets)
    ticket.refresh_from_db()
    assert ticket.state == Ticket.State.COMPLETED
    assert "Released by boss" in remote(bridge, ticket)["resolution"]
    assert unexplained(bridge) == []


def test_a_released_storm_that_a_person_works_on_stays_open(bridge, fleet_storm, boss):
    ticket, _uids = fleet_storm
    bridge.sandbox.control(f"tickets/{ticket.autotask_ticket_id}/note", {"text": "I am on it."})
    bridge.perform(regroup.release_all(ticket, boss).due)
    ticket.refresh_from_db()
    assert ticket.state == Ticket.State.OPEN


def test_dropped_alerts_are_filtered_with_the_reason_and_its_author(bridge, fleet_storm, boss):
    ticket, uids = fleet_storm
    assert "reason" in regroup.drop_all(ticket, boss, "  ").refusal
    done = regroup.drop_all(ticket, boss, "vendor outage")
    assert done.alerts == 2
    assert bridge.alert(uids[0]).ticket == ticket
    for uid in uids[1:]:
        alert = bridge.alert(uid)
        assert (alert.state, alert.cause, alert.ticket) == (Alert.State.FILTERED, "dropped", None)
        assert "boss" in alert.reason
        assert "vendor outage" in alert.reason
    bridge.perform(sweep.reconsider_alerts(timezone.now() + timedelta(hours=1)))
    assert bridge.alert(uids[1]).state == Alert.State.FILTERED, "no sweep takes it up again"
    assert unexplained(bridge) == []


def test_merge_more_joins_alerts_and_ends_the_tickets_they_leave(bridge, boss):
    first, second, third = (fire(bridge) for _ in range(3))
    ticket, left = bridge.alert(first).ticket, bridge.alert(second).ticket
    silenced = bridge.alert(third)
    candidates = {alert.alert_uid for alert in regroup.list_candidates(ticket)}
    assert {second, third} <= candidates
    assert first not in candidates
    done = regroup.merge_alerts(ticket, [bridge.alert(second).pk, silenced.pk], boss)
    assert done.alerts == 2
    bridge.perform(done.due)
    bridge.perform_due()
    assert [bridge.alert(uid).ticket for uid in (second, third)] == [ticket, ticket]
    assert bridge.alert(second).cause == "by_hand"
    left.refresh_from_db()
    ticket.refresh_from_db()
    assert left.state == Ticket.State.COMPLETED
    assert f"merged into ticket {ticket}" in remote(bridge, left)["resolution"]
    assert not bridge.alert(second).is_resolved, "the end of the left ticket resolves nothing"
    assert ticket.occurrences == 3
    assert any("stood for 3 alerts" in text for text in notes(bridge, ticket))
    assert unexplained(bridge) == []


def test_merging_twice_joins_once(bridge, boss):
    first, second = fire(bridge), fire(bridge)
    ticket, chosen = bridge.alert(first).ticket, [bridge.alert(second).pk]
    assert regroup.merge_alerts(ticket, chosen, boss).alerts == 1
    again = regroup.merge_alerts(ticket, chosen, boss)
    assert again.alerts == 0
    assert "Choose at least one" in again.refusal
    ticket.refresh_from_db()
    assert ticket.occurrences == 2


def test_an_alert_of_another_organization_does_not_join(bridge, places, boss):
    one = fire(bridge, deviceUid=places[0].devices[0])
    other = fire(bridge, deviceUid=places[1].devices[0])
    done = regroup.merge_alerts(bridge.alert(one).ticket, [bridge.alert(other).pk], boss)
    assert done.alerts == 0
    assert bridge.alert(other).ticket != bridge.alert(one).ticket
