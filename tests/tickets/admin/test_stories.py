"""What the pages of an alert and a ticket tell, in every state there is."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse

from tests.tickets.services.conftest import Bridge, bridge, sandbox
from tests.tickets.services.test_repeats import DISK, clear, fire, settings
from tickets.admin.moments import build_moments
from tickets.models import Alert, Ticket, TicketDefaults, TicketRule, TimelineEvent
from tickets.selectors import origins as ways
from tickets.selectors.names import Names

__all__ = ["bridge", "sandbox"]


def page_of(client: Any, row: Alert | Ticket) -> str:
    kind = "alert" if isinstance(row, Alert) else "ticket"
    html = client.get(reverse(f"admin:tickets_{kind}_change", args=[row.pk])).content.decode()
    return re.sub(r"\s+", " ", html.partition('id="content"')[2])


def test_why_names_the_rule_the_site_and_the_defaults_with_links(signed_in, bridge: Bridge):
    TicketRule.objects.create(name="Night shift", device=bridge.device, due_minutes=30, clear_delay_minutes=5)
    alert = bridge.alert(fire(bridge))
    html = page_of(signed_in, alert)
    assert "Why this ticket" in html
    assert "Applies: rule Night shift." in html
    assert f'href="{reverse("admin:mappings_sitemapping_change", args=[bridge.mapping.pk])}">site ' in html
    assert "Wait before completing (minutes)" in html
    answer = signed_in.get(reverse("admin:tickets_alert_change", args=[alert.pk]))
    due = next(one for one in answer.context["why"]["fields"] if one["field"] == "dueDateTime")
    assert due["from"].text == "rule Night shift"
    delay = next(
        one for one in answer.context["why"]["settings"] if one["title"] == "wait before completing (minutes)"
    )
    assert (delay["value"], delay["origin"].text) == ("5", "rule Night shift")
    resolve = next(
        one for one in answer.context["why"]["settings"] if one["title"].startswith("wait before resolving")
    )
    assert resolve["origin"].url == reverse("admin:tickets_ticketdefaults_change", args=[1])


def test_a_rule_is_found_by_its_name_or_by_its_id_after_a_new_name(monkeypatch):
    monkeypatch.setattr(ways, "find_url", lambda name, *args, **_: f"/{name}/{args[0]}")
    origins = ways.Origins(Names(rules={"Night": 7, "Night shift": 8}, defaults={"Disk Usage": 3}))
    assert origins.of("rule Night shift").url.endswith("/8")
    assert origins.of("rule Night. Site Berlin counts alerts 1 step more urgent") == ways.Origin(
        "rule Night",
        "/admin:tickets_ticketrule_change/7",
        ". Site Berlin counts alerts 1 step more urgent",
    )
    assert origins.of("rule Old name", 7) == ways.Origin(
        "rule Night", "/admin:tickets_ticketrule_change/7", ", then called rule Old name"
    )
    assert origins.of("Disk Usage, priority High") == ways.Origin(
        "Disk Usage", "/admin:tickets_ticketdefaults_change/3", ", priority High"
    )
    assert origins.of("rule Gone", 99) == ways.Origin("rule Gone")
    assert origins.of("built-in") == ways.Origin("built-in")


def test_a_merged_alert_says_why_and_leads_to_the_alert_that_set_the_fields(signed_in, bridge: Bridge):
    first, second = (bridge.alert(fire(bridge, **DISK)) for _ in range(2))
    html = page_of(signed_in, second)
    assert "Why it is in this ticket" in html
    assert "is open for the same condition" in html
    assert "The same trouble again." in html
    assert f'href="{reverse("admin:tickets_alert_change", args=[first.pk])}"' in html
    assert "In the same ticket" in html
    assert "Joined a ticket." in html
    assert reverse("alert-take-out", args=[second.pk]) not in html, "it would come back at once"


def test_a_held_alert_says_since_when_and_until_when(signed_in, bridge: Bridge):
    settings(hold_off_minutes=30)
    alert = bridge.alert(fire(bridge))
    html = page_of(signed_in, alert)
    assert "Why it is held" in html
    assert "held off: it may clear by itself" in html
    assert "Looked at again by itself" in html
    assert "no ticket if it clears within 30 minutes (All monitor types)" in html


def test_a_silenced_alert_names_the_silence_its_owner_and_end(signed_in, bridge: Bridge, celery_outbox):
    first = bridge.alert(fire(bridge))
    signed_in.post(
        reverse("alert-silence", args=[first.pk]), {"scope": "device", "ends": "ticket", "reason": "repair"}
    )
    hidden = bridge.alert(fire(bridge))
    html = page_of(signed_in, hidden)
    assert "Why it is silenced" in html
    assert f'Until ticket <a href="{reverse("admin:tickets_ticket_change", args=[first.ticket_id])}"' in html
    assert "by boss: repair" in html
    assert "End the silence" in html


def test_an_alert_without_a_ticket_by_rule_leads_to_what_said_so(signed_in, bridge: Bridge):
    TicketDefaults.objects.filter(pk=1).update(create_ticket=False)
    alert = bridge.alert(fire(bridge))
    assert alert.state == Alert.State.FILTERED
    html = page_of(signed_in, alert)
    assert "Why no ticket" in html
    assert "No ticket is to be made (All monitor types" in html


def test_the_ticket_is_shown_as_last_known(signed_in, bridge: Bridge):
    alert = bridge.alert(fire(bridge))
    assert alert.ticket_id is not None
    Ticket.objects.filter(pk=alert.ticket_id).update(status=8, queue=5, assigned_resource_id=77)
    html = page_of(signed_in, alert)
    assert "In Progress" in html
    assert "Client Portal" in html
    assert "somebody whose name is not read yet" in html


def test_a_ticket_tells_its_counter_its_kind_and_the_tickets_before_and_after_it(signed_in, bridge: Bridge):
    settings(repeat_effect="new_linked")
    first = fire(bridge, **DISK)
    for _ in range(2):
        fire(bridge, **DISK)
    old = bridge.ticket(first)
    html = page_of(signed_in, old)
    assert "It has stood for 3 alerts; Autotask was told of 2 of them" in html
    assert "1 is not in a note yet" in html
    assert "One condition" in html
    for alert in Alert.objects.filter(ticket=old):
        clear(bridge, alert.alert_uid)
    bridge.perform_due()
    new = bridge.ticket(fire(bridge, **DISK))
    assert new.previous == old
    assert f'href="{reverse("admin:tickets_ticket_change", args=[old.pk])}">{old}</a>' in page_of(
        signed_in, new
    )
    assert "Followed by" in page_of(signed_in, old)


def test_every_kind_of_event_has_a_name_and_a_page(db):
    """A kind that the services write and the page does not know is shown as bare words of ours."""
    import inspect  # noqa: PLC0415 - only here
    from pathlib import Path  # noqa: PLC0415 - as above

    from tickets import services  # noqa: PLC0415 - as above
    from tickets.admin.moments import _TITLES  # noqa: PLC0415 - as above

    folder = Path(inspect.getfile(services)).parent
    source = "\n".join(path.read_text() for path in folder.glob("*.py"))
    written = set(re.findall(r'record_event\(\s*"([a-z_]+)"', source))
    assert written
    assert written <= set(_TITLES)


@pytest.mark.parametrize("data", [{}, {"ticket": "x"}, {"ticket": None}])
def test_odd_data_of_an_event_breaks_no_story(db, data):
    alert = Alert.objects.create(alert_uid="u")
    TimelineEvent.objects.create(
        alert=alert, kind="anything_new", text="Text.", data=data, at=alert.first_seen_at
    )
    (moment,) = build_moments(TimelineEvent.objects.select_related("user"), alert=alert)
    assert (moment.title, moment.url) == ("Anything new", "")
