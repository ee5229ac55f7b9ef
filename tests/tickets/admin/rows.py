"""Made-up rows for pages: enough of everything, with long names and every state."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from integration.models import Connection, PreflightCheck, SyncRun, VendorCall
from mappings.models import Company, Device, PicklistValue, Site, SiteMapping, WorkType
from tickets.models import Action, Alert, Delivery, MonitorType, Ticket, TimelineEvent

_LONG = "Westminster-and-Holborn-Physiotherapy-Partnership-Limited-Liability-Company, Second Floor Annexe"
_PICKS = [
    (
        "Tickets",
        "queueID",
        [(8, "Monitoring Alert"), (29682833, "Level I Support"), (29682834, "Level II Support")],
    ),
    ("Tickets", "priority", [(4, "Critical"), (1, "High"), (2, "Medium"), (3, "Low")]),
    ("Tickets", "status", [(1, "New"), (5, "Complete"), (8, "In Progress")]),
    ("Tickets", "source", [(8, "Monitoring Alert"), (4, "Phone")]),
    ("Tickets", "ticketType", [(2, "Incident"), (5, "Alert")]),
    ("Tickets", "ticketCategory", [(3, "Standard")]),
    ("Tickets", "issueType", [(10, "Hardware"), (11, "Network")]),
    ("TicketNotes", "noteType", [(3, "Task Notes")]),
    ("TicketNotes", "publish", [(1, "All Autotask Users"), (2, "Internal Users Only")]),
]


def make_picklists() -> None:
    """Store pick lists as the reference sync would."""
    now = timezone.now()
    for entity, field, values in _PICKS:
        PicklistValue.objects.bulk_create(
            PicklistValue(
                entity=entity, field=field, value=value, label=label, sort_order=order, synced_at=now
            )
            for order, (value, label) in enumerate(values)
        )
    for value, label, parent in ((100, "Disk", 10), (101, "Memory", 10), (110, "Router", 11)):
        PicklistValue.objects.create(
            entity="Tickets",
            field="subIssueType",
            value=value,
            label=label,
            parent_value=parent,
            synced_at=now,
        )
    WorkType.objects.create(autotask_billing_code_id=7, name="Remote Support", synced_at=now)


def pick(field: str, label: str) -> PicklistValue:
    """Return a stored pick list value."""
    return PicklistValue.objects.get(field=field, label=label)


def connect() -> Connection:
    """Store an enabled connection."""
    connection, _ = Connection.objects.get_or_create(pk=1)
    connection.is_enabled = True
    connection.datto_api_url = "https://pinotage-api.centrastage.net"
    connection.datto_platform = "pinotage"
    connection.autotask_web_url = "https://ww4.autotask.net/"
    connection.save()
    return connection


def make_alerts(count: int) -> None:
    """Store sites, devices, tickets and alerts in every state."""
    now = timezone.now()
    sites = [
        Site(datto_site_uid=f"site-{n}", name=_LONG if n == 0 else f"Site {n}", synced_at=now)
        for n in range(5)
    ]
    Site.objects.bulk_create(sites)
    company = Company.objects.create(autotask_company_id=1, name=_LONG[:100], synced_at=now)
    SiteMapping.objects.bulk_create(
        SiteMapping(site=site, state="confirmed" if n < 3 else "unmapped", company=company if n < 3 else None)
        for n, site in enumerate(sites)
    )
    devices = [
        Device(
            datto_device_uid=f"device-{n}", datto_device_id=n, site=sites[n % 5], hostname=f"HOST-{n:04}",
            portal_url=f"https://pinotage.centrastage.net/csm/device/summary/{n}", synced_at=now,
        )
        for n in range(50)
    ]  # fmt: skip
    Device.objects.bulk_create(devices)
    types = list(MonitorType.objects.all())
    tickets = [
        Ticket(
            correlation_key=f"rmm-alert:{n}", autotask_ticket_id=1000 + n, ticket_number=f"T20261124.{n:04}",
            company=company, state="open" if n % 3 else "completed", title=f"[High] Service: Spooler on HOST-{n:04}",
            created_in_autotask_at=now,
        )
        for n in range(count // 2)
    ]  # fmt: skip
    Ticket.objects.bulk_create(tickets, batch_size=500)
    states = list(Alert.State.values)
    alerts = []
    for n in range(count):
        state = states[n % len(states)]
        ticketed = state == "ticketed" and n // 2 < len(tickets)
        alerts.append(
            Alert(
                alert_uid=f"uid-{n:08}", state=state, cause="site_unmapped" if state == "blocked" else "",
                reason="Site Site 3 has no organization yet." if state == "blocked" else f"Because of rule {n % 7}.",
                remedy="Accept or choose the organization." if state == "blocked" else "",
                priority=["Critical", "High", "Moderate", "Low", "Information", "Unknown"][n % 6],
                monitor_type=types[n % len(types)], context_class="srvc_status_ctx",
                context={"@class": "srvc_status_ctx", "serviceName": "Spooler", "status": "STOPPED"},
                subject="Spooler", summary=f"Service Spooler is stopped {'and stays so ' * 8 if n == 0 else ''}({n})",
                datto_site_uid=f"site-{n % 5}", datto_site_name=sites[n % 5].name, datto_device_uid=f"device-{n % 50}",
                datto_device_name=f"HOST-{n % 50:04}", raised_at=now - timedelta(minutes=n % 9000),
                is_resolved=n % 4 == 3, ticket=tickets[n // 2] if ticketed else None,
                ticketed_at=now if ticketed else None,
            )
        )  # fmt: skip
    Alert.objects.bulk_create(alerts, batch_size=500)
    for offset in range(7):
        Alert.objects.filter(pk__in=list(Alert.objects.values_list("pk", flat=True)[offset::9])).update(
            first_seen_at=now - timedelta(days=offset)
        )


def make_story() -> Alert:
    """Store one ticketed alert with everything its page can tell."""
    now = timezone.now()
    alert = Alert.objects.filter(state="ticketed", ticket__isnull=False, is_resolved=False).first()
    assert alert is not None
    alert.decision = {
        "action": "make_ticket",
        "reason": "Ticket for Northwind.",
        "rule_chain": [
            "Alert of type Service, priority High.",
            "A ticket is to be made (built-in).",
        ],
        "fields": [
            {
                "field": "title",
                "label": "Title",
                "value": "x",
                "display": "[High] Service",
                "origin": "built-in",
            },
            {
                "field": "description",
                "label": "Description",
                "value": "d",
                "display": "Line\n" * 30,
                "origin": "built-in",
            },
            {
                "field": "queueID",
                "label": "Queue",
                "value": 8,
                "display": "Monitoring Alert",
                "origin": "Service",
            },
        ],
        "skipped": [{"field": "queue", "label": "Old queue", "reason": "It is inactive in Autotask."}],
    }
    alert.diagnostics = "<script>alert(1)</script>\n" * 3
    alert.save()
    for n, text in enumerate(
        ["Received by webhook.", "Ticket for Northwind.", "Ticket T20261124.0042 created."]
    ):
        TimelineEvent.objects.create(alert=alert, kind=f"step_{n}", text=text, at=now)
    TimelineEvent.objects.create(
        ticket=alert.ticket, kind="ticket_completed", text="Completed in Autotask.", at=now
    )
    for n in range(4):
        VendorCall.objects.create(
            vendor="autotask", method="POST", path="/V1.0/Tickets", status=200, duration_ms=120 + n, lane="new_ticket",
            subject=f"alert:{alert.alert_uid}", started_at=now,
        )  # fmt: skip
    Action.objects.create(
        kind="resolve_alert", vendor="datto_rmm", state="waiting", key="resolve:1", alert=alert, attempts=3,
        error="Datto RMM does not answer (503).", remedy="Nothing to do if the outage is short.",
        not_before=now + timedelta(minutes=2),
    )  # fmt: skip
    return alert


def make_troubles() -> None:
    """Store one of everything that needs a person."""
    now = timezone.now()
    PreflightCheck.objects.create(
        name="threads", title="Thread limit", status="fail", detail="Another integration uses our tracking id.",
        remedy="Ask Autotask for an own tracking identifier.", checked_at=now,
    )  # fmt: skip
    Delivery.objects.create(
        channel="datto_rmm", state="unreadable", body="<b>nonsense</b>", reason="alert_uid: missing in the body.",
        remedy="Paste the body from Inbound addresses.",
    )  # fmt: skip
    SyncRun.objects.create(
        kind="devices", trigger="schedule", status="guarded", error="It would deactivate 40 of 50 devices.",
        remedy="Look at them, then run again.", finished_at=now,
    )  # fmt: skip
    alert = Alert.objects.filter(is_resolved=False).first()
    Action.objects.create(
        kind="resolve_alert", vendor="datto_rmm", state="refused", key="resolve:2", alert=alert, error="Not allowed (403).",
        finished_at=now,
    )  # fmt: skip
