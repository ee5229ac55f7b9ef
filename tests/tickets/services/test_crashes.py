"""A worker that dies after the vendor wrote and before we saved that, at each kind of write: nothing is done twice.

A whole life is lived with one death in it, and compared with what Autotask and Datto RMM hold of a life without.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from mappings.models import ConfigurationItem, Device, DeviceLink, PicklistValue, TicketUdf
from tests.tickets.services.conftest import Bridge
from tests.tickets.services.test_repeats import DISK, SPOOLER, intake_ticket, settings
from tickets.models import Action, Alert, Ticket
from tickets.services import act, outbox, sweep
from tickets.tasks import StoredConnection

#: A text that the sandbox's tickets have.
_COUNTER = "Change Window"
_KINDS = [kind for kind in Action.Kind if kind != Action.Kind.MOVE_TICKET]


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours may catch it and tidy up."""


class Workers:
    """Does the work of the workers; whoever dies is replaced when his lease is over."""

    def __init__(self, bridge: Bridge) -> None:
        self.bridge = bridge
        self.deaths = 0

    def run(self, work: Callable[[], Any]) -> None:
        """Do something and all that follows from it."""
        try:
            work()
        except Killed:
            self.deaths += 1
        for _ in range(4):
            Action.objects.filter(state=Action.State.RUNNING).update(
                leased_until=timezone.now() - timedelta(seconds=1)
            )
            Action.objects.filter(in_doubt=True).update(doubt_since=timezone.now() - timedelta(minutes=1))
            try:
                self.bridge.perform_due()
                self.bridge.perform(sweep.settle_open_ends())
            except Killed:
                self.deaths += 1

    def fire(self, **values: Any) -> str:
        uid = self.bridge.raise_alert(**values)
        self.run(lambda: self.bridge.deliver(uid))
        return uid

    def clear(self, uid: str) -> None:
        self.bridge.resolve_in_datto(uid)
        self.run(lambda: self.bridge.deliver(uid, "resolved"))


@pytest.fixture
def neighbour(bridge: Bridge) -> Device:
    """Return another device of the site, with a configuration item that Autotask has."""
    remote = next(
        one
        for one in bridge.sandbox.call("GET", "/control/devices?limit=1000").json()["devices"]
        if one["site_uid"] == bridge.site.datto_site_uid
        and one["uid"] != bridge.device.datto_device_uid
        and not one["deleted"]
    )
    now = timezone.now()
    device = Device.objects.create(
        datto_device_uid=remote["uid"], hostname="NEIGHBOUR", site=bridge.site, synced_at=now
    )
    rows = bridge.sandbox.sandbox.autotask.find(
        "ConfigurationItems", companyID=bridge.company.autotask_company_id
    )
    item = ConfigurationItem.objects.create(
        autotask_configuration_item_id=rows[0]["id"],
        company=bridge.company,
        autotask_company_id=bridge.company.autotask_company_id,
        is_active=True,
        synced_at=now,
    )
    DeviceLink.objects.create(device=device, configuration_item=item)
    return device


def live(bridge: Bridge, neighbour: Device, workers: Workers) -> dict[str, Any]:
    """Live through everything that is ever written; returns what the vendors hold at the end."""
    pick = PicklistValue.objects.get(entity="Tickets", field="priority", value=4)
    TicketUdf.objects.create(name=_COUNTER, data_type="text", synced_at=timezone.now())
    settings(
        related_group="site",
        related_effect="item",
        write_first_note=True,
        note_on_clear=True,
        escalate_after=2,
        escalated_priority=pick,
        ticket_udfs={_COUNTER: "{{ ticket.occurrences }}"},
    )
    first = workers.fire(**DISK)
    ticket = bridge.ticket(first)
    second = workers.fire(**DISK)
    third = workers.fire(deviceUid=neighbour.datto_device_uid, **SPOOLER)
    for uid in (first, second, third):
        workers.clear(uid)
    again = workers.fire(**DISK)
    state = bridge.sandbox.call("GET", f"/control/tickets/{ticket.autotask_ticket_id}").json()
    reopened = state["status"]
    bridge.sandbox.control(f"tickets/{ticket.autotask_ticket_id}/complete", {"resolution": "Done."})

    workers.run(lambda: bridge.perform(intake_ticket(bridge, ticket)))
    state = bridge.sandbox.call("GET", f"/control/tickets/{ticket.autotask_ticket_id}").json()
    items = bridge.sandbox.sandbox.autotask.find(
        "TicketAdditionalConfigurationItems", ticketID=ticket.autotask_ticket_id
    )
    return {
        "tickets": sum(len(bridge.remote_tickets(uid)) for uid in (first, second, third, again)),
        "rows": Ticket.objects.count(),
        "notes": Counter(one["title"] for one in state["notes"]),
        "reopened": reopened,
        "status": state["status"],
        "priority": state["priority"],
        "items": len(items),
        "counter": state["userDefinedFields"].get(_COUNTER),
        "resolved": bridge.remote_alert(again)["resolved"],
        "open here": Alert.objects.filter(is_resolved=False).count(),
        "waiting": Action.objects.filter(state__in=["waiting", "running"]).count(),
    }


EXPECTED = {
    "tickets": 1,
    "rows": 1,
    "reopened": 1,
    "status": 5,
    "priority": 4,
    "items": 1,
    "counter": "3",
    "resolved": True,
    "open here": 0,
    "waiting": 0,
}


def test_a_life_without_a_death(bridge: Bridge, neighbour: Device):
    held = live(bridge, neighbour, Workers(bridge))
    assert {name: held[name] for name in EXPECTED} == EXPECTED
    assert set(Action.objects.values_list("kind", flat=True)) == set(_KINDS)


@pytest.mark.parametrize("kind", _KINDS)
def test_a_death_between_the_write_and_saving_it_changes_nothing(
    bridge: Bridge, neighbour: Device, monkeypatch: pytest.MonkeyPatch, kind: Action.Kind
):
    real, workers = outbox.finish, Workers(bridge)
    dead: list[int] = []

    def die(action: Action, **values: Any) -> None:
        if action.kind == kind and not dead and values.get("state", Action.State.DONE) == Action.State.DONE:
            dead.append(action.pk)
            raise Killed
        real(action, **values)

    monkeypatch.setattr(outbox, "finish", die)
    held = live(bridge, neighbour, workers)
    assert dead, "nobody died"
    assert workers.deaths == 1
    assert {name: held[name] for name in EXPECTED} == EXPECTED
    assert Action.objects.get(pk=dead[0]).state == Action.State.DONE
    assert all(count == 1 for title, count in held["notes"].items() if "more alerts" not in title), held[
        "notes"
    ]
    assert act.perform(dead[0], StoredConnection()) == []
