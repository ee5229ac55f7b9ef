"""Rules: from rows to what the domain compares, and the settings that apply to an alert."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time

from django.conf import settings as django_settings
from django.db.models import QuerySet

from mappings.models import Device, SiteMapping
from tickets.domain.rules.conditions import Conditions, Hours, Rule, RuleFacts, matching_rules
from tickets.domain.settings import PICK_FIELDS, EffectiveSettings, PickRef, SettingsRow, resolve
from tickets.models import Alert, TicketRule
from tickets.selectors.places import Place, place_of
from tickets.services.defaults import load_catalogue, load_rows, read_values
from tickets.services.snapshot import read_once

_SITE_RULE_ID = 0
#: What a rule names and sets.
RULE_RELATIONS = (
    "monitor_type",
    "monitor__monitor_type",
    "company",
    "site",
    "device",
    "item_category",
    "ticket_priority",
    "resource",
    "role",
    *PICK_FIELDS,
)


def settings_of(
    alert: Alert,
    place: Place | None = None,
    *,
    rules: Sequence[Rule] | None = None,
    defaults: Sequence[SettingsRow] | None = None,
) -> EffectiveSettings:
    """Return the settings that apply to an alert: rules, ticket defaults, site. A constant number of queries.

    Args:
        alert: with its monitor type loaded.
        place: where it belongs; looked up when left out.
        rules, defaults: in place of those stored, for a trial of what is not saved.
    """
    place = place or place_of(alert)
    mapping = place.mapping
    asked = [*(load_rules() if rules is None else rules), *site_rules(mapping)]
    rows = [rule.settings for rule in matching_rules(asked, rule_facts(alert, place))]
    rows += load_rows(alert.monitor_type) if defaults is None else defaults
    return resolve(
        rows,
        alert.priority,
        catalogue=load_catalogue(),
        offset=mapping.priority_offset if mapping is not None else 0,
        offset_origin=f"site {mapping.site.name}" if mapping is not None else "",
    )


def rule_facts(
    alert: Alert,
    place: Place,
    *,
    categories: Mapping[int, int] | None = None,
    with_text: bool = True,
) -> RuleFacts:
    """Return what rules ask about an alert.

    Args:
        alert, place: what it is and where it belongs.
        categories: primary key of a device -> category of its configuration item; asked of the place's device when left
            out, which costs a query for each.
        with_text: its texts are loaded; without them no pattern fits.
    """
    device, mapping = place.device, place.mapping
    if categories is None:
        category = item_category(device)
    else:
        category = categories.get(device.pk) if device is not None else None
    texts = (alert.diagnostics, alert.summary, alert.subject) if with_text else ()
    return RuleFacts(
        priority=alert.priority,
        at=alert.raised_at or alert.first_seen_at,
        monitor_type=alert.monitor_type.slug if alert.monitor_type else "",
        monitor=alert.monitor_id,
        organization=mapping.company.autotask_company_id if mapping is not None and mapping.company else None,
        site=place.site_uid,
        device=alert.datto_device_uid,
        device_class=device.device_class if device is not None else "",
        item_category=category,
        text="\n".join(part for part in texts if part),
    )


def with_rule_values() -> QuerySet[TicketRule]:
    """Return rules with everything `to_rule` needs; two queries when evaluated."""
    return TicketRule.objects.select_related(*RULE_RELATIONS).prefetch_related("resource__roles")


def load_rules() -> list[Rule]:
    """Return the rules that are switched on. Two queries."""
    return read_once("rules", lambda: [to_rule(row) for row in with_rule_values().filter(is_active=True)])


def to_rule(row: TicketRule) -> Rule:
    """Return a rule as the domain takes it.

    Args:
        row: saved or not; its id is 0 when it is not.
    """
    values = read_values(row)
    if row.ticket_priority is not None:
        pick = row.ticket_priority
        values["ticket_priority"] = PickRef(pick.value, pick.label, pick.is_active)
    if row.due_minutes is not None:
        values["due_minutes"] = row.due_minutes
    return Rule(
        id=row.pk or 0,
        name=row.name,
        conditions=to_conditions(row),
        settings=SettingsRow(f"rule {row.name}", values, rule_id=row.pk or 0, why=row.reason),
        position=row.position,
    )


def to_conditions(row: TicketRule) -> Conditions:
    """Return what a rule asks."""
    return Conditions(
        device_class=row.device_class,
        priorities=frozenset(row.alert_priorities),
        monitor_type=row.monitor_type.slug if row.monitor_type else "",
        pattern=row.pattern,
        monitor=row.monitor_id,
        organization=row.company.autotask_company_id if row.company else None,
        site=row.site.datto_site_uid if row.site else "",
        item_category=row.item_category.autotask_category_id if row.item_category else None,
        device=row.device.datto_device_uid if row.device else "",
        hours=to_hours(row.weekdays, row.start_time, row.end_time, row.time_zone, row.is_outside_hours),
    )


def to_hours(
    weekdays: list[int],
    start: time | None,
    end: time | None,
    zone: str,
    is_outside: bool,  # noqa: FBT001 - a column
) -> Hours | None:
    """Return a time window, None when neither days nor times are given."""
    if not weekdays and start is None and end is None:
        return None
    return Hours(
        frozenset(weekdays),
        start or time(0, 0),
        end or time(0, 0),
        zone or django_settings.TIME_ZONE,
        is_outside,
    )


def site_rules(mapping: SiteMapping | None) -> list[Rule]:
    """Return the queue that a site sets, as a rule of the site's own."""
    if mapping is None or mapping.queue is None:
        return []
    queue = mapping.queue
    name = f"site {mapping.site.name}"
    values = {"queue": PickRef(queue.value, queue.label, queue.is_active)}
    return [
        Rule(
            id=_SITE_RULE_ID,
            name=name,
            conditions=Conditions(site=mapping.site.datto_site_uid),
            settings=SettingsRow(name, values),
            # A rule about the site that people wrote goes before it.
            position=1_000_000,
        )
    ]


def item_category(device: Device | None) -> int | None:
    """Return the Autotask id of the category of a device's configuration item, None when it has none."""
    link = getattr(device, "link", None) if device is not None else None
    item = link.configuration_item if link is not None else None
    return item.autotask_category_id if item is not None else None


def raised(alert: Alert) -> datetime:
    """Return when an alert was raised, or when it was first seen if Datto RMM does not say."""
    return alert.raised_at or alert.first_seen_at
