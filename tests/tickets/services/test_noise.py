"""The noise coach over recorded alerts: what it says of each monitor, and a suggestion that becomes a draft."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import yaml
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integration.models import VendorCall
from mappings.models import Company, Device, Site, SiteMapping
from tickets.models import Alert, Monitor, MonitorType, ReplayRun, Ticket, TicketDefaults, TicketRule
from tickets.services.defaults import ensure_rows
from tickets.services.noise import look_for_noise, suggestion_file
from tickets.services.replays import execute_replay

pytestmark = pytest.mark.django_db


@pytest.fixture
def noisy(db: None) -> Monitor:
    """Return a monitor that fires once a day for a few minutes, and make a calm one beside it."""
    ensure_rows()
    TicketDefaults.objects.filter(pk=1).update(repeat_effect="new")
    now = timezone.now()
    company = Company.objects.create(autotask_company_id=7, name="Contoso", synced_at=now)
    site = Site.objects.create(datto_site_uid="site", name="Contoso", synced_at=now)
    SiteMapping.objects.create(site=site, company=company, state=SiteMapping.State.CONFIRMED)
    Device.objects.create(datto_device_uid="d", hostname="PC", site=site, synced_at=now)
    disks = MonitorType.objects.get(slug="disk_usage")
    seen = {"first_seen_at": now, "last_seen_at": now, "monitor_type": disks}
    loud, calm = (Monitor.objects.create(label=label, **seen) for label in ("Disk C:", "Disk D:"))
    made: list[Alert] = []
    for day in range(20):
        for monitor, lasts in ((loud, 4), *(((calm, 400),) if day < 4 else ())):
            at = now - timedelta(days=25 - day)
            made.append(
                Alert(
                    alert_uid=f"{monitor.pk}-{day}", monitor=monitor, monitor_type=disks, priority="High",
                    condition_key=f"m{monitor.pk}", datto_site_uid="site", datto_device_uid="d", raised_at=at,
                    is_resolved=True, resolved_at=at + timedelta(minutes=lasts), resolved_by="System",
                )
            )  # fmt: skip
    Alert.objects.bulk_create(made)
    for alert in Alert.objects.all():
        Alert.objects.filter(pk=alert.pk).update(first_seen_at=alert.raised_at)
    return loud


def line_of(monitor: Monitor) -> dict[str, Any]:
    found = look_for_noise(30, timezone.now())
    return next(one for one in found["lines"] if one["monitor"] == monitor.pk)


def test_the_loudest_is_told_what_a_wait_would_have_done(noisy: Monitor) -> None:
    line = line_of(noisy)
    assert (line["fires"], line["per_day"], line["short_percent"]) == (20, 0.7, 100)
    assert (line["advice"], line["title"]) == ("hold_off", "Wait 15 minutes")
    assert (line["tickets"], line["after"]) == (20, 0)
    calm = Monitor.objects.get(label="Disk D:")
    assert line_of(calm)["advice"] == ""


def test_how_many_tickets_were_worked_on_is_counted_over_its_own_tickets(noisy: Monitor) -> None:
    company = Company.objects.get()
    for number, alert in enumerate(Alert.objects.filter(monitor=noisy)[:4]):
        ticket = Ticket.objects.create(
            company=company, correlation_key=f"t{number}", state=Ticket.State.COMPLETED, completed_by_us=number != 0,
            touched_at=timezone.now() if number == 1 else None,
        )  # fmt: skip
        Alert.objects.filter(pk=alert.pk).update(ticket=ticket)
    assert line_of(noisy)["touched_percent"] == 50


def test_a_suggestion_is_a_draft_of_one_rule(noisy: Monitor) -> None:
    [rule] = yaml.safe_load(suggestion_file(noisy, "hold_off"))["rules"]
    assert rule == {
        "name": "Wait 15 minutes: Disk C:",
        "reason": "Suggested by the noise coach.",
        "monitor": "Disk C:",
        "hold_off_minutes": 15,
    }


def test_the_page_has_a_worker_look_and_leads_to_the_draft(
    noisy: Monitor, client: Client, celery_outbox: Any, django_capture_on_commit_callbacks: Any
) -> None:
    del celery_outbox
    client.force_login(User.objects.create_superuser("boss"))
    assert "has not looked yet" in client.get(reverse("noise-coach")).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("noise-coach"))
    run = ReplayRun.objects.get(kind=ReplayRun.Kind.COACH)
    execute_replay(run.pk)
    html = client.get(reverse("noise-coach")).content.decode()
    assert "Wait 15 minutes" in html
    assert "100 % of its alerts clear by themselves within 15 minutes." in html
    link = f"{reverse('replay-new')}?monitor={noisy.pk}&suggestion=hold_off"
    assert link.replace("&", "&amp;") in html
    draft = client.get(link).content.decode()
    assert "hold_off_minutes: 15" in draft
    assert not TicketRule.objects.exists()
    assert not VendorCall.objects.exists()
