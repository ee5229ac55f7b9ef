"""What the forms of a page offer, read once for all of its fields."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from mappings.models import PicklistValue, Resource, Role, TicketUdf, WorkType
from tickets.domain.settings import PICK_FIELDS, REFERENCE_FIELDS, Catalogue, SettingsRow
from tickets.models import MonitorType, TicketDefaults
from tickets.models.settings import TicketSettings
from tickets.services.defaults import (
    GLOBAL_ID,
    GLOBAL_NAME,
    PICKLISTS,
    catalogue_of,
    load_settings_row,
    rows_above,
)


@dataclass(slots=True)
class People:
    """Resources and roles.

    Attributes:
        resources: each with its roles loaded.
        roles_of: primary key of a resource -> those of its roles.
    """

    resources: list[Resource] = field(default_factory=list)
    roles: list[Role] = field(default_factory=list)
    roles_of: dict[int, list[int]] = field(default_factory=dict)


class Offer:
    """Everything that can be chosen, inactive things too: what a row has stored already stays on offer. Five queries."""

    @cached_property
    def picks(self) -> dict[tuple[str, str], list[PicklistValue]]:
        """Return the pick list values by entity and field."""
        wanted = Q(pk__in=[])
        for entity, rest_field in set(PICKLISTS.values()):
            wanted |= Q(entity=entity, field=rest_field)
        found: dict[tuple[str, str], list[PicklistValue]] = {}
        for value in PicklistValue.objects.filter(wanted):
            found.setdefault((value.entity, value.field), []).append(value)
        return found

    @cached_property
    def work_types(self) -> list[WorkType]:
        """Return the work types."""
        return list(WorkType.objects.all())

    @cached_property
    def udfs(self) -> list[TicketUdf]:
        """Return the ticket UDFs."""
        return list(TicketUdf.objects.all())

    @cached_property
    def people(self) -> People:
        """Return resources and roles; one query, two while the roles of somebody are not known."""
        found = People()
        resources: dict[int, Resource] = {}
        roles: dict[int, Role] = {}
        rows = Resource.objects.values_list(
            "pk", "autotask_resource_id", "name", "is_active", "roles__pk", "roles__autotask_role_id", "roles__name",
            "roles__is_active",
        )  # fmt: skip
        own: dict[int, list[Role]] = {}
        for pk, number, name, is_active, role_pk, role_number, role_name, is_role_active in rows:
            if pk not in resources:
                resources[pk] = Resource(pk=pk, autotask_resource_id=number, name=name, is_active=is_active)
            own.setdefault(pk, [])
            if role_pk is not None:
                role = roles.setdefault(
                    role_pk,
                    Role(pk=role_pk, autotask_role_id=role_number, name=role_name, is_active=is_role_active),
                )
                own[pk].append(role)
        for pk, resource in resources.items():
            # As `prefetch_related` would have left it.
            resource._prefetched_objects_cache = {"roles": own[pk]}  # type: ignore[attr-defined]  # noqa: SLF001
        found.resources = list(resources.values())
        found.roles_of = {pk: [role.pk for role in some] for pk, some in own.items()}
        if all(own.values()) and roles:
            found.roles = sorted(roles.values(), key=lambda role: role.name.casefold())
        else:
            found.roles = list(Role.objects.all())
        return found

    @property
    def catalogue(self) -> Catalogue:
        """Return the active values from which built-in choices are made."""
        return catalogue_of(value for some in self.picks.values() for value in some if value.is_active)

    @property
    def has_picklists(self) -> bool:
        """Return whether Autotask's pick lists have been read."""
        return any(some for (entity, _), some in self.picks.items() if entity == "Tickets")

    def of_field(self, name: str, stored_pk: int | None) -> list[Any]:
        """Return what a field offers: what is active, and what its row has stored.

        Args:
            name: of the settings, or "priority".
            stored_pk: primary key of the stored value.
        """
        if name == "work_type":
            rows: Iterable[Any] = self.work_types
        elif name == "resource":
            rows = self.people.resources
        elif name == "role":
            rows = self.people.roles
        else:
            rows = self.picks.get(PICKLISTS[name], [])
        return [one for one in rows if one.is_active or one.pk == stored_pk]

    def attach(self, row: TicketSettings) -> None:
        """Give a row its resource with its roles loaded."""
        if row.resource_id is not None:
            known = {one.pk: one for one in self.people.resources}
            row.resource = known.get(row.resource_id, row.resource)


def offer_of(request: HttpRequest) -> Offer:
    """Return what the page's forms share."""
    found: Offer | None = getattr(request, "settings_offer", None)
    if found is None:
        found = Offer()
        request.settings_offer = found  # type: ignore[attr-defined]  # as long as the request
    return found


def load_plain_rows(
    offer: Offer, monitor_type: MonitorType | None, *, with_own: bool = True
) -> list[SettingsRow]:
    """Return the ticket defaults of a monitor type and what they inherit, without what each priority means. One query.

    Args:
        offer: what the page offers; rows get their people from it.
        monitor_type: None for those of all monitor types alone.
        with_own: the monitor type's own row, too; else only what that inherits.
    """
    wanted = Q(pk=GLOBAL_ID)
    if monitor_type is not None and with_own:
        wanted |= Q(monitor_type=monitor_type)
    found: dict[int | None, SettingsRow] = {}
    for row in settings_rows().filter(wanted):
        offer.attach(row)
        found[row.monitor_type_id] = load_settings_row(row, ())
    for_all = found.pop(None, SettingsRow(GLOBAL_NAME))
    return [*found.values(), *rows_above(monitor_type, for_all, offer.catalogue)]


def settings_rows() -> QuerySet[TicketDefaults]:
    """Return ticket defaults with their values, without their lines. One query."""
    return TicketDefaults.objects.select_related("monitor_type", *PICK_FIELDS, *REFERENCE_FIELDS)
