"""Silences through their pages: make one, see what it hid, end it, and what becomes of the alerts."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.tickets.admin import rows
from tests.tickets.services.conftest import Bridge, bridge, sandbox
from tests.tickets.services.test_repeats import fire
from tickets.models import Alert, Monitor, MonitorType, Silence
from tickets.services import sweep

__all__ = ["bridge", "sandbox"]

ADD = "admin:tickets_silence_add"
LIST = "admin:tickets_silence_changelist"


def said(answer: Any) -> str:
    return " ".join(str(message) for message in answer.context["messages"])


def errors(answer: Any) -> dict[str, list[str]]:
    return dict(answer.context["adminform"].form.errors)


def fill(**values: Any) -> dict[str, Any]:
    return {"effect": "hide", "reason": "Printer move", "ends": "4h", **values}


def test_a_silence_is_made_by_its_form_hides_and_is_ended_on_its_page(signed_in, boss, bridge: Bridge):
    answer = signed_in.post(reverse(ADD), fill(device=bridge.device.pk), follow=True)
    silence = Silence.objects.get()
    assert answer.status_code == 200
    assert silence.owner == boss
    assert silence.name == str(bridge.device)
    assert silence.ends_at is not None
    assert abs(silence.ends_at - timezone.now() - timedelta(hours=4)) < timedelta(minutes=1)
    uid = fire(bridge)
    assert bridge.alert(uid).state == Alert.State.SILENCED
    page = signed_in.get(reverse("admin:tickets_silence_change", args=[silence.pk])).content.decode()
    assert reverse("admin:tickets_alert_change", args=[bridge.alert(uid).pk]) in page
    assert "Every monitor on device" in page
    answer = signed_in.post(reverse("silence-end", args=[silence.pk]), follow=True)
    assert "Ended." in said(answer)
    bridge.perform(sweep.reconsider_alerts())
    assert bridge.alert(uid).state == Alert.State.TICKETED
    page = signed_in.get(reverse("admin:tickets_silence_change", args=[silence.pk])).content.decode()
    assert "boss ended it." in page
    assert "End now" not in page
    assert bridge.ticket(uid).ticket_number in page, "what became of it stays on record"


def test_a_narrowed_silence_lets_go_of_what_it_no_longer_names(signed_in, bridge: Bridge):
    signed_in.post(reverse(ADD), fill(device=bridge.device.pk))
    silence, uid = Silence.objects.get(), fire(bridge)
    ends = timezone.now() + timedelta(hours=2)
    answer = signed_in.post(
        reverse("admin:tickets_silence_change", args=[silence.pk]),
        fill(
            device=bridge.device.pk,
            pattern="something else",
            ends="at",
            ends_at_0=f"{ends:%Y-%m-%d}",
            ends_at_1=f"{ends:%H:%M:%S}",
            also_security="on",
        ),
        follow=True,
    )
    assert "1 alerts it hides are decided again" in said(answer)
    bridge.perform(sweep.reconsider_alerts())
    assert bridge.alert(uid).state == Alert.State.TICKETED


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "__all__"),
        ({"pattern": "("}, "pattern"),
        ({"pattern": "x", "reason": ""}, "reason"),
        ({"pattern": "x", "ends": "at"}, "ends_at"),
        ({"pattern": "x", "ends": "at", "ends_at_0": "2020-01-01", "ends_at_1": "08:00"}, "ends_at"),
        ({"pattern": "x", "ends": "ticket"}, "ends_with"),
        ({"pattern": "x", "daily_from": "22:00"}, "daily_to"),
        ({"pattern": "x", "time_zone": "Mars/Base"}, "time_zone"),
        ({"pattern": "x", "ends": "never"}, "ends"),
    ],
)
def test_what_cannot_work_is_refused_beside_its_field(signed_in, values, field):
    answer = signed_in.post(reverse(ADD), fill(**values))
    assert field in errors(answer)
    assert not Silence.objects.exists()


def test_a_weekly_window_holds_only_within_it(signed_in, bridge: Bridge):
    now = timezone.now()
    today = now.weekday()
    window = {"weekdays": [(today + 3) % 7], "daily_from": "01:00", "daily_to": "02:00", "ends": "week"}
    signed_in.post(reverse(ADD), fill(device=bridge.device.pk, effect="hold", **window))
    assert bridge.alert(fire(bridge)).state == Alert.State.TICKETED
    Silence.objects.update(weekdays=[today], daily_from="00:00", daily_to="00:00")
    alert = bridge.alert(fire(bridge))
    assert (alert.state, alert.cause) == (Alert.State.HELD, "maintenance")


def test_security_alerts_are_never_hidden_unawares(signed_in, bridge: Bridge):
    uid = fire(bridge)
    MonitorType.objects.filter(alerts__alert_uid=uid).update(is_security=True)
    answer = signed_in.post(reverse(ADD), fill(device=bridge.device.pk))
    assert "1 security alert" in errors(answer)["also_security"][0]
    assert not Silence.objects.exists()
    signed_in.post(reverse(ADD), fill(device=bridge.device.pk, also_security="on"))
    silence, hidden = Silence.objects.get(), fire(bridge)
    assert bridge.alert(hidden).state == Alert.State.SILENCED
    page = signed_in.get(reverse("admin:tickets_silence_change", args=[silence.pk])).content.decode()
    assert "It hid 1 security alert:" in page
    assert "1, 1 of security monitors" in signed_in.get(reverse(LIST)).content.decode()


@pytest.mark.parametrize("ends", ["4h", "ticket"])
def test_quick_silence_from_an_alert(signed_in, boss, bridge: Bridge, ends, celery_outbox):
    noise = {"contextClass": "perf_disk_usage_ctx", "subject": "Q:"}
    alert = bridge.alert(fire(bridge, **noise))
    url = reverse("alert-silence", args=[alert.pk])
    answer = signed_in.post(
        url, {"scope": "monitor_device", "ends": ends, "reason": "disk swap"}, follow=True
    )
    silence = Silence.objects.get()
    assert (silence.monitor, silence.device, silence.site) == (alert.monitor, bridge.device, None)
    assert (silence.reason, silence.owner) == ("disk swap", boss)
    assert (silence.ends_at is None, silence.ends_with) == (
        (True, alert.ticket) if ends == "ticket" else (False, None)
    )
    assert "Silenced" in said(answer)
    Alert.objects.filter(pk=alert.pk).update(condition_key="another trouble of the monitor")
    assert bridge.alert(fire(bridge)).state == Alert.State.TICKETED, "other monitors go on"


def test_quick_silence_of_a_held_alert_takes_it_at_once(signed_in, bridge: Bridge, celery_outbox):
    from tests.tickets.services.test_repeats import settings  # noqa: PLC0415 - only here

    settings(hold_off_minutes=10)
    alert = bridge.alert(fire(bridge))
    assert alert.state == Alert.State.HELD
    signed_in.post(
        reverse("alert-silence", args=[alert.pk]), {"scope": "device", "ends": "1h", "reason": "x"}
    )
    assert bridge.alert(alert.alert_uid).state == Alert.State.SILENCED


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"reason": " "}, "because"),
        ({"scope": "world"}, "what"),
        ({"ends": "for ever"}, "how long"),
        ({"ends": "ticket"}, "how long"),
    ],
)
def test_quick_silence_names_what_is_missing(signed_in, bridge: Bridge, values, word):
    alert = bridge.alert(fire(bridge))
    Alert.objects.filter(pk=alert.pk).update(ticket=None)
    post = {"scope": "device", "ends": "1h", "reason": "why", **values}
    answer = signed_in.post(reverse("alert-silence", args=[alert.pk]), post, follow=True)
    assert f"{word}:" in said(answer)
    assert not Silence.objects.exists()


def test_readers_neither_end_nor_make_silences(staff, bridge: Bridge):
    reader = staff("view_alert", "view_silence", "change_alert")
    alert = bridge.alert(fire(bridge))
    silence = Silence.objects.create(
        name="s",
        reason="r",
        pattern="x",
        starts_at=timezone.now(),
        ends_at=timezone.now() + timedelta(hours=1),
    )
    assert reader.post(reverse("silence-end", args=[silence.pk])).status_code == 403
    assert reader.post(reverse("alert-silence", args=[alert.pk]), {}).status_code == 403
    page = reader.get(reverse("admin:tickets_silence_change", args=[silence.pk]))
    assert page.status_code == 200
    assert "End now" not in page.content.decode()
    assert (
        "alert-silence"
        not in reader.get(reverse("admin:tickets_alert_change", args=[alert.pk])).content.decode()
    )


def test_the_list_has_tabs_costs_few_queries_and_runs_no_inline_script(signed_in, count_queries):
    rows.make_alerts(40)
    now = timezone.now()

    def make(count: int, **values: Any) -> None:
        for number in range(count):
            silence = Silence.objects.create(
                name=f"s{number}", reason="because", pattern="x", starts_at=now, ends_at=now + timedelta(hours=1), **values
            )  # fmt: skip
            Alert.objects.filter(pk=Alert.objects.values_list("pk", flat=True)[number]).update(
                silence=silence
            )

    make(2)
    make(1, ended_at=now)
    few = count_queries(signed_in, reverse(LIST))
    make(20)
    assert count_queries(signed_in, reverse(LIST)) <= few
    answer = signed_in.get(reverse(LIST), {"over": "1"})
    assert answer.context["cl"].result_count == 1
    html = signed_in.get(reverse(LIST)).content.decode().partition('id="content"')[2]
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>|\son[a-z]+=", html)


def test_the_form_takes_what_an_address_names(signed_in, bridge: Bridge):
    fire(bridge)
    monitor = Monitor.objects.get()
    answer = signed_in.get(reverse(ADD), {"monitor": monitor.pk, "device": bridge.device.pk, "ends": "week"})
    form = answer.context["adminform"].form
    assert [str(form[name].value()) for name in ("monitor", "device", "ends")] == [
        str(monitor.pk),
        str(bridge.device.pk),
        "week",
    ]
