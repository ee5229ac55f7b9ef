"""Pages: they render, they ask for permission, they cost a constant number of queries, they show no secret."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from integration import demo
from integration.connections import get_connection
from integration.models import PreflightCheck, SyncRun, SyncRunEntry, VendorCall

pytestmark = pytest.mark.django_db

PAGES = ["run-now", "connection", "preflight", "integration-health"]
LISTS = [
    "admin:integration_syncrun_changelist",
    "admin:integration_vendorcall_changelist",
    "admin:admin_logentry_changelist",
    "admin:auth_user_changelist",
    "admin:auth_group_changelist",
    "admin:django_celery_beat_periodictask_changelist",
    "admin:django_celery_beat_periodictask_add",
    "admin:django_celery_beat_intervalschedule_changelist",
]
SECRETS = [
    demo.DEMO_CREDENTIALS[name]
    for name in ("datto_api_key", "datto_api_secret", "autotask_secret", "autotask_integration_code")
]


def make_runs(count: int) -> None:
    for number in range(count):
        run = SyncRun.objects.create(
            kind="sites",
            trigger="schedule",
            status="succeeded",
            started_at=timezone.now(),
            finished_at=timezone.now(),
        )
        VendorCall.objects.create(
            vendor="datto_rmm",
            method="GET",
            path=f"/api/v2/account/{number}",
            status=200,
            duration_ms=5,
            lane="background",
            run=run,
            started_at=timezone.now(),
        )


@pytest.mark.parametrize("name", [*PAGES, "inbound-addresses", *LISTS])
def test_page_renders_for_an_administrator(admin_client, name):
    answer = admin_client.get(reverse(name))
    assert answer.status_code == 200
    assert "Content-Security-Policy" in answer.headers
    assert b"<script>" not in answer.content


@pytest.mark.parametrize("name", [*PAGES, "inbound-addresses", *LISTS])
def test_page_asks_to_sign_in(client, name):
    answer = client.get(reverse(name))
    assert answer.status_code == 302
    assert "/admin/login/" in answer["Location"]


@pytest.mark.parametrize("name", [*PAGES, "inbound-addresses", *LISTS])
def test_page_refuses_staff_without_permission(client, stranger, name):
    client.force_login(stranger)
    assert client.get(reverse(name)).status_code == 403


@pytest.mark.parametrize("name", PAGES)
def test_a_viewer_sees_but_may_not_change(client, viewer, name):
    client.force_login(viewer)
    assert client.get(reverse(name)).status_code == 200
    assert client.post(reverse(name), {"action": "disable", "kind": "sites"}).status_code in {403, 405}


def test_inbound_addresses_are_for_those_who_may_change(client, viewer):
    client.force_login(viewer)
    assert client.get(reverse("inbound-addresses")).status_code == 403


@pytest.mark.parametrize("name", [*PAGES, *LISTS[:2]])
def test_the_number_of_queries_does_not_grow(admin_client, connected, django_assert_max_num_queries, name):
    make_runs(2)
    with django_assert_max_num_queries(40) as few:
        admin_client.get(reverse(name))
    make_runs(30)
    with django_assert_max_num_queries(len(few)):
        admin_client.get(reverse(name))


@pytest.mark.parametrize("name", [*PAGES, "inbound-addresses"])
def test_no_page_shows_a_secret(admin_client, connected, name):
    text = admin_client.get(reverse(name)).content.decode()
    assert not any(secret in text for secret in SECRETS)


def test_forms_are_protected_against_foreign_sites(admin_user):
    from django.test import Client  # noqa: PLC0415 - only here

    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)
    assert client.post(reverse("connection"), {"action": "disable"}).status_code == 403


def test_saving_queues_the_checks_and_keeps_blank_secrets(
    admin_client, connected, demo_values, celery_outbox
):
    answer = admin_client.post(
        reverse("connection"),
        {
            "action": "save",
            "autotask_username": "other@sandbox.example",
            "datto_api_secret": "",
            "datto_api_key": "NEWKEY123456",
        },
    )
    assert answer["Location"] == reverse("preflight")
    connection = get_connection()
    assert connection.datto_api_key == "NEWKEY123456"
    assert connection.datto_api_secret == demo_values["datto_api_secret"]
    assert [task.name for task in celery_outbox] == ["integration.run_preflight"]
    assert admin_client.get(reverse("preflight-live")).json()["live"] is True
    entry = LogEntry.objects.get()
    assert "Datto RMM API key" in entry.change_message
    assert "NEWKEY123456" not in entry.change_message


def test_a_refused_form_keeps_what_was_typed_except_secrets(admin_client, connected):
    answer = admin_client.post(
        reverse("connection"),
        {"action": "save", "datto_api_url": "ftp://nowhere", "datto_api_secret": "TYPED-SECRET-1"},
    )
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "ftp://nowhere" in text
    assert "TYPED-SECRET-1" not in text
    assert "http(s) address" in text


@pytest.mark.parametrize(
    ("action", "enabled", "paused"),
    [("disable", False, False), ("pause", True, True), ("resume", True, False)],
)
def test_switches(admin_client, connected, action, enabled, paused):
    admin_client.post(reverse("connection"), {"action": action})
    connection = get_connection()
    assert connection.is_enabled is enabled
    assert (connection.paused_at is not None) is paused
    assert LogEntry.objects.count() == 1


def test_enable_needs_credentials(admin_client, db):
    answer = admin_client.post(reverse("connection"), {"action": "enable"})
    assert answer.status_code == 200
    assert not get_connection().is_enabled


@pytest.mark.parametrize(("button", "dry_run"), [("run", False), ("preview", True)])
def test_run_now_queues_a_run_and_shows_it(
    admin_client, admin_user, connected, celery_outbox, django_capture_on_commit_callbacks, button, dry_run
):
    with django_capture_on_commit_callbacks(execute=True):
        answer = admin_client.post(reverse("run-now"), {"kind": "alerts", button: "1"})
    run = SyncRun.objects.get()
    assert (run.kind, run.user, run.dry_run, run.trigger) == ("alerts", admin_user, dry_run, "person")
    assert answer["Location"] == reverse("admin:integration_syncrun_change", args=[run.pk])
    assert [(task.name, task.args, task.queue) for task in celery_outbox] == [
        ("integration.execute_run", [run.pk], "alerts")
    ]


def test_run_now_joins_a_run_that_is_at_work(
    admin_client, connected, celery_outbox, django_capture_on_commit_callbacks
):
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            admin_client.post(reverse("run-now"), {"kind": "sites", "run": "1"})
    assert SyncRun.objects.count() == 1
    assert len(celery_outbox) == 1


def test_run_now_needs_a_connection(admin_client, celery_outbox):
    answer = admin_client.post(reverse("run-now"), {"kind": "sites", "run": "1"})
    assert answer["Location"] == reverse("connection")
    assert not SyncRun.objects.exists()


def test_run_page_shows_failures_with_cure_before_changes(admin_client):
    run = SyncRun.objects.create(kind="sites", trigger="command", status="partial", failures=1, updates=1)
    SyncRunEntry.objects.create(
        run=run,
        action="update",
        status="done",
        object_type="device",
        object_id="1",
        label="PC-1",
        before={"hostname": "OLD-NAME"},
        after={"hostname": "PC-1"},
    )
    SyncRunEntry.objects.create(
        run=run,
        action="notice",
        status="failed",
        object_type="device",
        object_id="2",
        label="PC-2",
        message="It has <no> site.",
        remedy="Give it one.",
    )
    text = admin_client.get(reverse("admin:integration_syncrun_change", args=[run.pk])).content.decode()
    assert text.index("Give it one.") < text.index("OLD-NAME")
    assert "It has &lt;no&gt; site." in text
    assert "Sites, by command" in text


def test_run_live_tells_when_to_stop_asking(admin_client):
    run = SyncRun.objects.create(
        kind="sites",
        trigger="person",
        status="running",
        progress_done=5,
        progress_total=20,
        progress_label="Reading sites",
    )
    url = reverse("run-live", args=[run.pk])
    moving = admin_client.get(url).json()
    assert moving["live"] is True
    assert "width:25%" in moving["html"]
    assert "Reading sites" in moving["html"]
    admin_client.post(reverse("run-cancel", args=[run.pk]))
    run.refresh_from_db()
    assert run.cancel_requested
    SyncRun.objects.filter(pk=run.pk).update(status="succeeded")
    assert admin_client.get(url).json()["live"] is False


@pytest.mark.parametrize("object_id", ["999999", "abc"])
def test_a_run_that_is_not_there_is_404(admin_client, object_id):
    assert admin_client.get(f"/admin/integration/syncrun/{object_id}/change/").status_code == 404


def test_preflight_page_lists_failures_first(admin_client, connected):
    for position, (name, status) in enumerate([("a", "pass"), ("b", "warn"), ("c", "fail")]):
        PreflightCheck.objects.create(
            name=name,
            title=f"check-{name}",
            position=position,
            status=status,
            checked_at=timezone.now(),
            remedy="Do it.",
        )
    text = admin_client.get(reverse("preflight")).content.decode()
    assert text.index("check-c") < text.index("check-b") < text.index("check-a")


def test_inbound_addresses_install_the_webhook_in_a_worker(admin_client, connected, celery_outbox):
    admin_client.post(reverse("inbound-addresses"))
    assert [task.name for task in celery_outbox] == ["integration.install_webhook"]


def test_pages_come_up_without_redis(admin_client, connected, settings):
    settings.REDIS_URL = "unix:///nowhere/at/all.sock?db=0"
    for name in (*PAGES, "inbound-addresses"):
        assert admin_client.get(reverse(name)).status_code == 200
    assert b"Redis does not answer" in admin_client.get(reverse("integration-health")).content


def test_set_up_steps_show_what_is_done(admin_client, connected):
    from integration.wizard import list_steps  # noqa: PLC0415 - apps must be loaded

    steps = {step.title: step.is_done for step in list_steps()}
    assert steps["Connect Datto RMM"] is True
    assert steps["Connect Autotask"] is True
    assert steps["Run preflight"] is False
    assert steps["Switch the integration on"] is True


@pytest.mark.parametrize(
    ("values", "label"),
    [
        ({"is_demo": False, "is_enabled": False}, "Not connected"),
        ({"is_demo": True}, "Sandbox"),
        ({"is_demo": True, "paused_at": timezone.now()}, "Paused"),
    ],
)
def test_the_mark_beside_the_name(admin_client, connected, values, label):
    for name, value in values.items():
        setattr(connected, name, value)
    connected.save()
    assert label in admin_client.get(reverse("run-now")).content.decode()


@pytest.mark.parametrize(
    ("path", "entry"),
    [
        ("/admin/", ["Home"]),
        ("/admin/mappings/device/", ["Devices"]),
        ("/admin/mappings/device/dashboard/", ["Dashboard"]),
        ("/admin/auth/user/add/", ["People"]),
        ("/admin/password_change/", []),
    ],
)
def test_the_menu_marks_the_entry_a_page_belongs_to(admin_client, path, entry):
    groups = admin_client.get(path).context["sidebar_navigation"]
    assert [item["title"] for group in groups for item in group["items"] if item["active"]] == entry
