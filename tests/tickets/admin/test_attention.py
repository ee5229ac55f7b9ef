from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from integration.models import Connection, SyncRun, SyncRunEntry, VendorHealth
from mappings.models import (
    Device,
    DeviceFinding,
    DeviceReview,
    DeviceTypeRule,
    FieldMap,
    Product,
    UdfDefinition,
)
from tests.mappings.services.device_rows import make_devices
from tests.tickets.admin import rows
from tickets.models import Alert, TicketDefaults, TimelineEvent
from tickets.selectors import waiting
from tickets.selectors.inbox import count_waiting, list_groups
from tickets.selectors.inbox_causes import CAUSE_TITLES
from tickets.selectors.pages import find_last_ticketed
from tickets.views.attention import badge
from tickets.views.home import describe_state


def titles() -> list[str]:
    return [group.title for group in list_groups(timezone.now())]


def test_nothing_needs_you(signed_in):
    rows.connect()
    html = signed_in.get(reverse("needs-attention")).content.decode()
    assert "Nothing needs you." in html
    assert titles() == []


def test_each_trouble_is_a_group_with_count_and_cure(db):
    rows.connect()
    rows.make_picklists()
    rows.make_alerts(60)
    rows.make_troubles()
    VendorHealth.objects.create(vendor="autotask", is_down=True, last_error="503 for 4 min")
    Connection.objects.update(autotask_webhook_problem="Autotask switched it off.")
    queue = rows.pick("queueID", "Level I Support")
    queue.is_active = False
    queue.save()
    TicketDefaults.objects.filter(monitor_type__slug="disk_usage").update(queue=queue)
    groups = {group.title: group for group in list_groups(timezone.now())}
    assert set(groups) == {
        "The Autotask webhook does not work",
        "Autotask does not answer",
        "Checks of the connection fail",
        "Sites without an organization",
        "Alerts that Datto RMM did not resolve",
        "Datto RMM webhook: messages that could not be read",
        "The last devices run was stopped by the guard",
        "Ticket defaults use values that are inactive in Autotask",
    }
    sites = groups["Sites without an organization"]
    assert sites.count == Alert.objects.filter(state="blocked", is_resolved=False).count()
    assert "sites," in sites.happened
    assert sites.retry_cause == "site_unmapped"
    assert sites.links[0].text == "Map sites"
    assert all(group.happened and group.cure for group in groups.values())
    values = groups["Ticket defaults use values that are inactive in Autotask"]
    assert values.examples[0].text == "Disk Usage: queue Level I Support"


def test_a_disconnected_integration_says_where_to_start(db):
    assert titles() == ["Nothing is connected yet"]


def test_a_paused_integration_is_told(db):
    rows.connect()
    Connection.objects.update(paused_at=timezone.now(), paused_reason="Autotask migration.")
    assert titles() == ["The integration is paused"]


def test_old_messages_and_settled_refusals_do_not_nag(db):
    rows.connect()
    rows.make_alerts(10)
    Alert.objects.filter(state="blocked").delete()
    rows.make_troubles()
    from integration.models import PreflightCheck  # noqa: PLC0415 - only here
    from tickets.models import Delivery  # noqa: PLC0415 - as above

    PreflightCheck.objects.all().delete()
    Delivery.objects.update(received_at=timezone.now() - timedelta(days=2))
    Alert.objects.update(is_resolved=True)
    SyncRun.objects.create(kind="devices", trigger="schedule", status="succeeded", finished_at=timezone.now())
    assert titles() == []


@pytest.mark.parametrize("cause", list(CAUSE_TITLES))
def test_every_cause_has_its_group(db, cause):
    rows.connect()
    Alert.objects.create(alert_uid="u", state="blocked", cause=cause, reason="Why.", remedy="Do this.")
    (group,) = list_groups(timezone.now())
    assert group.title == CAUSE_TITLES[cause]
    assert group.count == 1
    assert "Why." in group.happened


def test_retry_all_of_a_cause(signed_in, celery_outbox):
    rows.make_alerts(60)
    waiting = Alert.objects.filter(state="blocked", is_resolved=False).count()
    answer = signed_in.post(reverse("attention-retry"), {"cause": "site_unmapped"}, follow=True)
    assert TimelineEvent.objects.filter(kind="retry").count() == waiting
    assert f"Tried {waiting} alerts again" in "".join(str(message) for message in answer.context["messages"])


def test_retry_refuses_an_unknown_cause_and_a_reader(signed_in, staff):
    answer = signed_in.post(reverse("attention-retry"), {"cause": "<x>"}, follow=True)
    assert "is unknown" in "".join(str(message) for message in answer.context["messages"])
    assert staff("view_alert").post(reverse("attention-retry"), {"cause": "site_unmapped"}).status_code == 403


def menu(answer: Any) -> str:
    """Return the badge of Needs attention in the menu of a page."""
    groups = answer.context["sidebar_navigation"]
    [item] = [item for group in groups for item in group["items"] if item["title"] == "Needs attention"]
    return str(item.get("badge", ""))


@pytest.mark.parametrize("page", ["admin:index", "needs-attention"])
def test_the_menu_tells_what_the_page_that_counts_tells(signed_in, redis_client, page):
    rows.connect()
    rows.make_alerts(60)
    rows.make_troubles()
    now = timezone.now()
    waits = str(count_waiting(now))
    assert int(waits) == sum(group.count for group in list_groups(now)) >= 10
    assert menu(signed_in.get(reverse("ledger"))) == "?"
    assert menu(signed_in.get(reverse(page))) == waits
    assert menu(signed_in.get(reverse("ledger"))) == waits


def test_the_menu_is_told_by_workers(rf, boss, redis_client, django_assert_num_queries):
    rows.connect()
    request = rf.get("/admin/")
    request.user = boss
    with django_assert_num_queries(0):
        assert badge(request) == "?"
    waiting.keep_fresh(timezone.now())
    assert badge(request) == ""
    rows.make_alerts(60)
    redis_client.flushall()
    waiting.keep_fresh(timezone.now())
    waits = count_waiting(timezone.now())
    assert waits > 1
    with django_assert_num_queries(0):
        assert badge(request) == str(waits)


def test_without_redis_each_process_knows_its_own_count(signed_in, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    rows.connect()
    rows.make_alerts(60)
    assert menu(signed_in.get(reverse("ledger"))) == "?"
    shown = menu(signed_in.get(reverse("needs-attention")))
    assert int(shown) > 1
    assert menu(signed_in.get(reverse("ledger"))) == shown


def test_what_devices_need_is_told_with_a_way_on(signed_in, staff, redis_client):
    rows.connect()
    devices = make_devices(30)
    now = timezone.now()
    DeviceReview.objects.update(state="mapped")
    DeviceReview.objects.filter(device=devices[0]).delete()
    Device.objects.update(is_deleted=False)
    DeviceReview.objects.create(device=devices[0], opened_at=now)
    for kind in DeviceFinding.Kind:
        DeviceFinding.objects.create(key=kind, kind=kind, summary="x", found_at=now, seen_at=now)
    DeviceFinding.objects.create(
        key="r", kind="moved", state="resolved", summary="x", found_at=now, seen_at=now
    )
    run = SyncRun.objects.create(
        kind="devices", trigger="schedule", status="guarded", error="Too many.", finished_at=now, failures=1
    )
    for status in ("planned", "waiting", "failed"):
        SyncRunEntry.objects.create(
            run=run, action="update", status=status, operation="update_item", object_type="configuration item",
            object_id="1", label=status, message="Refused.",
        )  # fmt: skip
    product = Product.objects.create(autotask_product_id=1, name="Old", is_active=False, synced_at=now)
    DeviceTypeRule.objects.create(datto_category="Server", product=product)
    udf = UdfDefinition.objects.create(autotask_udf_id=1, name="Tier", is_active=False, synced_at=now)
    FieldMap.objects.create(datto_udf_index=3, udf=udf)
    groups = {group.title: group for group in list_groups(now)}
    guarded = groups["The last devices run was stopped by the guard"]
    assert (guarded.links[0].text, "1 change of its plan" in guarded.cure) == ("Apply or look", True)
    counts = {title: group.count for title, group in groups.items()}
    assert (
        counts.items()
        >= {
            "Changes of the last devices run failed": 1,
            "Changes that wait for approval": 1,
            "Device types without a usable product": 1,
            "Devices to review": 1,
            "Field mappings with problems": 1,
            "Devices that moved to another organization": 1,
        }.items()
    )
    assert sum(group.icon == "compare_arrows" for group in groups.values()) == len(DeviceFinding.Kind)
    for group in groups.values():
        assert group.happened
        assert group.cure
        assert [signed_in.get(link.url).status_code for link in group.links] == [200] * len(group.links)
    words = staff("view_alert").get(reverse("needs-attention")).content.decode()
    assert "stopped by the guard" in words
    assert "Devices to review" not in words


def test_the_badge_is_for_those_who_may_see_alerts(rf, db, django_user_model):
    request = rf.get("/admin/")
    request.user = django_user_model.objects.create_user("x", is_staff=True)
    rows.make_alerts(60)
    assert badge(request) == ""


def test_home_says_that_everything_is_in_step(db):
    now = timezone.now()
    connection = rows.connect()
    assert (
        describe_state(connection, [], None, now)
        == "Everything is in step. No alert has become a ticket yet."
    )
    rows.make_alerts(20)
    alert = Alert.objects.filter(ticket__isnull=False).latest("pk")
    assert alert.ticket is not None
    Alert.objects.filter(pk=alert.pk).update(
        first_seen_at=now - timedelta(seconds=12), ticketed_at=now - timedelta(seconds=10.9)
    )
    assert describe_state(connection, [], find_last_ticketed(), now) == (
        f"Everything is in step. The last alert, 12 s ago, became {alert.ticket.ticket_number} in 1.1 s."
    )


def test_home_names_the_first_trouble(db):
    rows.connect()
    rows.make_alerts(60)
    now = timezone.now()
    sentence = describe_state(rows.connect(), list_groups(now), None, now)
    assert sentence.startswith("Sites without an organization: ")
    assert "alerts waiting" in sentence


def test_home_shows_budgets_and_survives_a_dead_redis(signed_in, settings):
    rows.connect()
    html = signed_in.get(reverse("admin:index")).content.decode()
    assert "10,000 this hour" in html
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    html = signed_in.get(reverse("admin:index")).content.decode()
    assert "Redis does not answer" in html


def test_home_shows_the_way_in_when_nothing_is_connected(signed_in):
    html = signed_in.get(reverse("admin:index")).content.decode()
    assert "is not connected yet" in html
