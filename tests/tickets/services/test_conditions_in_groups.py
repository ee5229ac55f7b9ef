"""A condition whose alert joined another one's ticket: when it fires again, that ticket still stands for it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from mappings.models import Company
from tests.tickets.services.conftest import Bridge
from tests.tickets.services.test_repeats import (
    DISK,
    SPOOLER,
    clear,
    fire,
    intake_ticket,
    notes,
    remote,
    settings,
)
from tickets.models import Alert, MonitorType, Ticket, TicketRule
from tickets.services import regroup


@pytest.fixture
def joined(bridge: Bridge) -> tuple[Ticket, str]:
    """Return a disk's ticket, and the alert of a service that joined it half an hour ago."""
    settings(related_group="device", related_effect="item")
    ticket = bridge.ticket(fire(bridge, **DISK))
    follower = fire(bridge, **SPOOLER)
    assert bridge.ticket(follower) == ticket
    Alert.objects.update(raised_at=timezone.now() - timedelta(minutes=30))
    return ticket, follower


def test_a_follower_that_fires_again_joins_the_ticket_it_is_in(bridge: Bridge, joined: tuple[Ticket, str]):
    ticket, _ = joined
    again = fire(bridge, **SPOOLER)
    assert (bridge.ticket(again), bridge.alert(again).cause) == (ticket, "repeat")
    assert Ticket.objects.count() == 1


def test_it_does_so_after_it_had_cleared(bridge: Bridge, joined: tuple[Ticket, str]):
    ticket, follower = joined
    clear(bridge, follower)
    assert bridge.ticket(fire(bridge, **SPOOLER)) == ticket


def test_a_follower_that_returns_opens_the_ticket_again_that_stood_for_it(
    bridge: Bridge, joined: tuple[Ticket, str]
):
    ticket, follower = joined
    leader = ticket.alerts.exclude(alert_uid=follower).get().alert_uid
    clear(bridge, follower)
    clear(bridge, leader)
    ticket.refresh_from_db()
    assert ticket.state == Ticket.State.COMPLETED
    again = fire(bridge, **SPOOLER)
    assert bridge.ticket(again) == ticket
    assert remote(bridge, ticket)["status"] == 1


def test_what_was_taken_out_has_a_ticket_of_its_own_for_all_of_its_alerts(
    bridge: Bridge, joined: tuple[Ticket, str]
):
    ticket, follower = joined
    again = fire(bridge, **SPOOLER)
    done = regroup.release_alert(ticket, bridge.alert(follower).pk, User.objects.create_user("boss"))
    bridge.perform(done.due)
    assert done.alerts == 2
    assert bridge.ticket(follower) == bridge.ticket(again) != ticket
    assert bridge.ticket(fire(bridge, **SPOOLER)) == bridge.ticket(follower)
    assert Ticket.objects.count() == 2


def test_an_open_ticket_of_another_organization_is_not_joined(bridge: Bridge):
    first = bridge.ticket(fire(bridge, **DISK))
    other = Company.objects.exclude(pk=bridge.company.pk).first() or Company.objects.create(
        autotask_company_id=29_700_001, name="Moved here", synced_at=timezone.now()
    )
    Ticket.objects.filter(pk=first.pk).update(company=other)
    assert bridge.ticket(fire(bridge, **DISK)) != first


def test_a_completed_ticket_of_another_organization_is_not_opened_again(bridge: Bridge):
    uid = fire(bridge, **DISK)
    first = bridge.ticket(uid)
    clear(bridge, uid)
    other = Company.objects.create(
        autotask_company_id=29_700_001, name="Moved here", synced_at=timezone.now()
    )
    Ticket.objects.filter(pk=first.pk).update(company=other)
    again = bridge.ticket(fire(bridge, **DISK))
    assert again != first
    first.refresh_from_db()
    assert first.state == Ticket.State.COMPLETED


def test_what_cleared_of_a_group_is_told_in_one_note(bridge: Bridge, joined: tuple[Ticket, str]):
    ticket, follower = joined
    clear(bridge, follower)
    assert [note for note in notes(bridge, ticket) if "cleared" in note] == []
    bridge.perform_due()
    [note] = [note for note in notes(bridge, ticket) if "cleared" in note]
    lines = note.splitlines()
    assert lines[0] == "1 of 2 alerts cleared. Still open:"
    assert lines[1].startswith("- C:")
    assert lines[1].endswith(f"on {bridge.device.hostname}")
    # The rest within the hour is told by the resolution.
    clear(bridge, fire(bridge, **SPOOLER))
    bridge.perform_due()
    assert len([note for note in notes(bridge, ticket) if "cleared" in note]) == 1


def test_a_group_that_is_over_before_the_note_is_sent_gets_none(bridge: Bridge, joined: tuple[Ticket, str]):
    ticket, follower = joined
    settings(clear_delay_minutes=5)
    clear(bridge, follower)
    for alert in ticket.alerts.filter(is_resolved=False):
        clear(bridge, alert.alert_uid)
    bridge.perform_due()
    assert remote(bridge, ticket)["status"] == 5
    assert [note for note in notes(bridge, ticket) if "1 of 2" in note] == []


def test_a_single_condition_that_repeats_is_no_group(bridge: Bridge):
    first = fire(bridge, **DISK)
    fire(bridge, **DISK)
    clear(bridge, first)
    assert not bridge.ticket(first).actions.filter(kind="clear_note").exists()


def test_completing_the_ticket_resolves_all_alerts_of_the_group(bridge: Bridge, joined: tuple[Ticket, str]):
    ticket, follower = joined
    leader = ticket.alerts.exclude(alert_uid=follower).get().alert_uid
    repeat = fire(bridge, **DISK)
    bridge.sandbox.control(f"tickets/{ticket.autotask_ticket_id}/complete", {"resolution": "Done."})
    bridge.perform(intake_ticket(bridge, ticket))
    assert [bridge.remote_alert(uid)["resolved"] for uid in (leader, follower, repeat)] == [True] * 3


def test_a_rule_that_opts_out_keeps_its_own_alert_open_and_resolves_the_others(
    bridge: Bridge, joined: tuple[Ticket, str]
):
    ticket, follower = joined
    leader = ticket.alerts.exclude(alert_uid=follower).get().alert_uid
    TicketRule.objects.create(
        name="Disks stay", monitor_type=MonitorType.objects.get(slug="disk_usage"), resolve_on_complete=False
    )
    bridge.sandbox.control(f"tickets/{ticket.autotask_ticket_id}/complete", {"resolution": "Done."})
    bridge.perform(intake_ticket(bridge, ticket))
    assert bridge.remote_alert(follower)["resolved"]
    assert not bridge.remote_alert(leader)["resolved"]
