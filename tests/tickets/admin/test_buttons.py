"""The buttons on the pages of an alert and a ticket: what they do, what they say, and that it is on record."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from tests.tickets.services.conftest import Bridge, bridge, sandbox
from tests.tickets.services.test_repeats import fire, settings
from tickets.models import Alert, Silence, Ticket, TicketDefaults

__all__ = ["bridge", "sandbox"]

SPOOLER = {"contextClass": "srvc_status_ctx", "subject": "Spooler"}


def said(answer: Any) -> str:
    return " ".join(str(message) for message in answer.context["messages"])


def press(client: Any, name: str, row: Any, **data: Any) -> str:
    return said(client.post(reverse(name, args=[row.pk]), data, follow=True))


def logged() -> list[str]:
    return list(LogEntry.objects.order_by("id").values_list("change_message", flat=True))


def do(bridge: Bridge) -> None:
    """Do what a worker does with what a button asked for."""
    bridge.perform_due()


def test_a_held_alert_gets_its_ticket_now(signed_in, boss, bridge: Bridge, celery_outbox):
    settings(hold_off_minutes=30)
    alert = bridge.alert(fire(bridge))
    assert (alert.state, alert.cause) == (Alert.State.HELD, "hold_off")
    page = signed_in.get(reverse("admin:tickets_alert_change", args=[alert.pk])).content.decode()
    assert reverse("alert-now", args=[alert.pk]) in page
    assert "It waits no longer." in press(signed_in, "alert-now", alert)
    do(bridge)
    alert = bridge.alert(alert.alert_uid)
    assert alert.state == Alert.State.TICKETED
    assert alert.events.filter(kind="released", user=boss).count() == 1
    assert [text for text in logged() if "ticket now" in text]
    assert "Nothing was done" in press(signed_in, "alert-now", alert)
    assert Ticket.objects.count() == 1


def test_a_silenced_alert_gets_its_ticket_now_and_the_silence_goes_on(
    signed_in, bridge: Bridge, celery_outbox
):
    first = bridge.alert(fire(bridge))
    press(signed_in, "alert-silence", first, scope="device", ends="4h", reason="moving")
    hidden = bridge.alert(fire(bridge))
    assert hidden.state == Alert.State.SILENCED
    press(signed_in, "alert-now", hidden)
    do(bridge)
    assert bridge.alert(hidden.alert_uid).state == Alert.State.TICKETED
    assert bridge.alert(fire(bridge)).state == Alert.State.SILENCED, "the silence goes on for others"


def test_what_stands_in_the_way_of_a_ticket_is_said(signed_in, bridge: Bridge, celery_outbox):
    settings(hold_off_minutes=30)
    alert = bridge.alert(fire(bridge))
    bridge.mapping.company = None
    bridge.mapping.state = "unmapped"
    bridge.mapping.save()
    assert "no organization yet" in press(signed_in, "alert-now", alert)
    alert = bridge.alert(alert.alert_uid)
    assert (alert.state, alert.skips_holds) == (Alert.State.BLOCKED, True), (
        "mapped later, it is not held again"
    )


def test_an_alert_is_taken_out_of_its_group_from_either_page(signed_in, bridge: Bridge, celery_outbox):
    settings(related_group="device", related_window_minutes=30)
    uids = [fire(bridge) for _ in range(3)]
    ticket = bridge.ticket(uids[0])
    assert {bridge.ticket(uid) for uid in uids} == {ticket}
    leader, second, third = (bridge.alert(uid) for uid in uids)
    page = signed_in.get(reverse("admin:tickets_ticket_change", args=[ticket.pk])).content.decode()
    assert reverse("alert-take-out", args=[second.pk]) in page
    assert reverse("alert-take-out", args=[leader.pk]) not in page
    answer = signed_in.post(reverse("alert-take-out", args=[second.pk]), {"back": "ticket"})
    assert answer.headers["Location"] == reverse("admin:tickets_ticket_change", args=[ticket.pk])
    assert (
        reverse("alert-take-out", args=[third.pk])
        in signed_in.get(reverse("admin:tickets_alert_change", args=[third.pk])).content.decode()
    )
    assert f"Taken out of ticket {ticket}" in press(signed_in, "alert-take-out", third)
    do(bridge)
    assert len({bridge.ticket(uid) for uid in uids}) == 3
    assert "stays in ticket" in press(signed_in, "alert-take-out", leader)
    assert len([text for text in logged() if text.startswith("Taken out")]) == 2


def test_a_group_is_exploded_and_merged_again(signed_in, bridge: Bridge, celery_outbox):
    settings(related_group="device", related_window_minutes=30)
    uids = [fire(bridge) for _ in range(3)]
    ticket = bridge.ticket(uids[0])
    assert "Took 2 alerts out" in press(signed_in, "ticket-explode", ticket)
    do(bridge)
    assert len({bridge.ticket(uid) for uid in uids}) == 3
    url = reverse("ticket-merge", args=[ticket.pk])
    page = signed_in.get(url).content.decode()
    chosen = [bridge.alert(uid).pk for uid in uids[1:]]
    assert all(f'value="{pk}"' in page for pk in chosen)
    assert "No open alert fits" in signed_in.get(url, {"q": "nothing like it"}).content.decode()
    answer = said(signed_in.post(url, {"alert": chosen}, follow=True))
    assert "Merged 2 alerts" in answer
    do(bridge)
    assert {bridge.ticket(uid) for uid in uids} == {ticket}
    assert "Choose at least one" in said(signed_in.post(url, {"alert": ["x", "9" * 30]}, follow=True))
    assert [text for text in logged() if "Merged 2" in text]


@pytest.mark.parametrize("name", ["ticket-explode", "ticket-release", "ticket-drop", "ticket-merge"])
def test_groups_are_changed_only_by_who_may_change_alerts(staff, bridge: Bridge, celery_outbox, name):
    ticket = bridge.ticket(fire(bridge))
    url = reverse(name, args=[ticket.pk])
    viewer = staff("view_alert", "view_ticket")
    assert viewer.post(url).status_code == 403
    assert staff("view_alert", "view_ticket", "change_alert").post(url).status_code == 302
    page = viewer.get(reverse("admin:tickets_ticket_change", args=[ticket.pk])).content.decode()
    assert name == "ticket-merge" or url not in page


@pytest.mark.parametrize("name", ["alert-now", "alert-take-out"])
def test_alerts_are_moved_only_by_who_may_change_them(staff, bridge: Bridge, celery_outbox, name):
    alert = bridge.alert(fire(bridge))
    url = reverse(name, args=[alert.pk])
    assert staff("view_alert").post(url).status_code == 403
    assert staff("view_alert", "change_alert").get(url).status_code == 405
    assert staff("view_alert", "change_alert").post(url).status_code == 302


def test_silence_until_monday_and_its_end_lead_back_to_the_alert(signed_in, bridge: Bridge, celery_outbox):
    alert = bridge.alert(fire(bridge))
    press(signed_in, "alert-silence", alert, scope="monitor_device", ends="monday", reason="weekend work")
    silence = Silence.objects.get()
    assert silence.ends_at is not None
    assert (silence.ends_at.weekday(), silence.ends_at.hour) == (0, 8)
    answer = signed_in.post(reverse("silence-end", args=[silence.pk]), {"alert": alert.pk})
    assert answer.headers["Location"] == reverse("admin:tickets_alert_change", args=[alert.pk])
    assert [text for text in logged() if "until Monday 8:00" in text]
    assert "Ended it." in logged()


def test_retry_and_resolve_are_on_record(signed_in, bridge: Bridge, celery_outbox):
    alert = bridge.alert(fire(bridge))
    press(signed_in, "alert-retry", alert)
    press(signed_in, "alert-resolve", alert)
    assert [text.split(".")[0] for text in logged()] == ["Tried again", "Asked Datto RMM to resolve it"]
    assert TicketDefaults.objects.filter(pk=1).exists()
