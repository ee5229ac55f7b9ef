"""Replays over recorded alerts: the command, the worker, the effect of a change; and that no vendor ever hears of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from integration.models import VendorCall
from tests.conftest import SentTask
from tests.tickets.services.conftest import Bridge
from tickets.models import (
    Action,
    Alert,
    HistoricAlert,
    Monitor,
    ReplayRun,
    Ticket,
    TicketDefaults,
    TicketRule,
    TimelineEvent,
)
from tickets.registrations import purge
from tickets.services import effects
from tickets.services.drafts import Draft, RuleChange, draft_of_defaults
from tickets.services.replays import execute_replay, find_waiting, start_replay
from tickets.tasks import run_replay, sweep_waiting_rows

pytestmark = pytest.mark.django_db


@contextmanager
def _no_vendor_hears(bridge: Bridge) -> Iterator[None]:
    """Make sure that nothing inside writes to, or reads from, a vendor, and that no row but replays changes."""

    def state() -> tuple[Any, ...]:
        seen = bridge.sandbox.call("GET", "/control/requests?limit=1").json()
        rows = [
            list(model._default_manager.order_by("pk").values())
            for model in (
                Action,
                Alert,
                Ticket,
                TicketRule,
                TicketDefaults,
                TimelineEvent,
                HistoricAlert,
                Monitor,
            )
        ]
        return (seen["counters"], VendorCall.objects.count(), rows)

    before = state()
    yield
    assert state() == before


@pytest.fixture
def history(bridge: Bridge) -> Bridge:
    """Twelve alerts of one monitor: nine cleared within minutes, three that lasted."""
    uids = [bridge.raise_alert(contextClass="srvc_status_ctx", subject="Spooler") for _ in range(1)]
    bridge.deliver(uids[0])
    first = bridge.alert(uids[0])
    now = timezone.now()
    for number in range(12):
        at = now - timedelta(days=1 + number)
        lasted = timedelta(minutes=3) if number % 4 else timedelta(hours=2)
        alert = Alert.objects.create(
            alert_uid=f"recorded-{number}",
            priority="High",
            monitor_type=first.monitor_type,
            monitor=first.monitor,
            condition_key=f"condition-{number}",
            summary="Spooler stopped",
            datto_site_uid=bridge.site.datto_site_uid,
            datto_device_uid=bridge.device.datto_device_uid,
            raised_at=at,
            is_resolved=True,
            resolved_at=at + lasted,
            state="ticketed",
        )
        Alert.objects.filter(pk=alert.pk).update(first_seen_at=at)
    return bridge


def test_the_command_prints_and_no_vendor_hears_of_it(
    history: Bridge, capsys: pytest.CaptureFixture[str]
) -> None:
    with _no_vendor_hears(history):
        call_command("replay", "--days", "30")
    told = capsys.readouterr().out
    assert told.startswith("In the last 30 days: 13 alerts -> 13 tickets.")
    assert "Noisiest monitors" in told
    assert history.company.name in told


def test_the_command_compares_a_file_of_rules(
    history: Bridge, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("rules:\n  - name: Patience\n    monitor_type: Service\n    hold_off_minutes: 15\n")
    kind = Monitor.objects.get().monitor_type.name
    rules.write_text(rules.read_text().replace("Service", kind))
    with _no_vendor_hears(history):
        call_command("replay", "--rules", str(rules), "--json")
    told = json.loads(capsys.readouterr().out)
    assert (told["today"]["tickets"], told["draft"]["tickets"]) == (13, 3)
    assert told["sentence"].startswith("In the last 30 days: 13 tickets -> 3, 1 organization hears less")
    assert told["comparison"]["organizations"][0]["label"] == history.company.name
    assert told["changes"][0]["subject"] == "Rule “Patience” (new)"
    with _no_vendor_hears(history):
        call_command("replay", "--rules", str(rules))
    assert "alerts are treated differently" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--days", "0"], "--days: 0 is not between 1 and 180."),
        (["--rules", "/nowhere.yaml"], "--rules: /nowhere.yaml cannot be read"),
    ],
)
def test_the_command_names_the_wrong_option(options: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("replay", *options)


def test_the_command_names_line_and_field_of_a_wrong_file(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("rules:\n  - name: A\n    hold_off_minutes: soon\n")
    with pytest.raises(CommandError, match="line 3, hold_off_minutes: Write a whole number"):
        call_command("replay", "--rules", str(rules))
    rules.write_bytes(b"\xff\xfe")
    with pytest.raises(CommandError, match="not UTF-8"):
        call_command("replay", "--rules", str(rules))


def test_a_worker_runs_a_replay_once_and_keeps_its_result(history: Bridge) -> None:
    draft = Draft([RuleChange(None, "Patience", {"hold_off_minutes": 15})])
    run = start_replay(days=30, draft=draft, user=None)
    with _no_vendor_hears(history):
        run_replay(run.pk)
        assert execute_replay(run.pk) is None
    run.refresh_from_db()
    assert (run.status, run.progress, run.total, run.error) == ("done", 13, 13, "")
    assert run.result["comparison"]["tickets_after"] == 3
    assert run.title == "A draft on the last 30 days"


def test_a_draft_that_is_outdated_fails_its_replay_with_the_cure(history: Bridge) -> None:
    run = start_replay(days=30, draft=Draft([RuleChange(9999, "Gone", {"position": 3})]), user=None)
    execute_replay(run.pk)
    run.refresh_from_db()
    assert run.status == "failed"
    assert "Make the draft again" in run.error


def test_the_sweep_finds_lost_messages_and_ends_what_lost_its_worker(
    bridge: Bridge, celery_outbox: list[SentTask]
) -> None:
    now = timezone.now()
    waiting = start_replay(days=3, draft=None, user=None)
    assert find_waiting(now) == []
    ReplayRun.objects.filter(pk=waiting.pk).update(asked_at=now - timedelta(minutes=5))
    lost = start_replay(days=3, draft=None, user=None)
    ReplayRun.objects.filter(pk=lost.pk).update(status="running", started_at=now - timedelta(hours=1))
    sweep_waiting_rows()
    assert [(one.args, one.queue) for one in celery_outbox if one.name == "tickets.run_replay"] == [
        ([waiting.pk], "sync")
    ]
    lost.refresh_from_db()
    assert (lost.status, lost.error[:20]) == ("failed", "The worker stopped b")
    assert find_waiting(timezone.now()) == []


def test_old_replays_and_imported_alerts_go(bridge: Bridge) -> None:
    now = timezone.now()
    for days, kind in (
        (100, "compare"),
        (2, "effect"),
        (2, "compare"),
        (0, "effect"),
        (9, "coach"),
        (6, "coach"),
    ):
        run = start_replay(days=3, draft=None, user=None, kind=ReplayRun.Kind(kind), title=f"{days} {kind}")
        ReplayRun.objects.filter(pk=run.pk).update(created_at=now - timedelta(days=days), status="done")
    for days in (200, 100):
        HistoricAlert.objects.create(
            alert_uid=f"old-{days}",
            priority="High",
            monitor_type_slug="other",
            fingerprint="f",
            condition_key="c",
            raised_at=now - timedelta(days=days),
            imported_at=now,
        )
    purge(now)
    assert set(ReplayRun.objects.values_list("title", flat=True)) == {"2 compare", "0 effect", "6 coach"}
    assert list(HistoricAlert.objects.values_list("alert_uid", flat=True)) == ["old-100"]


def _patience(minutes: int = 15) -> Draft:
    stored = TicketDefaults.objects.get(pk=1)
    candidate = TicketDefaults.objects.get(pk=1)
    candidate.hold_off_minutes = minutes
    return draft_of_defaults(candidate, list(stored.priorities.all()), stored)


def test_the_effect_of_a_change_is_told_at_once(history: Bridge) -> None:
    with _no_vendor_hears(history):
        effect = effects.effect_of(_patience())
    assert effect.sentence == (
        "In the last 30 days: 13 tickets -> 3, 1 organization hears less, nothing security-related hidden."
    )
    assert (effect.tickets_before, effect.tickets_after, effect.hear_less, effect.hidden_security) == (
        13,
        3,
        1,
        0,
    )
    assert not effect.is_waiting
    assert effects.effect_of(Draft()).sentence == "Nothing is changed yet."
    assert not ReplayRun.objects.exists()


def test_the_effect_on_many_alerts_is_worked_out_by_a_worker_once(
    history: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effects, "MOST_AT_ONCE", 5)
    effect = effects.effect_of(_patience())
    assert effect.is_waiting
    assert effect.run is not None
    assert effects.effect_of(_patience()).run == effect.run
    assert effects.effect_of(_patience(5)).run != effect.run
    run_replay(effect.run.pk)
    done = effects.effect_of(_patience())
    assert (done.tickets_after, done.is_waiting) == (3, False)
    # Somebody changes the rules: the answer is another.
    TicketRule.objects.create(name="New")
    assert effects.effect_of(_patience()).run != effect.run
