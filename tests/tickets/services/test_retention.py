"""What is deleted of messages, alerts and tickets when it is old, and what must stay."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from mappings.models import Company
from tickets.models import Action, Alert, Delivery, Ticket, TimelineEvent
from tickets.registrations import purge

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _limits(settings: Any) -> None:
    settings.HISTORY_DAYS = 395


def make_alert(uid: str, *, days: float = 400, state: str = "completed", **values: Any) -> Alert:
    """Make an alert that ended so many days ago, with its ticket and a story."""
    then = timezone.now() - timedelta(days=days)
    company, _ = Company.objects.get_or_create(autotask_company_id=1, defaults={"synced_at": then})
    ticket = Ticket.objects.create(correlation_key=uid, state=state, company=company)
    Ticket.objects.filter(pk=ticket.pk).update(created_at=then)
    plain = {"state": "ticketed", "is_resolved": True, "resolved_at": then, "ticket": ticket}
    alert = Alert.objects.create(alert_uid=uid, **{**plain, **values})
    Alert.objects.filter(pk=alert.pk).update(first_seen_at=then)
    TimelineEvent.objects.create(alert=alert, kind="note", text="x", at=then)
    return alert


def left() -> set[str]:
    return set(Alert.objects.values_list("alert_uid", flat=True))


def test_an_alert_that_is_over_goes_with_its_ticket_and_story() -> None:
    make_alert("old")
    make_alert("young", days=394)
    purge(timezone.now())
    assert left() == {"young"}
    assert set(Ticket.objects.values_list("correlation_key", flat=True)) == {"young"}
    assert TimelineEvent.objects.count() == 1


def test_open_things_stay_however_old() -> None:
    make_alert("open alert", is_resolved=False, resolved_at=None)
    make_alert("open ticket", state="open")
    purge(timezone.now())
    assert left() == {"open alert"}
    assert set(Ticket.objects.values_list("correlation_key", flat=True)) == {"open alert", "open ticket"}


@pytest.mark.parametrize("state", ["waiting", "running"])
def test_what_a_vendor_has_still_to_be_told_stays(state: str) -> None:
    of_alert, of_ticket = make_alert("of alert"), make_alert("of ticket")
    Action.objects.create(kind="resolve_alert", vendor="datto_rmm", state=state, key="a", alert=of_alert)
    Action.objects.create(
        kind="complete_ticket", vendor="autotask", state=state, key="b", ticket=of_ticket.ticket
    )
    purge(timezone.now())
    assert left() == {"of alert"}
    assert Action.objects.count() == 2
    Action.objects.update(state="done")
    purge(timezone.now())
    assert (left(), Ticket.objects.count(), Action.objects.count()) == (set(), 0, 0)


def test_messages_go_unless_nobody_has_looked_at_them() -> None:
    now = timezone.now()

    def message(state: str, days: float) -> int:
        made = Delivery.objects.create(channel="datto_rmm", state=state)
        Delivery.objects.filter(pk=made.pk).update(received_at=now - timedelta(days=days))
        return made.pk

    kept = {
        message("new", 400),
        message("done", 29),
        message("unreadable", 29),
        message("ignored", 1.5),
    }
    for state, days in (("done", 31), ("unreadable", 31), ("ignored", 2.5)):
        message(state, days)
    assert purge(now) == 3
    assert set(Delivery.objects.values_list("pk", flat=True)) == kept
