"""What hangs on a mapping besides the organization: location, contact, contract, queue, urgency, switches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from mappings.models import CompanyLocation, Contact, Contract, PicklistValue, SiteMapping
from mappings.services.decisions import DecisionOutcome, MappingRefused, decide_rows

#: Steps by which a site's alerts may count as more or less urgent.
MAX_PRIORITY_STEPS = 3
_OF_COMPANY = ("company_location", "default_contact", "default_contract")
_TITLES = {
    "company_location": "location",
    "default_contact": "contact",
    "default_contract": "contract",
    "queue": "queue",
}


@dataclass(frozen=True, slots=True)
class Details:
    """The settings of one mapping. Priority offset in steps, positive for more urgent."""

    company_location: CompanyLocation | None = None
    default_contact: Contact | None = None
    default_contract: Contract | None = None
    queue: PicklistValue | None = None
    priority_offset: int = 0
    tickets_enabled: bool = True
    devices_enabled: bool = True
    note: str = ""

    def changed(self, **values: Any) -> Details:
        """Return a copy with other values."""
        return replace(self, **values)


def details_of(mapping: SiteMapping) -> Details:
    """Return the settings a mapping has now."""
    return Details(**{name: getattr(mapping, name) for name in Details.__dataclass_fields__})


def find_objections(mapping: SiteMapping, details: Details) -> dict[str, str]:
    """Return field -> what is wrong with it and the cure; empty when the settings may be saved.

    What was inactivated after it was chosen may stay: tickets leave it out and say so.
    """
    found: dict[str, str] = {}
    for name in _OF_COMPANY:
        value = getattr(details, name)
        if value is None:
            continue
        title = _TITLES[name]
        if mapping.company_id is None:
            found[name] = (
                f"The site has no organization, so it has no {title}. Choose the organization first."
            )
        elif value.company_id != mapping.company_id:
            found[name] = (
                f"The {title} {value} belongs to another organization. Choose one of {mapping.company}, or none."
            )
        elif getattr(mapping, f"{name}_id") != value.pk and not _is_usable(value):
            found[name] = f"The {title} {value} is inactive in Autotask. Choose an active one, or none."
    queue = details.queue
    if queue is not None:
        if (queue.entity, queue.field) != ("Tickets", "queueID"):
            found["queue"] = f"{queue} is no queue of tickets. Choose a queue, or none."
        elif mapping.queue_id != queue.pk and not queue.is_active:
            found["queue"] = f"The queue {queue} is inactive in Autotask. Choose an active one, or none."
    if abs(details.priority_offset) > MAX_PRIORITY_STEPS:
        found["priority_offset"] = (
            f"{details.priority_offset} is too much. Use -{MAX_PRIORITY_STEPS} to {MAX_PRIORITY_STEPS}."
        )
    return found


def set_details(
    mapping: SiteMapping, user: User | None, details: Details, *, batch: Any = None
) -> DecisionOutcome:
    """Save the settings of a mapping.

    Args:
        mapping: with site and company.
        user: who decides.
        details: all settings.
        batch: of several decisions that are undone together.

    Raises:
        MappingRefused: something belongs to another organization, or is inactive; carries the field.
    """
    for name, text in find_objections(mapping, details).items():
        raise MappingRefused(f"{mapping.site.name}: {text}", field=name)

    def edit(row: SiteMapping, _now: datetime) -> str:
        if row.company_id != mapping.company_id and any(getattr(details, name) for name in _OF_COMPANY):
            return "its organization was changed meanwhile"
        for name in Details.__dataclass_fields__:
            setattr(row, name, getattr(details, name))
        return ""

    return decide_rows([mapping.pk], user, "Settings changed", edit, batch=batch)


def _is_usable(value: CompanyLocation | Contact | Contract) -> bool:
    return value.is_active and not getattr(value, "is_missing", False)
