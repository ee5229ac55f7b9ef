"""The page of drift: what it shows, what it offers, what it costs."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integration.models import SyncRun
from mappings.admin.driftbuttons import buttons_of
from mappings.models import ConfigurationItem, Device, DeviceFinding, DeviceLink, Site
from tests.conftest import SentTask
from tests.mappings.services.device_rows import make_devices

pytestmark = pytest.mark.django_db
LIST = "/admin/mappings/devicefinding/"
Kind = DeviceFinding.Kind


@pytest.fixture
def admin(client: Client, person: User) -> Client:
    client.force_login(person)
    return client


def make_findings(count: int, kinds: list[str] | None = None, **values: Any) -> list[DeviceFinding]:
    """Make open drifts over devices of every sort."""
    now = timezone.now()
    chosen = kinds or [one.value for one in Kind]
    devices = list(Device.objects.order_by("pk")[:count])
    items = list(ConfigurationItem.objects.order_by("pk")[: count + 1])
    return DeviceFinding.objects.bulk_create(
        DeviceFinding(
            key=f"{chosen[n % len(chosen)]}:{n}",
            kind=chosen[n % len(chosen)],
            device=None if chosen[n % len(chosen)] == Kind.ITEM_WITHOUT_DEVICE else device,
            configuration_item=items[n % len(items)],
            summary=f"Drift number {n}.",
            detail={"item_pks": [items[n % len(items)].pk, items[(n + 1) % len(items)].pk]},
            found_at=now,
            seen_at=now,
            **values,
        )
        for n, device in enumerate(devices)
    )


def test_empty_page_tells_whether_both_sides_agree_or_nobody_looked(admin: Client) -> None:
    page = admin.get(LIST).content.decode()
    assert "Nothing has been compared yet" in page
    SyncRun.objects.create(kind="devices", trigger="schedule", status="succeeded")
    page = admin.get(LIST).content.decode()
    assert "Both sides agree" in page


def test_list_counts_each_kind_and_every_count_leads_to_its_list(admin: Client) -> None:
    make_devices(40)
    make_findings(40)
    page = admin.get(LIST)
    pills = page.context["drift_pills"]
    assert pills[0]["count"] == 40
    for pill in pills:
        assert admin.get(f"{LIST}?{pill['query']}").context["cl"].result_count == pill["count"], pill


def test_list_is_narrowed_by_organization_state_and_words(admin: Client) -> None:
    make_devices(40)
    findings = make_findings(40)
    device = next(one for one in findings if one.device is not None and hasattr(one.device.site, "mapping"))
    company = device.device.site.mapping.company  # type: ignore[union-attr]  # chosen for having one
    shown = admin.get(f"{LIST}?company={company.pk}").context["cl"].result_list  # type: ignore[union-attr]
    assert shown
    assert all(
        company.pk in {one.device and one.device.site.mapping.company_id, one.configuration_item.company_id}  # type: ignore[union-attr]
        for one in shown
    )
    assert admin.get(f"{LIST}?q=%22number+7.%22").context["cl"].result_count == 1
    DeviceFinding.objects.filter(pk=findings[0].pk).update(state="dismissed", resolution="So be it")
    assert admin.get(f"{LIST}?state=dismissed").context["cl"].result_count == 1
    assert "So be it" in admin.get(f"{LIST}?state=dismissed").content.decode()


@pytest.mark.parametrize("query", ["", "?kind=moved", "?state=all", "?q=Drift"])
def test_list_costs_the_same_with_many_rows(admin: Client, query: str) -> None:
    make_devices(60)
    make_findings(60)
    # The number in the menu is counted once and then remembered for a while.
    admin.get("/admin/password_change/")
    with CaptureQueriesContext(connection) as many:
        assert admin.get(f"{LIST}{query}").status_code == 200
    DeviceFinding.objects.filter(pk__in=DeviceFinding.objects.values("pk")[9:]).delete()
    with CaptureQueriesContext(connection) as few:
        assert admin.get(f"{LIST}{query}").status_code == 200
    assert len(few) == len(many) < 15


@pytest.mark.parametrize("kind", [one.value for one in Kind])
def test_every_kind_has_a_page_that_offers_what_makes_sense(admin: Client, kind: str) -> None:
    make_devices(5)
    (finding, *_) = make_findings(5, [kind])
    listed = admin.get(LIST).content.decode()
    with CaptureQueriesContext(connection) as cost:
        page = admin.get(f"{LIST}{finding.pk}/change/?q=PC")
    assert page.status_code == 200
    assert len(cost) < 40
    text = page.content.decode()
    assert finding.summary in text
    for button in buttons_of(finding):
        assert button.does in listed.replace("&#x27;", "'"), button
        if not button.is_page and button.name != "leave":
            assert f'value="{button.name}"' in text
    assert sum(button.is_main for button in buttons_of(finding)) == 1


def test_leaving_needs_a_reason_and_can_be_taken_back(admin: Client, person: User) -> None:
    make_devices(3)
    findings = make_findings(3, ["moved"])
    admin.post(LIST, {"_leave": findings[0].pk})
    findings[0].refresh_from_db()
    assert findings[0].state == "open"
    admin.post(LIST, {"_leave": findings[0].pk, "reason": "Known"})
    findings[0].refresh_from_db()
    assert (findings[0].state, findings[0].closed_by, findings[0].resolution) == (
        "dismissed",
        person,
        "Known",
    )
    admin.post(LIST, {"_reopen": findings[0].pk})
    findings[0].refresh_from_db()
    assert findings[0].state == "open"
    asked = admin.post(LIST, {"action": "leave_selected", "_selected_action": [one.pk for one in findings]})
    assert "Leave 3" in asked.content.decode()
    admin.post(f"{LIST}leave/", {"ids": asked.context["ids"], "reason": "All known"})
    assert DeviceFinding.objects.filter(state="dismissed", resolution="All known").count() == 3


def test_bulk_deactivation_is_one_run_for_a_worker(
    admin: Client, celery_outbox: list[SentTask], django_capture_on_commit_callbacks: Any
) -> None:
    make_devices(3)
    findings = make_findings(3, ["item_without_device"])
    with django_capture_on_commit_callbacks(execute=True):
        answer = admin.post(
            LIST,
            {"action": "deactivate_selected", "_selected_action": [one.pk for one in findings]},
            follow=True,
        )
    run = SyncRun.objects.get(mode="apply")
    assert (run.entries.count(), [one.args for one in celery_outbox]) == (3, [[run.pk]])
    page = answer.content.decode()
    assert "3 being deactivated" in page
    assert page.count("being done:") == 3


def test_unlinking_on_the_devices_own_page(
    admin: Client, celery_outbox: list[SentTask], django_capture_on_commit_callbacks: Any
) -> None:
    make_devices(5)
    link = DeviceLink.objects.filter(configuration_item__isnull=False).first()
    assert link is not None
    url = f"{LIST}device/{link.device_id}/"
    assert "Unlink and leave out" in admin.get(url).content.decode()
    admin.post(url, {"decision": "leave_out", "reason": ""})
    link.refresh_from_db()
    assert link.configuration_item_id is not None
    admin.post(url, {"decision": "leave_out", "reason": "Spare"})
    link.refresh_from_db()
    assert (link.configuration_item_id, link.state, link.basis) == (None, "excluded", "person")  # type: ignore[comparison-overlap]
    assert "Take in again" in admin.get(url).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        admin.post(url, {"decision": "look_again"})
    link.refresh_from_db()
    assert (link.state, link.basis, len(celery_outbox)) == ("new", "", 1)


def test_who_may_only_look_sees_no_buttons_and_is_refused(client: Client, db: None) -> None:
    make_devices(2)
    (finding, _) = make_findings(2, ["moved"])
    viewer = User.objects.create_user("grace", password="nanosecond", is_staff=True)
    client.force_login(viewer)
    assert client.get(LIST).status_code == 403
    viewer.user_permissions.add(Permission.objects.get(codename="view_devicefinding"))
    page = client.get(LIST).content.decode()
    assert finding.summary in page
    assert 'name="_move"' not in page
    assert client.post(LIST, {"_move": finding.pk}).status_code == 403
    assert client.post(f"{LIST}{finding.pk}/change/", {"decision": "move"}).status_code == 403
    assert client.post(f"{LIST}leave/", {"ids": str(finding.pk), "reason": "x"}).status_code == 403
    assert client.get(f"{LIST}{finding.pk}/change/").status_code == 200


def test_unknown_rows_and_buttons_are_answered_plainly(admin: Client) -> None:
    make_devices(2)
    (finding, _) = make_findings(2, ["moved"])
    for path in ("999999/change/", "x/change/", "device/999999/"):
        assert admin.get(f"{LIST}{path}").status_code == 404
    page = admin.post(f"{LIST}{finding.pk}/change/", {"decision": "dance"}, follow=True)
    assert "That button is not known" in page.content.decode()
    page = admin.post(LIST, {"_move": "999999"}, follow=True)
    assert "Nothing changed" in page.content.decode()
    assert Site.objects.exists()
