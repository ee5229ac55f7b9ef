"""Alert in, ticket out, and back: with real workers, over real HTTP, whatever breaks on the way."""

from __future__ import annotations

import threading
import time
import uuid
from typing import Any

import pytest
import requests

from tests.live import LiveBridge
from tests.waiting import wait_for

pytestmark = pytest.mark.journey

#: A slow machine may take this long for what normally takes a second.
PATIENCE_SECONDS = 60


class Sandbox:
    """What a person does on the sandbox's page, and sees there."""

    def __init__(self, bridge: LiveBridge) -> None:
        self.bridge = bridge
        self.url = bridge.sandbox_url

    def post(self, path: str, values: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = requests.post(f"{self.url}/control/{path}", json=values or {}, timeout=20)
        assert answer.ok, f"{path}: {answer.status_code} {answer.text}"
        return dict(answer.json())

    def get(self, path: str) -> dict[str, Any]:
        return dict(requests.get(f"{self.url}/control/{path}", timeout=20).json())

    def mapped_devices(self, count: int) -> list[str]:
        """Return devices that no test of this installation had yet, each of another site.

        Alerts of one device within minutes are one trouble; those of tests that share an installation must not be.
        """
        if not hasattr(self, "_unused"):
            sites = {
                one["uid"]
                for one in self.get("sites")["sites"]
                if one["autotaskCompanyId"] and one["companyId"]
            }
            first_of = {
                one["site_uid"]: str(one["uid"])
                for one in self.get("devices?limit=1000")["devices"]
                if one["site_uid"] in sites and not one["deleted"]
            }
            self._unused = list(first_of.values())
        assert len(self._unused) >= count
        return [self._unused.pop() for _ in range(count)]

    def mapped_device(self) -> str:
        """Return one of them."""
        return self.mapped_devices(1)[0]

    def raise_alert(self, device: str, **values: Any) -> str:
        """Raise an alert of a monitor that never fired before, and return its uid."""
        service = {
            "contextClass": "srvc_status_ctx",
            "subject": f"Service {uuid.uuid4()}",
            "priority": "High",
        }
        return str(self.post("alerts", {"deviceUid": device, **service, **values})["alertUid"])

    def tickets(self, uid: str) -> list[dict[str, Any]]:
        return list(self.get(f"tickets?externalID=rmm-alert:{uid}")["tickets"])

    def wait_for_ticket(self, uid: str) -> dict[str, Any]:
        return wait_for(
            lambda: next(iter(self.tickets(uid)), {}), f"a ticket for {uid}", seconds=PATIENCE_SECONDS
        )

    def is_resolved(self, uid: str) -> bool:
        return bool(self.get(f"alerts/{uid}")["resolved"])


def wait_for_state(bridge: LiveBridge, uid: str, state: str) -> None:
    wait_for(
        lambda: (bridge.alert_state(uid) or ("", False))[0] == state,
        f"{uid} is {state} here",
        seconds=PATIENCE_SECONDS,
    )


@pytest.fixture(scope="module")
def webhook_only():
    """No poll within the test's time: everything must come by webhook."""
    with LiveBridge(ALERT_POLL_SECONDS="3600", TICKET_POLL_SECONDS="3600") as bridge:
        yield bridge, Sandbox(bridge)


@pytest.fixture(scope="module")
def poll_only():
    """No webhook reaches us: the sandbox's targets are removed."""
    with LiveBridge(ALERT_POLL_SECONDS="1", TICKET_POLL_SECONDS="1") as bridge:
        sandbox = Sandbox(bridge)
        sandbox.post("webhook", {"url": ""})
        sandbox.post("callout", {"url": ""})
        yield bridge, sandbox


def test_webhook_only_both_ways(webhook_only):
    bridge, sandbox = webhook_only
    device = sandbox.mapped_device()
    first = sandbox.raise_alert(device)
    ticket = sandbox.wait_for_ticket(first)
    sandbox.post(f"tickets/{ticket['id']}/complete", {"resolution": "Done by hand."})
    wait_for(
        lambda: sandbox.is_resolved(first),
        "completing the ticket resolves the alert",
        seconds=PATIENCE_SECONDS,
    )
    second = sandbox.raise_alert(device)
    ticket = sandbox.wait_for_ticket(second)
    wait_for_state(bridge, second, "ticketed")
    sandbox.post(f"alerts/{second}/resolve", {"by": "System"})
    wait_for(
        lambda: sandbox.tickets(second)[0]["status"] == 5,
        "the alert's end completes the ticket",
        seconds=PATIENCE_SECONDS,
    )
    assert "cleared by itself" in sandbox.tickets(second)[0]["resolution"]


def test_poll_only_both_ways(poll_only):
    _, sandbox = poll_only
    device = sandbox.mapped_device()
    first = sandbox.raise_alert(device)
    ticket = sandbox.wait_for_ticket(first)
    sandbox.post(f"tickets/{ticket['id']}/complete", {})
    wait_for(
        lambda: sandbox.is_resolved(first), "the ticket poll resolves the alert", seconds=PATIENCE_SECONDS
    )
    second = sandbox.raise_alert(device)
    sandbox.wait_for_ticket(second)
    sandbox.post(f"alerts/{second}/resolve", {})
    wait_for(
        lambda: sandbox.tickets(second)[0]["status"] == 5,
        "the alert poll completes the ticket",
        seconds=PATIENCE_SECONDS,
    )


def test_resolved_before_raised_makes_no_ticket(webhook_only):
    bridge, sandbox = webhook_only
    hook = bridge.manage_json("hooks")["datto_rmm"]["url"]
    sandbox.post("webhook", {"drop_next": 2})
    uid = sandbox.raise_alert(sandbox.mapped_device())
    sandbox.post(f"alerts/{uid}/resolve", {})
    for event in ("resolved", "raised"):
        assert requests.post(hook, json={"alert_uid": uid, "event": event}, timeout=10).ok
    wait_for(
        lambda: bridge.alert_state(uid) is not None,
        f"{uid} is known",
        seconds=PATIENCE_SECONDS,
        interval=0.5,
    )
    time.sleep(2)
    assert sandbox.tickets(uid) == []
    assert bridge.manage_json("explain", uid)["state"] == "cleared"


def test_five_fold_redelivery_with_polling_at_the_same_time_makes_one_ticket():
    with LiveBridge(ALERT_POLL_SECONDS="1") as bridge:
        sandbox = Sandbox(bridge)
        hook = bridge.manage_json("hooks")["datto_rmm"]["url"]
        uids = [sandbox.raise_alert(device) for device in sandbox.mapped_devices(8)]
        senders = [
            threading.Thread(
                target=requests.post,
                args=(hook,),
                kwargs={"json": {"alert_uid": uid, "event": "raised"}, "timeout": 10},
            )
            for uid in uids
            for _ in range(5)
        ]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        for uid in uids:
            wait_for_state(bridge, uid, "ticketed")
        assert [len(sandbox.tickets(uid)) for uid in uids] == [1] * 8


def test_worker_killed_between_remote_write_and_local_save_makes_one_ticket():
    with LiveBridge(ALERT_POLL_SECONDS="3600", VENDOR_TIMEOUT_SECONDS="5") as bridge:
        sandbox = Sandbox(bridge)
        # The ticket is stored at once; the answer takes long enough to kill the worker before it arrives.
        sandbox.post(
            "faults",
            {
                "kind": "slow_body",
                "vendor": "autotask",
                "method": "POST",
                "path": "*/Tickets",
                "ms": 4000,
                "count": 1,
            },
        )
        uid = sandbox.raise_alert(sandbox.mapped_device())
        sandbox.wait_for_ticket(uid)
        bridge.kill_worker()
        assert len(sandbox.tickets(uid)) == 1
        bridge.restart_worker()
        wait_for_state(bridge, uid, "ticketed")
        assert len(sandbox.tickets(uid)) == 1


def test_autotask_down_for_a_while_tickets_all_afterwards_in_order():
    with LiveBridge(ALERT_POLL_SECONDS="3600") as bridge:
        sandbox = Sandbox(bridge)
        devices = sandbox.mapped_devices(6)
        # The demo world begins with open alerts; they are not what is measured.
        bridge.manage("sync", "alerts")
        sandbox.post("faults", {"kind": "outage", "vendor": "autotask"})
        uids = [sandbox.raise_alert(devices[0])]
        # The first one meets the outage and closes the gate; two in flight at once would have no order to keep.
        wait_for(
            lambda: "vendor still away" in bridge.log("alerts"),
            "the gate is closed",
            seconds=PATIENCE_SECONDS,
        )
        for device in devices[1:]:
            uid = sandbox.raise_alert(device)
            uids.append(uid)
            # Of two that come at once, either may be decided first.
            wait_for_state(bridge, uid, "ticketing")
        assert all(sandbox.tickets(uid) == [] for uid in uids)
        requests.delete(f"{sandbox.url}/control/faults", timeout=10)
        ids = [sandbox.wait_for_ticket(uid)["id"] for uid in uids]
        assert ids == sorted(ids)
        assert [len(sandbox.tickets(uid)) for uid in uids] == [1] * 6
        bridge.manage("sync", "alerts")
        assert bridge.manage_json("ledger")["balanced"] is True
