"""The ledger: its page, and that it is held against Datto RMM's own list by the poll, without further calls."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from integration.models import VendorCall
from tests.tickets.admin import rows
from tests.tickets.services.conftest import Bridge, bridge, sandbox, start_run
from tests.tickets.services.test_repeats import fire
from tickets.models import Alert, LedgerCheck, Ticket
from tickets.services.ledger import CHECK_EVERY, compare
from tickets.services.polling import sync_alerts

__all__ = ["bridge", "sandbox"]


def poll() -> None:
    sync_alerts(start_run("alerts"), lambda _due: None)


def page(signed_in) -> str:
    return str(signed_in.get(reverse("ledger")).content.decode())


def test_each_state_and_cause_links_to_its_list(signed_in):
    rows.make_alerts(60)
    Alert.objects.filter(state="held").update(cause="hold_off")
    html = page(signed_in)
    for state in Alert.State.values:
        assert f"state__exact={state}" in html
    assert "state__exact=held&amp;cause__exact=hold_off" in html
    assert "held off: it may clear by itself" in html


def test_nothing_is_called_balanced_before_it_was_held_against_datto(signed_in):
    rows.make_alerts(60)
    assert "It balances" not in page(signed_in)
    assert "Not held against" in page(signed_in)


def test_the_poll_holds_the_ledger_every_half_hour_with_the_list_it_has(signed_in, bridge: Bridge):
    fire(bridge)
    poll()
    VendorCall.objects.all().delete()
    check = LedgerCheck.objects.get()
    assert check.balances
    assert check.open_in_datto == sum(check.result["states"].values()) > 0
    assert "It balances:" in page(signed_in)
    poll()
    assert LedgerCheck.objects.count() == 1
    assert (
        not VendorCall.objects.exclude(path__endswith="/alerts/open").exclude(path__contains="token").exists()
    )
    LedgerCheck.objects.update(checked_at=timezone.now() - CHECK_EVERY)
    poll()
    assert LedgerCheck.objects.count() == 2


def test_an_alert_without_a_reason_unbalances_it_until_the_next_poll_finds_it_well(signed_in, bridge: Bridge):
    uid = fire(bridge)
    poll()
    good = LedgerCheck.objects.get()
    LedgerCheck.objects.update(checked_at=timezone.now() - CHECK_EVERY)
    Alert.objects.filter(alert_uid=uid).update(ticket=None)
    poll()
    bad = LedgerCheck.objects.latest("checked_at")
    assert (bad.balances, bad.result["unexplained"]) == (False, [uid])
    html = page(signed_in)
    assert "It does not balance" in html
    assert "It last balanced" in html
    assert uid in html
    poll()
    assert LedgerCheck.objects.count() == 2, "the same trouble is told by one row"
    Alert.objects.filter(alert_uid=uid).update(state="filtered", reason="By rule.")
    poll()
    assert LedgerCheck.objects.latest("checked_at").balances, (
        "it does not wait half an hour to find it well again"
    )
    assert LedgerCheck.objects.filter(pk=good.pk).exists()


def test_a_hold_that_nothing_would_end_is_no_explanation(db):
    now = timezone.now()
    alerts: dict[str, dict[str, Any]] = {
        "a": {"state": "held", "not_before": now},
        "b": {"state": "held"},
        "c": {"state": "cleared"},
        "d": {"state": "filtered", "reason": ""},
    }
    for uid, values in alerts.items():
        Alert.objects.create(alert_uid=uid, **{"reason": "Because.", **values})
    assert compare({"a", "b", "c", "d", "e"}, now).unexplained == ["b", "c", "d"]
    assert compare({"e"}, now).missing == ["e"]


def test_what_closed_while_the_list_was_read_is_no_contradiction(bridge: Bridge):
    uid = fire(bridge)
    before = timezone.now() - timedelta(seconds=1)
    bridge.resolve_in_datto(uid)
    bridge.deliver(uid, "resolved")
    assert compare({uid}, before).closed_here == []
    assert compare({uid}, timezone.now() + timedelta(seconds=1)).closed_here == [uid]


def test_tickets_that_need_somebody_are_named(signed_in, bridge: Bridge):
    first = fire(bridge)
    stranded, deleted = bridge.ticket(first), bridge.ticket(fire(bridge))
    Alert.objects.filter(alert_uid=first).update(is_resolved=True)
    Ticket.objects.filter(pk=deleted.pk).update(state=Ticket.State.DELETED)
    found = compare(set(), timezone.now()).to_json()
    assert found["stranded_tickets"] == [str(stranded)]
    assert found["deleted_tickets"] == [str(deleted)]
    html = page(signed_in)
    for ticket in (stranded, deleted):
        assert reverse("admin:tickets_ticket_change", args=[ticket.pk]) in html
