"""Ticket defaults: from rows to what a ticket gets, and what may be saved."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.db.models import Max, Prefetch, Q, QuerySet
from django.utils import timezone

from mappings.models import Company, Device, PicklistValue, Resource, Role, SiteMapping, WorkType
from tickets.domain.monitor_types import AGENT_TICKET, SEEDS
from tickets.domain.rules.conditions import RuleFacts, matching_rules
from tickets.domain.settings import (
    CHOICE_FIELDS,
    FLAG_FIELDS,
    NUMBER_FIELDS,
    PICK_FIELDS,
    REFERENCE_FIELDS,
    TEMPLATE_FIELDS,
    TEXT_FIELDS,
    Catalogue,
    EffectiveSettings,
    PickRef,
    PrioritySettings,
    Reference,
    SettingsRow,
    resolve,
)
from tickets.domain.settings.agents import agent_built_in, limit_to_agents
from tickets.models import AlertPriority, MonitorType, PriorityDefaults, TicketDefaults
from tickets.models.settings import TicketSettings
from tickets.services.snapshot import read_once

GLOBAL_ID: Final = 1
GLOBAL_NAME: Final = "All monitor types"

#: Field of the defaults, or "priority" -> (REST entity, REST field) of its pick list.
PICKLISTS: Final[dict[str, tuple[str, str]]] = {
    "queue": ("Tickets", "queueID"),
    "ticket_category": ("Tickets", "ticketCategory"),
    "ticket_type": ("Tickets", "ticketType"),
    "source": ("Tickets", "source"),
    "status": ("Tickets", "status"),
    "issue_type": ("Tickets", "issueType"),
    "sub_issue_type": ("Tickets", "subIssueType"),
    "completed_status": ("Tickets", "status"),
    "cleared_status": ("Tickets", "status"),
    "touched_status": ("Tickets", "status"),
    "reopened_status": ("Tickets", "status"),
    "sla": ("Tickets", "serviceLevelAgreementID"),
    "escalated_priority": ("Tickets", "priority"),
    "escalated_queue": ("Tickets", "queueID"),
    "note_type": ("TicketNotes", "noteType"),
    "note_publish": ("TicketNotes", "publish"),
    "priority": ("Tickets", "priority"),
}
#: The fields whose built-in value is looked up by label.
_BUILT_IN_FIELDS: Final = (
    "priority", "queue", "ticket_type", "source", "status", "completed_status", "reopened_status", "note_type",
    "note_publish",
)  # fmt: skip
#: What is built in for a monitor type, where it is another than for all.
BUILT_IN_BY_TYPE: Final[dict[str, dict[str, Any]]] = {"online_status": {"group_by_site": True}}


def load_rows(monitor_type: MonitorType | None) -> list[SettingsRow]:
    """Return the ticket defaults that apply, the most specific first: its monitor type's, and those of all. Three queries."""
    key = ("defaults", None if monitor_type is None else monitor_type.pk)
    return list(read_once(key, lambda: _load_rows(monitor_type)))


def _load_rows(monitor_type: MonitorType | None) -> list[SettingsRow]:
    wanted = Q(monitor_type__isnull=True)
    if monitor_type is not None:
        wanted |= Q(monitor_type=monitor_type)
    found = {row.monitor_type_id: load_settings_row(row) for row in with_values().filter(wanted)}
    above = found.pop(None, SettingsRow(GLOBAL_NAME))
    return [*found.values(), *rows_above(monitor_type, above)]


def rows_by_type(
    found: dict[int | None, SettingsRow], types: Iterable[MonitorType]
) -> dict[str, list[SettingsRow]]:
    """Return what `load_rows` returns for each monitor type, by slug; "" is for alerts of no type.

    Args:
        found: primary key of a monitor type, None for the row of all -> its defaults, changed or as stored.
        types: all monitor types.
    """
    above = found.get(None, SettingsRow(GLOBAL_NAME))
    by_slug = {"": [above]}
    for one in types:
        own = [found[one.pk]] if one.pk in found else []
        by_slug[one.slug] = [*own, above, *built_in_rows(one)]
    return by_slug


def load_rows_above(monitor_type: MonitorType | None) -> list[SettingsRow]:
    """Return what the defaults of a monitor type inherit from."""
    return rows_above(monitor_type, load_rows(None)[0])


def rows_above(
    monitor_type: MonitorType | None, for_all: SettingsRow, catalogue: Catalogue | None = None
) -> list[SettingsRow]:
    """Return what the defaults of a monitor type inherit from.

    Args:
        for_all: the row for all monitor types.
        catalogue: active pick list values; read when left out and needed.
    """
    built_in = built_in_rows(monitor_type, catalogue)
    if is_agent_ticket(monitor_type):
        # What holds for all monitor types was meant for alerts, so it comes last.
        return [*built_in, limit_to_agents(for_all)]
    return [for_all, *built_in]


def is_agent_ticket(monitor_type: MonitorType | None) -> bool:
    """Return whether defaults or a rule are about what end clients ask for."""
    return monitor_type is not None and monitor_type.slug == AGENT_TICKET


def agent_settings(
    company: Company | None,
    priority: str = AlertPriority.MODERATE,
    *,
    mapping: SiteMapping | None = None,
    device: Device | None = None,
    text: str = "",
    at: datetime | None = None,
) -> EffectiveSettings:
    """Return what a ticket that an end client asks for gets. Seven queries.

    Its own row of ticket defaults, and the rules that name Agent tickets: rules for every monitor type were written
    with alerts in mind.

    Args:
        company: whose ticket it is.
        priority: as one of Datto RMM's, how urgent it is.
        mapping: of the device's site, with its queue; its queue is the ticket's unless a rule names another.
        device: it is sent from, with its link's configuration item if rules are to ask for its category.
        text: what patterns of rules are searched in.
        at: for rules with hours; aware, now when left out.
    """
    from tickets.services import rules  # noqa: PLC0415 - rules are built on top of the defaults

    facts = RuleFacts(
        priority=priority,
        at=at or timezone.now(),
        monitor_type=AGENT_TICKET,
        organization=company.autotask_company_id if company is not None else None,
        site=mapping.site.datto_site_uid if mapping is not None else "",
        device=device.datto_device_uid if device is not None else "",
        device_class=device.device_class if device is not None else "",
        item_category=rules.item_category(device),
        text=text,
    )
    asked = [one for one in rules.load_rules() if one.conditions.monitor_type == AGENT_TICKET]
    found = matching_rules([*asked, *rules.site_rules(mapping)], facts)
    own = MonitorType.objects.get(slug=AGENT_TICKET)
    rows = [limit_to_agents(rule.settings) for rule in found] + load_rows(own)
    return resolve(rows, priority, catalogue=load_catalogue())


def built_in_rows(monitor_type: MonitorType | None, catalogue: Catalogue | None = None) -> list[SettingsRow]:
    """Return what is built in for a monitor type, where it is another than for all.

    Args:
        monitor_type: None for all.
        catalogue: active pick list values; read when left out and needed.
    """
    if monitor_type is None:
        return []
    if is_agent_ticket(monitor_type):
        values = agent_built_in(load_catalogue() if catalogue is None else catalogue)
    else:
        values = BUILT_IN_BY_TYPE.get(monitor_type.slug, {})
    return [SettingsRow(f"built-in for {monitor_type.name}", values)] if values else []


def with_values() -> QuerySet[TicketDefaults]:
    """Return all defaults with everything `load_settings_row` needs; three queries when evaluated."""
    lines = Prefetch("priorities", PriorityDefaults.objects.select_related("ticket_priority"))
    return TicketDefaults.objects.select_related(
        "monitor_type", *PICK_FIELDS, *REFERENCE_FIELDS
    ).prefetch_related(lines, "resource__roles")


def load_settings_row(
    defaults: TicketDefaults, lines: Iterable[PriorityDefaults] | None = None
) -> SettingsRow:
    """Return a row of defaults as the domain takes it.

    Args:
        defaults: saved or not.
        lines: its priority lines; those stored when left out.
    """
    return SettingsRow(
        name=str(defaults),
        values=read_values(defaults),
        priorities={
            line.alert_priority: PrioritySettings(
                create_ticket=line.create_ticket,
                ticket_priority=_pick(line.ticket_priority),
                due_minutes=line.due_minutes,
            )
            for line in (defaults.priorities.all() if lines is None else lines)
        },
    )


def read_values(row: TicketSettings) -> dict[str, Any]:
    """Return what a row of defaults, or a rule, sets: field -> value; what inherits is left out."""
    values: dict[str, Any] = {name: _pick(getattr(row, name)) for name in PICK_FIELDS}
    for name in (*FLAG_FIELDS, *NUMBER_FIELDS, *CHOICE_FIELDS, *TEMPLATE_FIELDS, *TEXT_FIELDS):
        values[name] = getattr(row, name)
    values["create_ticket"] = row.create_ticket
    values["ticket_udfs"] = row.ticket_udfs
    values["resource"] = _resource(row.resource)
    values["role"] = _role(row.role)
    return {name: value for name, value in values.items() if value not in (None, "", {})}


def load_catalogue() -> Catalogue:
    """Return the active values from which built-in choices are made. One query."""
    return read_once("catalogue", _load_catalogue)


def _load_catalogue() -> Catalogue:
    wanted = Q()
    for name in _BUILT_IN_FIELDS:
        entity, rest_field = PICKLISTS[name]
        wanted |= Q(entity=entity, field=rest_field)
    return catalogue_of(PicklistValue.objects.filter(wanted, is_active=True))


def catalogue_of(values: Iterable[PicklistValue]) -> Catalogue:
    """Return active values by the fields whose built-in value is looked up among them."""
    found: dict[tuple[str, str], list[PickRef]] = {}
    for value in values:
        found.setdefault((value.entity, value.field), []).append(ref_of(value))
    return {name: found.get(PICKLISTS[name], []) for name in _BUILT_IN_FIELDS}


def ensure_rows() -> None:
    """Bring monitor types in step with this version, and create rows and lines that are missing. Safe to repeat.

    Called after each migration. What people have set stays; what is as it should be is not written.
    """
    rows = [TicketDefaults.objects.get_or_create(pk=GLOBAL_ID, defaults={"monitor_type": None})[0]]
    for position, seed in enumerate(SEEDS, start=1):
        wanted = {
            "name": seed.name,
            "context_classes": list(seed.context_classes),
            "is_security": seed.is_security,
            "is_legacy": seed.is_legacy,
            "position": position,
        }
        monitor_type, is_new = MonitorType.objects.get_or_create(slug=seed.slug, defaults=wanted)
        if not is_new and any(getattr(monitor_type, name) != value for name, value in wanted.items()):
            MonitorType.objects.filter(pk=monitor_type.pk).update(**wanted)
        row = TicketDefaults.objects.filter(monitor_type=monitor_type).first()
        if row is None:
            # The id is given, because PostgreSQL's sequence does not know of row 1.
            last = TicketDefaults.objects.aggregate(pk=Max("pk"))["pk"]
            row = TicketDefaults.objects.create(pk=last + 1, monitor_type=monitor_type)
        rows.append(row)
    PriorityDefaults.objects.bulk_create(
        [
            PriorityDefaults(defaults=row, alert_priority=priority)
            for row in rows
            for priority in AlertPriority
        ],
        ignore_conflicts=True,
    )


def type_of(row: TicketSettings) -> MonitorType | None:
    """Return the monitor type that defaults or a rule are about, None for all or any."""
    found: MonitorType | None = getattr(row, "monitor_type", None)
    monitor = getattr(row, "monitor", None)
    return monitor.monitor_type if found is None and monitor is not None else found


def _pick(value: PicklistValue | WorkType | None) -> PickRef | None:
    return None if value is None else ref_of(value)


def _resource(value: Resource | None) -> Reference | None:
    if value is None:
        return None
    roles = frozenset(role.autotask_role_id for role in value.roles.all())
    return Reference(value.autotask_resource_id, value.name, value.is_active, roles)


def _role(value: Role | None) -> Reference | None:
    return None if value is None else Reference(value.autotask_role_id, value.name, value.is_active)


def ref_of(value: PicklistValue | WorkType) -> PickRef:
    """Return a value as the domain takes it."""
    if isinstance(value, WorkType):
        return PickRef(value.autotask_billing_code_id, value.name, value.is_active)
    return PickRef(value.value, value.label, value.is_active, value.parent_value, value.is_default)
