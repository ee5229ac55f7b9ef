"""A connected installation in front of a real sandbox over HTTP; rows for one site, device and organization."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from django.utils import timezone

from integration.clients import drop_clients
from integration.models import Connection, SyncRun
from integration.sync.recorder import RunRecorder
from integration.vendors.autotask.client import AutotaskClient
from mappings.models import Company, Device, PicklistValue, Site, SiteMapping
from tests.sandbox.served import Served, served
from tickets.models import Action, Alert, AlertPolicy, Delivery, Ticket, TicketDefaults
from tickets.selectors.groups import Group
from tickets.selectors.inbox import list_groups
from tickets.services import act, intake, outbox, receive
from tickets.tasks import StoredConnection

_PICKLISTS = {
    ("Tickets", "status"): [(1, "New"), (5, "Complete"), (8, "In Progress")],
    ("Tickets", "priority"): [(1, "High"), (2, "Medium"), (3, "Low"), (4, "Critical")],
    ("Tickets", "queueID"): [(8, "Monitoring Alert"), (5, "Client Portal")],
    ("Tickets", "source"): [(8, "Monitoring Alert")],
    ("Tickets", "ticketType"): [(5, "Alert"), (2, "Incident")],
}


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Served]:
    """One sandbox for all tests of a worker process; each test raises its own alerts."""
    with served(profile="S") as running:
        # The demo world begins with open alerts, which every poll would take in.
        for alert in running.sandbox.datto.open_alerts():
            running.sandbox.datto.resolve_alert(alert.uid, by="System")
        yield running


def troubles() -> list[Group]:
    """Return what needs attention; a monitor nobody has looked at is no trouble."""
    return [group for group in list_groups(timezone.now()) if not group.is_calm]


#: Numbers of services, so that each alert is a condition of its own.
_NUMBERS = count(1)


@dataclass
class Bridge:
    """What a test does to the installation, and what it asks of it."""

    sandbox: Served
    site: Site
    device: Device
    company: Company
    mapping: SiteMapping

    def raise_alert(self, **values: Any) -> str:
        """Fire a monitor on the device, a new one each time unless `contextClass` is given; returns the alert's uid."""
        values = {"deviceUid": self.device.datto_device_uid, "priority": "High", **values}
        if "contextClass" not in values:
            values |= {"contextClass": "srvc_status_ctx", "subject": f"service-{next(_NUMBERS)}"}
        answer = self.sandbox.control("alerts", values)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["alertUid"])

    def resolve_in_datto(self, uid: str, by: str = "System") -> None:
        """Let the alert clear."""
        assert self.sandbox.control(f"alerts/{uid}/resolve", {"by": by}).status_code == 200

    def hook(self, uid: str, event: str = "raised") -> int | None:
        """Receive a webhook; returns the delivery that waits for a worker."""
        body = f'{{"alert_uid": "{uid}", "event": "{event}"}}'.encode()
        return receive.receive_datto(body, "application/json", "").delivery_id

    def deliver(self, uid: str, event: str = "raised") -> None:
        """Receive a webhook and do what a worker does with it, follow-ups included."""
        delivery = self.hook(uid, event)
        assert delivery is not None
        self.perform(intake.process_delivery(delivery, StoredConnection()))

    def perform(self, due: list[int]) -> None:
        """Do actions and what becomes due by them."""
        while due:
            due = [more for one in due for more in act.perform(one, StoredConnection())]

    def perform_due(self) -> None:
        """Do everything that waits, at once."""
        Action.objects.filter(state=Action.State.WAITING).update(not_before=None)
        self.perform(outbox.list_due(timezone.now()))

    def remote_tickets(self, uid: str) -> list[dict[str, Any]]:
        """Return what Autotask holds for an alert."""
        answer = self.sandbox.call("GET", f"/control/tickets?externalID=rmm-alert:{uid}")
        return list(answer.json()["tickets"])

    def remote_alert(self, uid: str) -> dict[str, Any]:
        """Return what Datto RMM holds."""
        return dict(self.sandbox.call("GET", f"/control/alerts/{uid}").json())

    def fault(self, kind: str, **values: Any) -> None:
        """Switch a fault on."""
        answer = self.sandbox.control("faults", {"kind": kind, **values})
        assert answer.status_code in {200, 201}, answer.text

    def clear_faults(self) -> None:
        """Switch all faults off."""
        self.sandbox.control("faults", method="DELETE")

    def alert(self, uid: str) -> Alert:
        """Return our row."""
        return Alert.objects.select_related("ticket").get(alert_uid=uid)

    def ticket(self, uid: str) -> Ticket:
        """Return the ticket an alert is in; it must be in one."""
        ticket = self.alert(uid).ticket
        assert ticket is not None, f"{uid} is in no ticket: {self.alert(uid).state}"
        return ticket


@pytest.fixture
def bridge(sandbox: Served, db: None) -> Iterator[Bridge]:
    """A connected installation with one mapped site."""
    del db
    login, now = sandbox.sandbox.options.credentials, timezone.now()
    Connection.objects.create(
        datto_api_url=f"{sandbox.url}/api",
        datto_api_key=login.datto_api_key,
        datto_api_secret=login.datto_api_secret,
        autotask_zone_url=f"{sandbox.url}/ATServicesRest",
        autotask_username=login.autotask_username,
        autotask_secret=login.autotask_secret,
        autotask_integration_code=login.autotask_integration_code,
        is_enabled=True,
    )
    for (entity, field), values in _PICKLISTS.items():
        for order, (value, label) in enumerate(values):
            PicklistValue.objects.create(
                entity=entity, field=field, value=value, label=label, sort_order=order, synced_at=now
            )
    sites = {one["uid"]: one for one in sandbox.call("GET", "/control/sites").json()["sites"]}
    devices = sandbox.call("GET", "/control/devices?limit=1000").json()["devices"]
    remote = next(
        one for one in devices if sites.get(one["site_uid"], {}).get("companyId") and not one["deleted"]
    )
    company = Company.objects.create(
        autotask_company_id=sites[remote["site_uid"]]["companyId"], name="Test Company", synced_at=now
    )
    site = Site.objects.create(
        datto_site_uid=remote["site_uid"], name=sites[remote["site_uid"]]["name"], synced_at=now
    )
    device = Device.objects.create(
        datto_device_uid=remote["uid"], hostname=remote["hostname"] or "host", site=site, synced_at=now
    )
    mapping = SiteMapping.objects.create(site=site, company=company, state=SiteMapping.State.CONFIRMED)
    # One ticket per condition and no waits; tests of grouping and of waits set what they are about.
    TicketDefaults.objects.filter(pk=1).update(related_group="none", resolve_delay_seconds=0)
    AlertPolicy.objects.create(pk=AlertPolicy.SINGLETON_ID, breaker_per_minute=0, storm_fleet_sites=0)
    datto = sandbox.sandbox.datto
    before = {alert.uid for alert in datto.open_alerts()}
    yield Bridge(sandbox, site, device, company, mapping)
    sandbox.control("faults", method="DELETE")
    # Else every test that polls would carry the alerts of all tests before it.
    for alert in datto.open_alerts():
        if alert.uid not in before:
            datto.resolve_alert(alert.uid, by="System")
    drop_clients()


def start_run(kind: str) -> RunRecorder:
    """Return the recorder of a run at work, as a worker has it; an earlier run of the kind is over by now."""
    SyncRun.objects.filter(kind=kind).update(status=SyncRun.Status.SUCCEEDED)
    run = SyncRun.objects.create(kind=kind, trigger=SyncRun.Trigger.COMMAND, status=SyncRun.Status.RUNNING)
    return RunRecorder(run)


__all__ = ["AutotaskClient", "Bridge", "Delivery", "Ticket", "start_run"]
