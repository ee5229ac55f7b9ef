"""What the browser sends for a form of settings, and rows that such a form offers."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from mappings.models import Resource, Role, TicketUdf
from tickets.domain.settings import (
    CHOICE_FIELDS,
    FLAG_FIELDS,
    NUMBER_FIELDS,
    PICK_FIELDS,
    REFERENCE_FIELDS,
    TEMPLATE_FIELDS,
    TEXT_FIELDS,
)


def settings_data(row: Any) -> dict[str, Any]:
    """Return a row's settings as its form sends them."""
    data: dict[str, Any] = {}
    for name in (*PICK_FIELDS, *REFERENCE_FIELDS):
        data[name] = getattr(row, f"{name}_id") or ""
    for name in ("create_ticket", *FLAG_FIELDS):
        data[name] = {None: "unknown", True: "true", False: "false"}[getattr(row, name)]
    for name in (*CHOICE_FIELDS, *TEMPLATE_FIELDS, *TEXT_FIELDS):
        data[name] = getattr(row, name)
    for name in NUMBER_FIELDS:
        data[name] = "" if getattr(row, name) is None else getattr(row, name)
    data["ticket_udfs-name"] = [*row.ticket_udfs, ""]
    data["ticket_udfs-template"] = [*row.ticket_udfs.values(), ""]
    return data


def make_people() -> tuple[Resource, Role, Role]:
    """Store a resource, a role it has, and one that it has not."""
    now = timezone.now()
    has = Role.objects.create(autotask_role_id=1, name="Service Desk Engineer", synced_at=now)
    other = Role.objects.create(autotask_role_id=2, name="Project Manager", synced_at=now)
    resource = Resource.objects.create(autotask_resource_id=11, name="Ada Byron", synced_at=now)
    resource.roles.add(has)
    return resource, has, other


def make_udfs() -> None:
    """Store ticket UDFs: a text, a list, and one that is inactive."""
    now = timezone.now()
    TicketUdf.objects.create(name="Rack", synced_at=now)
    TicketUdf.objects.create(
        name="Shift",
        data_type="list",
        list_values=[{"value": "2", "label": "Night", "is_active": True}],
        synced_at=now,
    )
    TicketUdf.objects.create(name="Old", is_active=False, synced_at=now)
