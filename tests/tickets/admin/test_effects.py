"""What a change would have done, told beside the form that makes it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integration.models import VendorCall
from tests.tickets.admin import rows
from tests.tickets.admin.test_rules import make_rule, rule_data, simple
from tickets.models import Alert, AlertPolicy, MonitorType, ReplayRun, TicketDefaults, TicketRule
from tickets.services import effects
from tickets.services.draft_fields import POLICY_FIELDS

pytestmark = pytest.mark.django_db


def effect(client: Client, rule: TicketRule | None, **data: Any) -> dict[str, Any]:
    answer = client.post(reverse("effect-rule", args=[rule.pk if rule else 0]), data)
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def alerts_of_disks() -> None:
    rows.make_alerts(30)
    Alert.objects.update(monitor_type=MonitorType.objects.get(slug="disk_usage"))


def test_the_forms_of_rules_ask_for_their_effect(signed_in: Client) -> None:
    rule = make_rule()
    for url, number in (
        (reverse("admin:tickets_ticketrule_change", args=[rule.pk]), rule.pk),
        (reverse("admin:tickets_ticketrule_add"), 0),
    ):
        html = signed_in.get(url).content.decode()
        assert f'data-effect="{reverse("effect-rule", args=[number])}"' in html
        assert "tickets/effect.js" in html
        # The script sends the form around it.
        assert html.index("data-effect=") < html.rindex("</form>")


def test_a_new_rule_that_makes_no_tickets_says_how_many_fewer(signed_in: Client) -> None:
    alerts_of_disks()
    told = effect(signed_in, None, **simple(name="", hold_off_minutes="", create_ticket="false"))
    assert told["live"] is False
    assert "tickets -&gt; 0, 1 organization hears less" in told["html"]
    assert not TicketRule.objects.exists()
    assert not VendorCall.objects.exists()


def test_an_unchanged_rule_has_no_effect(signed_in: Client) -> None:
    rule = make_rule()
    alerts_of_disks()
    assert "Nothing is changed yet." in effect(signed_in, rule, **rule_data(rule))["html"]


def test_a_form_that_cannot_be_saved_yet_is_no_error(signed_in: Client) -> None:
    rule = make_rule()
    alerts_of_disks()
    told = effect(signed_in, rule, **rule_data(rule, pattern="(", hold_off_minutes="20"))
    assert told["html"]
    rule.refresh_from_db()
    assert (rule.pattern, rule.hold_off_minutes) == ("", 10)


def test_many_alerts_are_counted_by_a_worker_once(
    signed_in: Client,
    celery_outbox: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    alerts_of_disks()
    monkeypatch.setattr(effects, "MOST_AT_ONCE", 5)
    data = simple(create_ticket="false")
    with django_capture_on_commit_callbacks(execute=True):
        first, second = effect(signed_in, None, **data), effect(signed_in, None, **data)
    run = ReplayRun.objects.get()
    assert first["live"]
    assert first["url"] == second["url"] == reverse("effect-run", args=[run.pk])
    assert {sent.args[0] for sent in celery_outbox} == {run.pk}
    assert signed_in.get(first["url"]).json()["live"]


def test_ticket_defaults_tell_theirs(signed_in: Client) -> None:
    alerts_of_disks()
    row = TicketDefaults.objects.get(monitor_type=None)
    url = reverse("admin:tickets_ticketdefaults_change", args=[row.pk])
    assert f'data-effect="{reverse("effect-defaults", args=[row.pk])}"' in signed_in.get(url).content.decode()


def test_who_may_change_nothing_asks_nothing(staff: Any) -> None:
    rule = make_rule()
    client = staff("view_ticketrule")
    html = client.get(reverse("admin:tickets_ticketrule_change", args=[rule.pk])).content.decode()
    assert rule.name in html
    assert "data-effect=" not in html
    assert client.post(reverse("effect-rule", args=[rule.pk]), rule_data(rule)).status_code == 403


def test_the_alert_policy_tells_what_its_change_would_have_done(signed_in: Client) -> None:
    alerts_of_disks()
    page = signed_in.get(reverse("admin:tickets_alertpolicy_change", args=[1])).content.decode()
    assert f'data-effect="{reverse("effect-policy")}"' in page
    data = form_data_of_policy(breaker_per_minute="1")
    answer = signed_in.post(reverse("effect-policy"), data)
    assert answer.status_code == 200
    assert "tickets -&gt;" in answer.json()["html"]
    assert AlertPolicy.objects.get().breaker_per_minute == 30
    unchanged = signed_in.post(reverse("effect-policy"), form_data_of_policy())
    assert "Nothing is changed yet." in unchanged.json()["html"]


def form_data_of_policy(**changes: str) -> dict[str, Any]:
    """Return what the browser sends for the policy as it is stored, with some changes."""
    policy = AlertPolicy.objects.get()
    return {
        name: "" if (value := getattr(policy, name)) is None else value for name in POLICY_FIELDS
    } | changes


def test_switching_and_deleting_a_rule_say_first_what_that_would_have_done(signed_in: Client) -> None:
    rule = make_rule(create_ticket=False)
    alerts_of_disks()
    switch = reverse("admin:tickets_ticketrule_switch", args=[rule.pk])
    assert switch in signed_in.get(reverse("admin:tickets_ticketrule_changelist")).content.decode()
    url = reverse("effect-switch", args=[rule.pk])
    for page in (switch, reverse("admin:tickets_ticketrule_delete", args=[rule.pk])):
        assert f'data-effect="{url}" data-effect-now' in signed_in.get(page).content.decode()
    assert "0 tickets -&gt;" in signed_in.post(url).json()["html"].replace("&rarr;", "-&gt;")
    rule.refresh_from_db()
    assert rule.is_active
    answer = signed_in.post(
        reverse("admin:tickets_ticketrule_changelist"), {"_switch": str(rule.pk)}, follow=True
    )
    assert answer.status_code == 200
    rule.refresh_from_db()
    assert not rule.is_active


def test_the_effect_of_switching_several_rules_is_told_together(signed_in: Client) -> None:
    rules = [
        make_rule(name=f"Rule {n}", create_ticket=False, alert_priorities=[p])
        for n, p in enumerate(("High", "Low"))
    ]
    alerts_of_disks()
    url = reverse("effect-switches")
    ticked = [str(rule.pk) for rule in rules]

    def tickets_after(*chosen: str, action: str = "switch_off") -> str:
        answer = signed_in.post(url, {"action": action, "_selected_action": chosen})
        return str(answer.json()["html"])

    both, one = tickets_after(*ticked), tickets_after(ticked[0])
    assert "tickets -&gt;" in both
    assert both != one
    assert "Nothing is changed yet." in tickets_after(*ticked, action="switch_on"), "they are on"
    assert TicketRule.objects.filter(is_active=True).count() == 2
