"""The doors `connect`, `preflight`, `sync` and `hooks`, against the sandbox."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from integration import demo
from integration.connections import FIELDS, get_connection, save_connection
from integration.models import PreflightCheck, SyncRun, VendorCall
from integration.sync.runs import queue_run

pytestmark = pytest.mark.django_db

SECRETS = [
    demo.DEMO_CREDENTIALS[name]
    for name in ("datto_api_key", "datto_api_secret", "autotask_secret", "autotask_integration_code")
]


def run(*args: str, **options: Any) -> tuple[str, object]:
    """Return (standard output, exit status)."""
    out = StringIO()
    try:
        call_command(*args, stdout=out, stderr=out, **options)
    except SystemExit as end:
        return out.getvalue(), end.code
    return out.getvalue(), 0


def set_environment(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    for name, (key, _title, _where) in FIELDS.items():
        monkeypatch.setenv(key, values[name])


def test_connect_reads_the_environment_checks_enables_and_queues_first_syncs(
    monkeypatch, demo_values, celery_outbox
):
    set_environment(monkeypatch, demo_values)
    out, status = run("connect", json=True)
    answer = json.loads(out)
    assert status == 0, answer
    assert answer["connected"] is True
    assert {check["status"] for check in answer["checks"]} <= {"pass", "warn"}
    connection = get_connection()
    assert connection.is_enabled
    assert not connection.is_demo
    assert connection.datto_account_name == "Sandbox MSP"
    assert connection.autotask_webhook_id is not None
    queued = SyncRun.objects.filter(status="queued").values_list("kind", flat=True)
    assert set(queued) == {"reference", "sites", "alerts"}
    assert {task.name for task in celery_outbox} == {"integration.execute_run", "integration.run_preflight"}
    assert not any(secret in out for secret in SECRETS)


def test_connect_names_what_is_missing_and_where_to_find_it(monkeypatch, demo_values):
    set_environment(monkeypatch, demo_values)
    monkeypatch.delenv("DATTO_RMM_API_SECRET")
    monkeypatch.delenv("AUTOTASK_USERNAME")
    with pytest.raises(CommandError) as error:
        call_command("connect")
    assert "DATTO_RMM_API_SECRET" in str(error.value)
    assert "AUTOTASK_USERNAME" in str(error.value)
    assert "DATTO_RMM_API_KEY" not in str(error.value)
    assert not get_connection().is_enabled


def test_connect_takes_secrets_from_files(monkeypatch, demo_values, celery_outbox, tmp_path):
    set_environment(monkeypatch, demo_values)
    file = tmp_path / "secret"
    file.write_text(demo_values["autotask_secret"] + "\n")
    monkeypatch.delenv("AUTOTASK_SECRET")
    monkeypatch.setenv("AUTOTASK_SECRET_FILE", str(file))
    _out, status = run("connect", json=True)
    assert status == 0


@pytest.mark.parametrize(
    ("field", "value", "check", "said"),
    [
        ("datto_api_secret", "WRONG-0123456789", "datto_sign_in", "DATTO_RMM_API_SECRET"),
        ("autotask_secret", "WRONG-0123456789", "autotask_sign_in", "AUTOTASK_SECRET"),
        ("autotask_username", "nobody@nowhere.example", "autotask_zone", "AUTOTASK_USERNAME"),
        ("datto_api_url", "http://127.0.0.1:1", "datto_reachable", "DATTO_RMM_API_URL"),
        ("autotask_zone_url", "http://127.0.0.1:1/atservicesrest", "autotask_zone", "AUTOTASK_ZONE_URL"),
    ],
)
def test_connect_with_something_wrong_exits_1_and_names_field_and_cure(
    monkeypatch, demo_values, field, value, check, said
):
    set_environment(monkeypatch, demo_values | {field: value})
    out, status = run("connect", json=True)
    answer = json.loads(out)
    assert status == 1
    assert answer["connected"] is False
    failed = {one["name"]: one for one in answer["checks"] if one["status"] == "fail"}
    assert list(failed) == [check]
    assert said in failed[check]["detail"] + failed[check]["remedy"]
    assert failed[check]["remedy"]
    assert "WRONG-0123456789" not in out
    assert not any(secret in out for secret in SECRETS)
    assert not get_connection().is_enabled


def test_connect_demo_sets_the_sandbox_up(sandbox):
    out, status = run("connect", demo=True)
    assert status == 0, out
    connection = get_connection()
    assert connection.is_demo
    assert connection.is_enabled
    assert set(SyncRun.objects.filter(status="succeeded").values_list("kind", flat=True)) == {
        "reference",
        "sites",
        "contracts",
    }
    config = sandbox.control("webhook", method="GET").json()["config"]
    assert config["url"].endswith(f"/hooks/datto-rmm/{connection.datto_hook_secret}/")
    assert '"event": "resolved"' in config["resolved_body"]


def test_connect_demo_without_a_sandbox_says_so(settings):
    settings.SANDBOX_URL = "http://127.0.0.1:1"
    with pytest.raises(CommandError, match="does not answer"):
        call_command("connect", demo=True)


def test_preflight_json_is_the_documented_shape_and_stored(connected):
    out, status = run("preflight", json=True)
    answer = json.loads(out)
    assert status == 0
    assert list(answer) == ["checks"]
    for check in answer["checks"]:
        assert {"name", "status", "detail", "remedy"} <= set(check)
        assert check["status"] in {"pass", "warn", "fail"}
        assert check["status"] == "pass" or check["remedy"], check
    assert PreflightCheck.objects.count() == len(answer["checks"])
    assert not any(secret in out for secret in SECRETS)


def test_preflight_warns_of_a_second_integration_that_makes_tickets(connected):
    out, _status = run("preflight", json=True)
    checks = {check["name"]: check for check in json.loads(out)["checks"]}
    assert checks["native_integration"]["status"] == "warn"
    assert "ticket number" in checks["native_integration"]["detail"]


def test_preflight_without_credentials_fails(db):
    out, status = run("preflight", json=True)
    checks = {check["name"]: check for check in json.loads(out)["checks"]}
    assert status == 1
    assert checks["credentials"]["status"] == "fail"
    assert "DATTO_RMM_API_KEY" in checks["credentials"]["detail"]


def test_every_call_of_preflight_is_recorded_without_secrets(connected):
    run("preflight", json=True)
    calls = list(VendorCall.objects.all())
    assert {call.vendor for call in calls} == {"datto_rmm", "autotask"}
    assert {call.subject for call in calls} == {"preflight"}
    assert not any(secret in call.path for call in calls for secret in SECRETS)


def test_sync_json_is_the_documented_shape(connected):
    out, status = run("sync", "reference", json=True)
    answer = json.loads(out[out.index("{") :])
    assert status == 0
    assert set(answer) == {"run", "kind", "status", "dry_run", "counts", "vendor_calls", "seconds"}
    assert set(answer["counts"]) == {"create", "update", "deactivate", "unchanged", "failed"}
    assert set(answer["vendor_calls"]) == {"datto_rmm", "autotask"}
    assert answer["status"] == "succeeded"
    assert answer["counts"]["create"] > 0
    assert answer["vendor_calls"]["autotask"] > 0
    assert not answer["dry_run"]


def test_sync_takes_over_a_run_that_waits_for_a_worker(connected):
    waiting, _ = queue_run(kind="reference", trigger=SyncRun.Trigger.COMMAND)
    out, status = run("sync", "reference", json=True)
    answer = json.loads(out[out.index("{") :])
    assert status == 0
    assert answer["run"] == waiting.pk
    assert answer["status"] == "succeeded"


def test_sync_dry_run_writes_nothing_but_history(connected):
    from mappings.models import Company  # noqa: PLC0415 - apps must be loaded

    out, _status = run("sync", "reference", dry_run=True, json=True)
    answer = json.loads(out[out.index("{") :])
    assert answer["dry_run"] is True
    assert answer["counts"]["create"] > 0
    assert not Company.objects.exists()


def test_sync_of_a_vendor_that_fails_exits_1(connected, sandbox):
    sandbox.control("faults", {"kind": "outage", "vendor": "autotask"})
    out, status = run("sync", "reference", json=True)
    answer = json.loads(out[out.index("{") :])
    assert status == 1
    assert answer["status"] == "failed"
    assert answer["remedy"]


def test_sync_refuses_an_unknown_kind_and_names_the_known_ones(connected):
    with pytest.raises(CommandError, match="reference"):
        call_command("sync", "nonsense")


def test_sync_without_a_connection_says_what_to_do(db):
    with pytest.raises(CommandError, match=r"manage\.py connect"):
        call_command("sync", "reference")


def test_hooks_json_is_the_documented_shape(db, settings):
    settings.PUBLIC_URL = "https://bridge.example.com"
    out, _status = run("hooks", json=True)
    answer = json.loads(out)
    assert set(answer) == {"datto_rmm", "autotask_webhook", "callout"}
    connection = get_connection()
    base = "https://bridge.example.com/hooks"
    assert answer["datto_rmm"]["url"] == f"{base}/datto-rmm/{connection.datto_hook_secret}/"
    assert answer["autotask_webhook"]["url"] == f"{base}/autotask/webhook/"
    assert answer["callout"]["url"] == f"{base}/autotask/callout/{connection.callout_secret}/"
    for name, event in (("body", "raised"), ("resolved_body", "resolved")):
        body = json.loads(answer["datto_rmm"][name])
        assert body["event"] == event
        assert body["alert_uid"] == "[alert_uid]"


def test_blank_secret_keeps_the_stored_one(connected, demo_values):
    save_connection({"datto_api_secret": "  ", "datto_api_url": demo_values["datto_api_url"]})
    assert get_connection().datto_api_secret == demo_values["datto_api_secret"]
