"""`manage.py explain`: the whole truth about one alert, for people and as JSON, in every state."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.urls import reverse

from tests.tickets.services.conftest import Bridge
from tests.tickets.services.test_repeats import DISK, clear, fire, settings
from tickets.models import Alert, TicketRule


def explain(uid: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("explain", uid, "--json", stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def told(uid: str) -> str:
    out = io.StringIO()
    call_command("explain", uid, stdout=out)
    return out.getvalue()


def test_a_ticketed_alert_is_explained_with_its_rules(bridge: Bridge):
    TicketRule.objects.create(name="Night shift", device=bridge.device, clear_delay_minutes=5)
    uid = fire(bridge)
    story = explain(uid)
    assert (story["state"], story["state_words"], story["cause_words"]) == ("ticketed", "Ticketed", "")
    assert "Applies: rule Night shift." in story["rule_chain"]
    assert story["rules_now"] == ["rule Night shift"]
    now = {row["name"]: row for row in story["settings_now"]}
    assert (now["clear_delay_minutes"]["value"], now["clear_delay_minutes"]["origin"]) == (
        "5",
        "rule Night shift",
    )
    assert story["changed_since"] == []
    assert story["waits"] is None
    TicketRule.objects.update(clear_delay_minutes=9)
    assert explain(uid)["changed_since"] == ["clear_delay_minutes"]
    assert "Would be decided otherwise today: clear_delay_minutes" in told(uid)


def test_a_merged_alert_is_explained_with_what_it_was_merged_with(bridge: Bridge):
    first, second = fire(bridge, **DISK), fire(bridge, **DISK)
    story = explain(second)
    assert (story["state"], story["cause"]) == ("merged", "repeat")
    assert story["cause_words"] == "the same trouble again"
    group = story["group"]
    assert (group["kind"], group["occurrences"]) == ("single", 2)
    assert {one["uid"]: one["why"] for one in group["alerts"]} == {
        first: "The ticket was made for it.",
        second: "The same trouble again.",
    }
    words = told(second)
    assert "Stands for: 2 alerts (one condition)" in words
    assert "with " in words
    assert all(event["text"] for event in story["timeline"])
    assert "received" in {event["kind"] for event in story["timeline"]}
    own = [event for event in explain(first)["timeline"] if event["kind"] == "merged"]
    assert own == [], "what happened to other alerts of the ticket is told with them"


def test_a_held_alert_is_explained_with_when_it_is_looked_at_again(bridge: Bridge):
    settings(hold_off_minutes=30)
    uid = fire(bridge)
    story = explain(uid)
    assert (story["state"], story["cause"]) == ("held", "hold_off")
    assert story["waits"]["since"] < story["waits"]["until"]
    assert "Looked at again:" in told(uid)


@pytest.mark.parametrize("ends", ["4h", "ticket"])
def test_a_silenced_alert_is_explained_with_the_silence(bridge: Bridge, client, celery_outbox, ends):
    client.force_login(User.objects.create_superuser("boss", password="a password of mine"))
    first = bridge.alert(fire(bridge))
    client.post(
        reverse("alert-silence", args=[first.pk]), {"scope": "device", "ends": ends, "reason": "repair"}
    )
    uid = fire(bridge)
    story = explain(uid)
    assert story["state"] == "silenced"
    silence = story["silence"]
    assert (silence["owner"], silence["reason"], silence["ended_at"]) == ("boss", "repair", None)
    assert bool(silence["ends_at"]) == (ends == "4h")
    assert bool(silence["ends_with_ticket"]) == (ends == "ticket")
    assert "by boss, until" in told(uid)


def test_an_alert_that_came_back_names_its_earlier_ticket(bridge: Bridge):
    settings(repeat_effect="new_linked")
    first = fire(bridge, **DISK)
    old = bridge.ticket(first)
    clear(bridge, first)
    second = fire(bridge, **DISK)
    assert explain(second)["group"]["earlier_ticket"] == str(old)
    assert f"Earlier ticket: {old}" in told(second)


def test_every_state_is_explained_whatever_was_decided(db):
    for number, state in enumerate(Alert.State.values):
        uid = f"u{number}"
        Alert.objects.create(alert_uid=uid, state=state, reason="Because.", decision={"settings": ["odd"]})
        assert explain(uid)["state_words"] == Alert.State(state).label
        assert "Because." in told(uid)


def test_an_unknown_uid_says_what_to_do(db):
    with pytest.raises(CommandError, match="sync alerts"):
        call_command("explain", "nobody")
