"""Reads both doubles for the control page and the control API: plain dicts with labels a person understands."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from .control import Sandbox
from .datto.model import Alert
from .world_autotask import STATUS_COMPLETE

Row = dict[str, Any]


def alert_row(alert: Alert) -> Row:
    """Return an alert with its label and sentence, which the vendor's API never tells."""
    return {
        "alertUid": alert.uid,
        "priority": alert.priority,
        "label": alert.label,
        "message": alert.message,
        "deviceUid": alert.device_uid,
        "deviceName": alert.device_name,
        "siteUid": alert.site_uid,
        "siteName": alert.site_name,
        "timestamp": alert.timestamp,
        "resolved": alert.resolved,
        "resolvedBy": alert.resolved_by,
        "resolvedOn": alert.resolved_on,
        "ticketNumber": alert.ticket_number,
        "contextClass": (alert.context or {}).get("@class"),
    }


def open_alerts(sandbox: Sandbox, text: str = "", limit: int = 50) -> tuple[int, list[Row]]:
    """Return (how many open alerts fit the text, the newest of them)."""
    wanted = text.lower().strip()
    alerts = [
        alert
        for alert in sandbox.datto.open_alerts()
        if not wanted
        or wanted
        in f"{alert.device_name} {alert.site_name} {alert.label} {alert.message} {alert.priority} {alert.uid}".lower()
    ]
    alerts.sort(key=lambda alert: -alert.timestamp)
    return len(alerts), [alert_row(alert) for alert in alerts[:limit]]


def labels(sandbox: Sandbox, field: str) -> dict[int, str]:
    """Return value -> label of one of the ticket's picklists."""
    database = sandbox.autotask._database  # noqa: SLF001 - the double has no door for reading picklists yet
    with database.lock:
        return {row["value"]: row["label"] for row in database.picklists.get("Tickets", {}).get(field, [])}


def resource_names(sandbox: Sandbox) -> dict[int, str]:
    """Return resource id -> name of the active people, the API user among them."""
    return {
        row["id"]: f"{row.get('firstName', '')} {row.get('lastName', '')}".strip()
        for row in sandbox.autotask.all("Resources")
        if row.get("isActive")
    }


def ticket_rows(sandbox: Sandbox, rows: list[Row]) -> list[Row]:
    """Add `companyName`, `statusLabel`, `priorityLabel`, `assignedTo` and `isComplete` to tickets."""
    statuses, priorities = labels(sandbox, "status"), labels(sandbox, "priority")
    people = resource_names(sandbox)
    answer = []
    for row in rows:
        company = sandbox.autotask.get("Companies", row["companyID"]) or {}
        answer.append(
            {
                **row,
                "companyName": company.get("companyName", ""),
                "statusLabel": statuses.get(row.get("status", 0), str(row.get("status"))),
                "priorityLabel": priorities.get(row.get("priority", 0), str(row.get("priority"))),
                "assignedTo": people.get(row.get("assignedResourceID", -1), ""),
                "isComplete": row.get("status") == STATUS_COMPLETE,
            }
        )
    return answer


def tickets(
    sandbox: Sandbox, text: str = "", limit: int = 50, *, external_id: str = ""
) -> tuple[int, list[Row]]:
    """Return (how many tickets fit, the newest of them with labels)."""
    rows = (
        sandbox.autotask.find("Tickets", externalID=external_id)
        if external_id
        else sandbox.autotask.all("Tickets")
    )
    wanted = text.lower().strip()
    if wanted:
        statuses = labels(sandbox, "status")
        names = {row["id"]: row.get("companyName", "") for row in sandbox.autotask.all("Companies")}
        rows = [
            row
            for row in rows
            if wanted
            in f"{row.get('title')} {row.get('ticketNumber')} {row.get('externalID')} {row['id']} "
            f"{names.get(row['companyID'])} {statuses.get(row.get('status', 0))}".lower()
        ]
    chosen = rows[::-1][:limit]
    return len(rows), ticket_rows(sandbox, chosen)


def notes_of(sandbox: Sandbox, ticket_id: int) -> list[Row]:
    """Return a ticket's notes, oldest first, with the writer's name."""
    people = resource_names(sandbox)
    return [
        {**row, "writer": people.get(row.get("creatorResourceID", -1), "")}
        for row in sandbox.autotask.find("TicketNotes", ticketID=ticket_id)
    ]


def usage(sandbox: Sandbox) -> Row:
    """Return how much of both vendors' budgets is used, and request counters."""
    datto = sandbox.datto
    with datto.lock:
        reads, writes = datto.limiter.used("read"), datto.limiter.used("write")
        limits = datto.settings
        answer: Row = {
            "datto_rmm": {
                "reads": reads,
                "strangers": limits.strangers_reads_per_minute,
                "readLimit": limits.read_limit,
                "writes": writes,
                "writeLimit": limits.write_limit,
                "refused429": datto.limiter.refused_429,
                "refused403": datto.limiter.refused_403,
                "blockedSeconds": round(datto.limiter.blocked_seconds),
            }
        }
    answer["autotask"] = sandbox.autotask.counters()
    answer["requests"] = sandbox.requests.counters()
    return answer


def state(sandbox: Sandbox) -> Row:
    """Return the counts of both sides."""
    datto = sandbox.datto
    with datto.lock:
        counts = {
            "sites": len(datto.sites),
            "devices": len(datto.devices),
            "openAlerts": len(datto.open_uids),
            "resolvedAlerts": len(datto.resolved_uids) + datto.history.total,
        }
    autotask = {
        name[0].lower() + name[1:]: len(sandbox.autotask.all(name))
        for name in (
            "Companies",
            "Contacts",
            "ConfigurationItems",
            "Contracts",
            "Tickets",
            "TicketNotes",
            "Resources",
        )
    }
    return {
        "profile": sandbox.profile,
        "seed": sandbox.seed,
        "builtAt": datetime.fromtimestamp(sandbox.built_at_ms / 1000, tz=UTC).isoformat(),
        "datto_rmm": counts,
        "autotask": autotask,
        "faults": sandbox.faults.to_json(),
        "storms": sandbox.storms.running(),
        "webhookUrlSet": bool(datto.webhooks.config.url),
        "webhooksPending": datto.webhooks.pending,
        "callouts": len(sandbox.autotask.callouts()),
        "stateError": sandbox.state.last_error,
    }
