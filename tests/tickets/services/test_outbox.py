"""Wishes for vendor writes that are tried again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tickets.models import Action
from tickets.services import outbox

pytestmark = pytest.mark.django_db


def make(state: str) -> Action:
    return Action.objects.create(
        kind=Action.Kind.CLEAR_NOTE,
        vendor="autotask",
        key=f"note:{state}",
        state=state,
        attempts=3,
        error="503",
        cause="defect",
        not_before=timezone.now() + timedelta(hours=1),
        lease_token="mine" if state == Action.State.RUNNING else "",
    )


def test_what_waits_was_refused_or_dropped_is_due_and_clean_again():
    rows = {state: make(state) for state in Action.State.values}
    now = timezone.now()
    due = outbox.revive(Action.objects.all(), now)
    tried = {Action.State.WAITING, Action.State.REFUSED, Action.State.DROPPED}
    assert set(due) == {rows[state].pk for state in tried}
    for row in Action.objects.filter(pk__in=due):
        assert (row.state, row.not_before, row.attempts) == (Action.State.WAITING, now, 0)
        assert row.error == row.cause == row.remedy == ""


def test_what_is_done_or_held_by_a_worker_is_not_done_twice():
    kept = {state: make(state) for state in set(Action.State.values) - {"waiting", "refused", "dropped"}}
    assert {Action.State.DONE, Action.State.RUNNING} <= set(kept)
    assert outbox.revive(Action.objects.all(), timezone.now()) == []
    for state, row in kept.items():
        row.refresh_from_db()
        assert (row.state, row.attempts, row.error) == (state, 3, "503")


def test_a_row_taken_between_look_and_update_stays_with_its_worker(monkeypatch: pytest.MonkeyPatch):
    row = make(Action.State.WAITING)
    rows = Action.objects.all()
    look = type(rows).values_list

    def taken_meanwhile(query, *fields, **options):
        found = list(look(query, *fields, **options))
        Action.objects.update(state=Action.State.RUNNING, lease_token="worker")
        return found

    monkeypatch.setattr(type(rows), "values_list", taken_meanwhile)
    outbox.revive(rows, timezone.now())
    row.refresh_from_db()
    assert (row.state, row.lease_token) == (Action.State.RUNNING, "worker")
