"""Requests and request links in the admin."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mappings.models import Company, Device, Site, SiteMapping
from tests.conftest import SentTask
from tests.tickets.admin import rows
from tickets.models import AgentRequest, RequestLink, RequestPolicy, Ticket
from tickets.registrations import purge
from tickets.selectors.inbox import list_groups
from tickets.services.requests.decide import decide_or_mark
from tickets.services.requests.links import find_link, make_link
from tickets.services.requests.policy import load_request_policy, rotate_secret

pytestmark = pytest.mark.django_db
_EVIL = "<script>alert(1)</script>"


@pytest.fixture
def device() -> Device:
    rows.connect()
    site = Site.objects.create(datto_site_uid="site", name="Berlin", synced_at=timezone.now())
    SiteMapping.objects.create(site=site, state="unmapped")
    return Device.objects.create(
        datto_device_uid="uid-1", hostname="PC-1", site=site, synced_at=timezone.now()
    )


def sent(device: Device, **values: Any) -> AgentRequest:
    number = AgentRequest.objects.count()
    return AgentRequest.objects.create(
        **{"device": device, "key": f"{number:064x}", "subject": "Printer jams", "text": "It jams.",
           "person_name": "Anna", "received_at": timezone.now(), **values}
    )  # fmt: skip


def html_of(client: Client, name: str, *args: Any) -> str:
    answer = client.get(reverse(name, args=args))
    assert answer.status_code == 200, answer
    return str(answer.content.decode())


def test_the_list_and_the_page_tell_where_it_stands(signed_in: Client, device: Device):
    row = sent(device, subject=_EVIL, text=_EVIL, person_name=_EVIL)
    decide_or_mark(row.pk)
    for html in (
        html_of(signed_in, "admin:tickets_agentrequest_changelist"),
        html_of(signed_in, "admin:tickets_agentrequest_change", row.pk),
    ):
        assert "has no organization yet" in html
        assert "Waiting for a cure" in html
        assert _EVIL not in html
        assert "&lt;script&gt;" in html
    assert "Retry" in html_of(signed_in, "admin:tickets_agentrequest_change", row.pk)


def test_empty_lists_say_what_appears_there(signed_in: Client):
    assert "No request yet." in html_of(signed_in, "admin:tickets_agentrequest_changelist")
    assert "No device has a request page yet." in html_of(signed_in, "admin:tickets_requestlink_changelist")


def test_the_menu_has_requests(signed_in: Client):
    assert reverse("admin:tickets_agentrequest_changelist") in html_of(signed_in, "needs-attention")


@pytest.mark.parametrize("pk", ["\u00b2", "9" * 30, "-1", "x", "77"])
def test_addresses_that_name_no_row(signed_in: Client, pk: str):
    for name in ("admin:tickets_agentrequest_change", "admin:tickets_requestlink_change"):
        assert signed_in.get(reverse(name, args=[pk])).status_code == 404


def test_waiting_requests_need_attention_and_are_retried_from_there(
    signed_in: Client, device: Device, celery_outbox: list[SentTask]
):
    row = sent(device)
    decide_or_mark(row.pk)
    (group,) = [one for one in list_groups(timezone.now()) if one.title.startswith("Requests")]
    assert (group.count, group.retry_cause) == (1, "site_unmapped")
    assert "Mappings > Sites" in group.cure
    assert reverse("requests-retry") in html_of(signed_in, "needs-attention")
    company = Company.objects.create(autotask_company_id=5, name="Contoso", synced_at=timezone.now())
    SiteMapping.objects.update(company=company, state="confirmed")
    answer = signed_in.post(reverse("requests-retry"), {"cause": "site_unmapped"}, follow=True)
    assert "Tried 1 request again." in answer.content.decode()
    row.refresh_from_db()
    assert row.state == AgentRequest.State.TICKETING
    assert [one.name for one in celery_outbox] == ["tickets.perform_action"]
    answer = signed_in.post(reverse("requests-retry"), {"cause": _EVIL}, follow=True)
    assert "Press a button of this page" in answer.content.decode()


def test_retry_on_the_page(signed_in: Client, device: Device):
    row = sent(device)
    answer = signed_in.post(reverse("request-retry", args=[row.pk]), follow=True)
    assert "It still waits" in answer.content.decode()
    assert row.events.filter(kind="retry").count() == 1


def test_a_link_is_shown_once(signed_in: Client, device: Device):
    url = reverse("device-request-link", args=[device.pk])
    answer = signed_in.post(url, {"days": "30"})
    link = RequestLink.objects.get()
    token = answer.content.decode().split("/request/", 1)[1].split("/", 1)[0]
    assert find_link(token) == link
    assert "no-store" in answer["Cache-Control"]
    assert link.created_by is not None
    assert link.expires_at is not None
    assert timedelta(days=29) < link.expires_at - timezone.now() < timedelta(days=31)
    assert token not in html_of(signed_in, "device-request-link", device.pk)
    assert url in html_of(signed_in, "admin:mappings_device_change", device.pk)


def test_wrong_lifetimes_and_deleted_devices_get_no_link(signed_in: Client, device: Device):
    url = reverse("device-request-link", args=[device.pk])
    assert "valid: choose how long" in signed_in.post(url, {"days": "7"}, follow=True).content.decode()
    device.is_deleted = True
    device.save()
    assert "deleted" in signed_in.post(url, {"days": "0"}, follow=True).content.decode()
    assert not RequestLink.objects.exists()


def test_links_of_a_site_come_as_a_file(signed_in: Client, device: Device):
    Device.objects.create(
        datto_device_uid="uid-2", hostname="=cmd()", site=device.site, synced_at=timezone.now()
    )
    Device.objects.create(
        datto_device_uid="uid-3", hostname="GONE", site=device.site, is_deleted=True, synced_at=timezone.now()
    )
    assert "Berlin (2)" in html_of(signed_in, "request-links-site")
    answer: Any = signed_in.post(reverse("request-links-site"), {"site": device.site_id, "days": "0"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    table = list(csv.reader(io.StringIO(text)))
    assert [row[0] for row in table] == ["Device", "'=cmd()", "PC-1"]
    for row in table[1:]:
        assert find_link(row[2].rstrip("/").rsplit("/", 1)[1]) is not None
    answer = signed_in.post(reverse("request-links-site"), {"site": "x", "days": "0"}, follow=True)
    assert "site: choose one of the list" in answer.content.decode()


def test_revoking_one_and_several(signed_in: Client, device: Device, boss: User):
    first, second = (make_link(device, user=None).link for _ in range(2))
    signed_in.post(reverse("request-link-revoke", args=[first.pk]))
    first.refresh_from_db()
    assert first.revoked_why == f"Revoked by {boss.username}."
    signed_in.post(
        reverse("admin:tickets_requestlink_changelist"),
        {"action": "revoke_chosen", "_selected_action": [first.pk, second.pk]},
    )
    second.refresh_from_db()
    assert second.revoked_at is not None
    assert "revoked" in html_of(signed_in, "admin:tickets_requestlink_changelist")
    assert signed_in.get(reverse("admin:tickets_requestlink_change", args=[first.pk])).status_code == 302


def test_the_component_page_makes_replaces_and_revokes_the_secret(signed_in: Client):
    url = reverse("request-component")
    assert "There is none" in html_of(signed_in, "request-component")
    signed_in.post(url, {"what": "rotate"})
    secret = load_request_policy().component_secret
    html = html_of(signed_in, "request-component")
    assert secret in html
    assert "CentraStage" in html
    assert "RequestSecret" in html
    signed_in.post(url, {"what": "rotate"})
    assert load_request_policy().component_secret not in {"", secret}
    signed_in.post(url, {"what": "revoke"})
    assert load_request_policy().component_secret == ""
    assert LogEntry.objects.count() == 3
    assert secret not in "".join(LogEntry.objects.values_list("change_message", flat=True))


def test_limits_are_checked(signed_in: Client):
    url = reverse("request-component")
    answer = signed_in.post(
        url, {"what": "limits", "link_days": "0", "requests_per_hour": "many"}, follow=True
    )
    html = answer.content.decode()
    assert "Days: enter 1 to 3,650" in html
    assert "Requests an hour: enter 1 to 1,000" in html
    assert not RequestPolicy.objects.exists()
    signed_in.post(url, {"what": "limits", "link_days": "90", "requests_per_hour": "5"})
    signed_in.post(url, {"what": "limits", "link_days": "", "requests_per_hour": "7"})
    policy = RequestPolicy.objects.get()
    assert (policy.link_days, policy.requests_per_hour) == (None, 7)
    assert "unknown" in signed_in.post(url, {"what": _EVIL}, follow=True).content.decode()


@pytest.mark.parametrize(
    ("role", "sees_secret", "makes_links"),
    [("Administrator", True, True), ("Dispatcher", False, True), ("Technician", False, True), ("Viewer", False, False)],
)  # fmt: skip
def test_roles(device: Device, role: str, *, sees_secret: bool, makes_links: bool):
    user = User.objects.create_user("somebody", password="a long password", is_staff=True)
    user.groups.set(Group.objects.filter(name=role))
    client = Client()
    client.force_login(user)
    secret = rotate_secret().component_secret
    assert (secret in html_of(client, "request-component")) is sees_secret
    changed = client.post(reverse("request-component"), {"what": "revoke"}).status_code == 302
    assert changed is sees_secret
    made = client.post(reverse("device-request-link", args=[device.pk]), {"days": "0"}).status_code == 200
    assert made is makes_links
    assert RequestLink.objects.exists() is makes_links


def test_old_requests_go_and_open_ones_stay(device: Device):
    company = Company.objects.create(autotask_company_id=5, name="Contoso", synced_at=timezone.now())
    long_ago = timezone.now() - timedelta(days=4000)
    kept = []
    for number, state in enumerate(("open", "completed")):
        ticket = Ticket.objects.create(
            correlation_key=f"rmm-request:{number}", company=company, state=state, kind="request"
        )
        kept.append(sent(device, state="ticketed", ticket=ticket, received_at=long_ago))
    waiting = sent(device, state="blocked", received_at=long_ago)
    purge(timezone.now())
    assert set(AgentRequest.objects.values_list("pk", flat=True)) == {kept[0].pk, waiting.pk}
