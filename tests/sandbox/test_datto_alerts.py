"""Alerts of the Datto double: contexts, resolving, the made-up past and webhooks with unescaped placeholders."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from integration.sandbox.datto.contexts import CONTEXTS
from tests.sandbox.served import served


@pytest.fixture
def datto():
    with served() as running:
        yield running


class Receiver:
    """Collects what webhooks bring."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.status = 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                receiver.headers.append(dict(self.headers))
                receiver.bodies.append(body)
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook?secret=abc"

    def wait_for(self, count: int) -> list[str]:
        deadline = time.monotonic() + 5
        while len(self.bodies) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(self.bodies) >= count
        return self.bodies


@pytest.fixture
def receiver():
    one = Receiver()
    yield one
    one.server.shutdown()
    one.thread.join(timeout=5)
    one.server.server_close()


def _idle(datto):
    deadline = time.monotonic() + 5
    while datto.sandbox.datto.webhooks.pending and time.monotonic() < deadline:
        time.sleep(0.01)


def _device(datto):
    return next(
        d for d in datto.sandbox.datto.devices.values() if d.device_class == "device" and not d.deleted
    )


@pytest.mark.parametrize("context_class", [*CONTEXTS, "never_heard_of_ctx"])
def test_every_context_class_can_be_raised(datto, context_class):
    uid = datto.control("alerts", {"deviceUid": _device(datto).uid, "contextClass": context_class}).json()[
        "alertUid"
    ]
    alert = datto.get(f"/api/v2/alert/{uid}")
    assert alert["alertContext"]["@class"] == context_class
    assert not {"message", "alertType", "status", "hostname"} & set(alert)


def test_open_alerts_of_the_world_cover_every_class(datto):
    rows = datto.get("/api/v2/account/alerts/open")["alerts"]
    assert {(row["alertContext"] or {}).get("@class") for row in rows} >= set(CONTEXTS)


def test_resolve_is_empty_works_twice_and_names_the_api_user(datto):
    uid = datto.control("alerts", {"deviceUid": _device(datto).uid}).json()["alertUid"]
    for _turn in range(2):
        answer = datto.call("POST", f"/api/v2/alert/{uid}/resolve")
        assert (answer.status_code, answer.content) == (200, b"")
    alert = datto.get(f"/api/v2/alert/{uid}")
    assert (alert["resolved"], alert["resolvedBy"]) == (True, "API Bridge")
    assert isinstance(alert["resolvedOn"], int)


def test_firing_again_gives_a_new_uid(datto):
    uids = {
        datto.control("alerts", {"deviceUid": _device(datto).uid}).json()["alertUid"] for _turn in range(2)
    }
    assert len(uids) == 2


@pytest.mark.parametrize("status", [404, 403, 500])
def test_unknown_alert_answers_as_switched(datto, status):
    datto.sandbox.datto.settings.change("unknown_alert_status", status)
    uid = "11111111-1111-4111-8111-111111111111"
    assert datto.call("GET", f"/api/v2/alert/{uid}").status_code == status
    assert datto.call("POST", f"/api/v2/alert/{uid}/resolve").status_code == status


def test_mute_is_dead(datto):
    uid = datto.get("/api/v2/account/alerts/open", max=1)["alerts"][0]["alertUid"]
    assert datto.call("POST", f"/api/v2/alert/{uid}/mute").status_code == 200
    assert datto.get(f"/api/v2/alert/{uid}")["muted"] is False


def test_alert_can_be_hidden_for_a_moment(datto):
    datto.sandbox.datto.settings.change("alert_visible_delay_ms", 100)
    uid = datto.control("alerts", {"deviceUid": _device(datto).uid}).json()["alertUid"]
    assert datto.call("GET", f"/api/v2/alert/{uid}").status_code == 404
    time.sleep(0.12)
    assert datto.call("GET", f"/api/v2/alert/{uid}").status_code == 200


def test_resolved_lists_hold_the_past_newest_first_and_each_is_found_by_uid(datto):
    page = datto.get("/api/v2/account/alerts/resolved", max=50, page=3)
    assert page["pageDetails"]["totalCount"] > 15_000
    stamps = [row["timestamp"] for row in page["alerts"]]
    assert stamps == sorted(stamps, reverse=True)
    one = page["alerts"][7]
    assert datto.get(f"/api/v2/alert/{one['alertUid']}") == one
    mine = datto.get(f"/api/v2/device/{one['alertSourceInfo']['deviceUid']}/alerts/resolved")["alerts"]
    assert one["alertUid"] in {row["alertUid"] for row in mine} or len(mine) == 250
    assert {row["alertSourceInfo"]["deviceUid"] for row in mine} == {one["alertSourceInfo"]["deviceUid"]}


def test_device_and_site_lists_follow_raise_and_resolve(datto):
    device = _device(datto)
    uid = datto.control("alerts", {"deviceUid": device.uid}).json()["alertUid"]
    for scope in (f"device/{device.uid}", f"site/{device.site_uid}"):
        assert uid in {row["alertUid"] for row in datto.get(f"/api/v2/{scope}/alerts/open")["alerts"]}
    datto.control(f"alerts/{uid}/resolve", {"by": "A. Novak"})
    for scope in (f"device/{device.uid}", f"site/{device.site_uid}", "account"):
        assert uid not in {row["alertUid"] for row in datto.get(f"/api/v2/{scope}/alerts/open")["alerts"]}
        assert datto.get(f"/api/v2/{scope}/alerts/resolved")["alerts"][0]["resolvedBy"] == "A. Novak"


def test_webhook_fills_placeholders_without_escaping(datto, receiver):
    device = _device(datto)
    device.last_user = "ACME\\nadia"
    datto.control("webhook", {"url": receiver.url, "headers": {"X-Webhook-Secret": "s"}})
    text = 'disk "C:"\nis full'
    uid = datto.control("alerts", {"deviceUid": device.uid, "message": text}).json()["alertUid"]
    body = receiver.wait_for(1)[0]
    assert f'"alert_uid": "{uid}"' in body
    assert "ACME\\nadia" in body
    assert text in body
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)
    assert receiver.headers[0]["X-Webhook-Secret"] == "s"
    _idle(datto)
    actions = datto.get(f"/api/v2/alert/{uid}")["responseActions"]
    assert [action["actionType"] for action in actions] == ["WEBHOOK_EXECUTED"]


def test_failed_webhook_is_sent_once_and_noted_on_the_alert(datto, receiver):
    receiver.status = 500
    datto.control("webhook", {"url": receiver.url})
    uid = datto.control("alerts", {"deviceUid": _device(datto).uid}).json()["alertUid"]
    receiver.wait_for(1)
    _idle(datto)
    assert datto.get(f"/api/v2/alert/{uid}")["responseActions"][0]["actionType"] == "WEBHOOK_EXECUTION_ERROR"
    assert len(receiver.bodies) == 1


def test_test_button_leaves_placeholders_and_touches_no_alert(datto, receiver):
    assert datto.control("webhook/test").json()["field"] == "url"
    datto.control("webhook", {"url": receiver.url})
    assert datto.control("webhook/test").json()["outcome"] == "200"
    assert "[alert_uid]" in receiver.bodies[0]


def test_webhook_copies_drop_and_order(datto, receiver):
    datto.control("webhook", {"url": receiver.url, "copies": 3, "drop_next": 1})
    lost = datto.control("alerts", {"deviceUid": _device(datto).uid}).json()["alertUid"]
    kept = datto.control("alerts", {"deviceUid": _device(datto).uid}).json()["alertUid"]
    bodies = receiver.wait_for(3)
    _idle(datto)
    assert all(kept in body and lost not in body for body in bodies)
    receiver.bodies.clear()
    datto.control("webhook", {"copies": 1, "resolved_first": True})
    uid = datto.control("alerts", {"deviceUid": _device(datto).uid}).json()["alertUid"]
    datto.control(f"alerts/{uid}/resolve")
    events = [json.loads(body.replace("\\", ""))["event"] for body in receiver.wait_for(2)]
    assert events == ["resolved", "raised"]


@pytest.mark.parametrize(
    "values",
    [{"url": "ftp://x"}, {"copies": "two"}, {"nonsense": 1}, {"headers": {"A": "x\r\ny"}}, {"delay_ms": -1}],
)
def test_webhook_configuration_refuses_by_name(datto, values):
    answer = datto.control("webhook", values)
    assert answer.status_code == 400
    assert answer.json()["field"] == next(iter(values))
