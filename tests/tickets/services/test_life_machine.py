"""The life of alerts and tickets in any order: a state machine against the sandbox over real HTTP.

Whatever happens in whatever order: never two open tickets for one condition, never an alert without a state; in the
end an untouched ticket is closed when all its alerts are gone, and a touched one never is.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from integration.models import VendorHealth
from integration.vendors.errors import VendorError
from tests.tickets.services.conftest import Bridge, start_run
from tickets.models import Action, Alert, Delivery, Ticket, TicketDefaults
from tickets.services import act, intake, outbox, polling, sweep
from tickets.tasks import StoredConnection

_SUBJECTS = ("C:", "D:")
_WHICH = st.integers(0, 30)
_OPEN = (Ticket.State.OPEN, Ticket.State.REOPENING)


class Killed(BaseException):
    """The worker died; nothing of ours may catch that and tidy up."""


def conditions_of(ticket: Ticket) -> set[str]:
    """Return the conditions that a ticket stands for now: the one it was made for, and those of its open alerts."""
    rows = ticket.alerts.filter(is_resolved=False).values_list("condition_key", flat=True)
    return {ticket.condition_key, *rows} - {""}


def machine_for(bridge: Bridge) -> type[RuleBasedStateMachine]:  # noqa: C901 - a class with its rules
    """Return the machine's class for an installation."""

    class Life(RuleBasedStateMachine):
        """Two conditions of one device, their tickets, and people and faults around them."""

        @initialize()
        def begin(self) -> None:
            self.stack = contextlib.ExitStack()
            self.stack.enter_context(transaction.atomic())
            self.uids: list[str] = []
            self.told: set[str] = set()
            self.touched: set[int] = set()
            self.reopened_by_person: set[int] = set()
            bridge.clear_faults()

        def teardown(self) -> None:
            if not hasattr(self, "stack"):
                return
            try:
                self.settle_down()
            finally:
                bridge.clear_faults()
                for uid in self.uids:
                    bridge.sandbox.control(f"alerts/{uid}/resolve", {"by": "System"})
                transaction.set_rollback(True)
                self.stack.close()

        # What happens outside.

        @rule(subject=st.sampled_from(_SUBJECTS), tell=st.booleans())
        def raise_alert(self, subject: str, tell: bool) -> None:
            uid = bridge.raise_alert(contextClass="perf_disk_usage_ctx", subject=subject)
            self.uids.append(uid)
            if tell:
                self.tell(uid, "raised")

        # Which one is chosen by a number, and a rule that finds nothing to do does nothing: what is drawn must not
        # hang on the vendors' answers, or a failure could not be played again.

        @precondition(lambda self: self.uids)
        @rule(which=_WHICH, tell=st.booleans(), by=st.sampled_from(["System", "Mira Lopez"]))
        def resolve(self, which: int, tell: bool, by: str) -> None:
            uid = self.uids[which % len(self.uids)]
            bridge.sandbox.control(f"alerts/{uid}/resolve", {"by": by})
            if tell:
                self.tell(uid, "resolved")

        @precondition(lambda self: self.uids)
        @rule(which=_WHICH, event=st.sampled_from(["raised", "resolved"]))
        def message_comes_again_or_too_early(self, which: int, event: str) -> None:
            self.tell(self.uids[which % len(self.uids)], event)

        @rule(which=_WHICH, what=st.sampled_from(["note", "complete", "assign", "edit"]))
        def technician(self, which: int, what: str) -> None:
            ticket = self.choose(which)
            if ticket is None:
                return
            known: dict[str, dict[str, Any]] = {
                "note": {"text": "I am on it."},
                "complete": {"resolution": "Done."},
                "assign": {"assignTo": 29682885, "roleId": 29682834},
            }
            if what == "edit":
                address = f"/control/tickets/{ticket.autotask_ticket_id}"
                if bridge.sandbox.call("GET", address).status_code != 200:
                    return
                person = bridge.sandbox.sandbox.autotask.act_as_person(29682885)
                person.update("Tickets", ticket.autotask_ticket_id or 0, {"status": 8})
                self.touched.add(ticket.pk)
                return
            values = known[what]
            bridge.sandbox.control(f"tickets/{ticket.autotask_ticket_id}/{what}", values)
            if what != "complete":
                self.touched.add(ticket.pk)

        @rule(which=_WHICH)
        def technician_reopens(self, which: int) -> None:
            ticket = self.choose(which, Ticket.State.COMPLETED)
            if ticket is None:
                return
            own = set(ticket.alerts.values_list("condition_key", flat=True)) | {ticket.condition_key}
            if any(own & conditions_of(one) for one in Ticket.objects.filter(state__in=_OPEN)):
                return
            bridge.sandbox.control(f"tickets/{ticket.autotask_ticket_id}/reopen", {})
            self.reopened_by_person.add(ticket.pk)

        @rule(which=_WHICH)
        def technician_deletes(self, which: int) -> None:
            ticket = self.choose(which)
            if ticket is None:
                return
            bridge.sandbox.control(f"tickets/{ticket.autotask_ticket_id}/delete", {})

        @rule(
            kind=st.sampled_from(["outage", "cut_after_store", "500"]),
            vendor=st.sampled_from(["autotask", "datto_rmm"]),
            count=st.integers(1, 3),
        )
        def fault(self, kind: str, vendor: str, count: int) -> None:
            bridge.fault(kind, vendor=vendor, count=count)

        # What workers do.

        @rule(order=st.randoms(use_true_random=False))
        def work_off_messages(self, order: Any) -> None:
            waiting = list(Delivery.objects.filter(state=Delivery.State.NEW).values_list("pk", flat=True))
            order.shuffle(waiting)
            for pk in waiting:
                Delivery.objects.filter(pk=pk).update(not_before=None, leased_until=None)
                self.perform(intake.process_delivery(pk, StoredConnection()))

        @rule(crash_after=st.none() | st.integers(1, 3))
        def work_off_actions(self, crash_after: int | None) -> None:
            """Do what is due; perhaps the worker dies right after a vendor answered, before it saves that."""
            due = outbox.list_due(timezone.now())
            if crash_after is None:
                self.perform(due)
                return
            left = [crash_after]

            original = outbox.finish

            def die(*args: Any, **kwargs: Any) -> None:
                left[0] -= 1
                if left[0] == 0:
                    raise Killed
                original(*args, **kwargs)

            outbox.finish = die
            try:
                with contextlib.suppress(Killed):
                    self.perform(due)
            finally:
                outbox.finish = original
            Action.objects.filter(state=Action.State.RUNNING).update(
                leased_until=timezone.now() - timedelta(seconds=1)
            )

        @rule(kind=st.sampled_from(["alerts", "tickets"]))
        def poll(self, kind: str) -> None:
            due: list[int] = []
            run = polling.sync_alerts if kind == "alerts" else polling.sync_tickets
            with contextlib.suppress(VendorError):
                run(start_run(kind), due.extend)
            self.perform(due)

        @rule(later=st.sampled_from([0, 2, 60]))
        def sweep(self, later: int) -> None:
            now = timezone.now() + timedelta(minutes=later)
            self.perform(sweep.reconsider_alerts(now))
            self.perform(sweep.settle_open_ends(now))

        # What must always hold.

        @invariant()
        def one_open_ticket_for_each_condition(self) -> None:
            if not hasattr(self, "uids"):
                return
            ours = {one.correlation_key: one for one in Ticket.objects.all()}
            open_now: Counter[str] = Counter()
            for uid in self.uids:
                for found in bridge.remote_tickets(uid):
                    ticket = ours.get(found["externalID"])
                    assert ticket is not None, "a ticket that no row knows"
                    if found["status"] != 5 and ticket.pk not in self.reopened_by_person:
                        open_now.update(conditions_of(ticket) or {found["externalID"]})
            assert all(number == 1 for number in open_now.values()), open_now

        @invariant()
        def every_alert_says_where_it_stands(self) -> None:
            if not hasattr(self, "uids"):
                return
            for alert in Alert.objects.all():
                assert alert.state in Alert.State.values
                assert alert.reason or alert.state == Alert.State.RECEIVED, alert.state
                if alert.state in {Alert.State.TICKETED, Alert.State.MERGED}:
                    assert alert.ticket_id is not None

        def tell(self, uid: str, event: str) -> None:
            bridge.hook(uid, event)
            self.told.add(uid)

        def choose(self, which: int, state: str = Ticket.State.OPEN) -> Ticket | None:
            """Return one of the tickets of this life; alerts that other tests left in the sandbox have theirs too."""
            ours = Ticket.objects.filter(autotask_ticket_id__isnull=False, state=state)
            tickets = list(ours.filter(alerts__alert_uid__in=self.uids).distinct().order_by("pk"))
            return tickets[which % len(tickets)] if tickets else None

        def perform(self, due: list[int]) -> None:
            while due:
                due = [more for one in due for more in act.perform(one, StoredConnection(), draining=True)]

        def settle_down(self) -> None:
            """Let everything come to rest, and look at what became of it."""
            bridge.clear_faults()
            for _ in range(4):
                VendorHealth.objects.update(is_down=False, retry_at=None, failures=0)
                # Minutes have passed: alerts seen just now are not asked after.
                Alert.objects.update(last_seen_open_at=timezone.now() - timedelta(minutes=1))
                self.work_off_messages(_InOrder())
                self.poll("alerts")
                self.poll("tickets")
                self.sweep(60)
                Action.objects.filter(state=Action.State.RUNNING).update(
                    leased_until=timezone.now() - timedelta(seconds=1)
                )
                Action.objects.filter(state=Action.State.WAITING).update(
                    not_before=None, doubt_since=timezone.now() - timedelta(minutes=1)
                )
                self.perform(outbox.list_due(timezone.now()))
            self.one_open_ticket_for_each_condition()
            self.every_alert_says_where_it_stands()
            for uid in self.uids:
                remote = bridge.remote_alert(uid)
                alert = Alert.objects.filter(alert_uid=uid).first()
                if alert is None:
                    # Over before anybody told us and before the next poll: nobody could know of it.
                    assert remote["resolved"]
                    assert uid not in self.told
                    continue
                assert alert.is_resolved == bool(remote["resolved"]), (uid, alert.state, remote["resolved"])
                if not alert.is_resolved:
                    assert alert.state not in {
                        Alert.State.RECEIVED,
                        Alert.State.TICKETING,
                        Alert.State.CLEARED,
                    }
            for ticket in Ticket.objects.filter(autotask_ticket_id__isnull=False, state=Ticket.State.OPEN):
                is_over = not ticket.alerts.filter(is_resolved=False).exists() and ticket.alerts.exists()
                if is_over and ticket.pk not in self.touched and ticket.pk not in self.reopened_by_person:
                    raise AssertionError(f"untouched ticket {ticket} stays open although its alerts are gone")
            for pk in self.touched:
                ticket = Ticket.objects.get(pk=pk)
                assert not ticket.completed_by_us, f"touched ticket {ticket} was completed"

    return Life


class _InOrder:
    """Leaves a list as it is."""

    def shuffle(self, _items: list[int]) -> None:
        """Do nothing."""


@pytest.mark.parametrize("group", ["none", "device"])
def test_life_of_alerts_in_any_order(bridge: Bridge, group: str):
    TicketDefaults.objects.filter(pk=1).update(related_group=group)
    run_state_machine_as_test(
        machine_for(bridge),
        settings=settings(
            max_examples=10,
            stateful_step_count=18,
            deadline=None,
            # Shrinking would take minutes over HTTP; the steps are printed as they were.
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
