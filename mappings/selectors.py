"""Reading what others need of sites, devices, mappings and pick lists. One query each."""

from __future__ import annotations

from django.db.models import Count

from mappings.domain.devices.contacts import ContactFacts, match_user
from mappings.models import Company, ConfigurationItem, Contact, Device, PicklistValue, Site, SiteMapping


def find_site(datto_site_uid: str) -> Site | None:
    """Return the site with this uid."""
    return Site.objects.filter(datto_site_uid=datto_site_uid).first()


def find_device(datto_device_uid: str) -> Device | None:
    """Return the device with this uid, with its site."""
    return Device.objects.select_related("site").filter(datto_device_uid=datto_device_uid).first()


def find_mapping(datto_site_uid: str) -> SiteMapping | None:
    """Return the mapping of a site, with site, company and location; None for a site we have not seen."""
    return (
        SiteMapping.objects.select_related("site", "company", "company_location")
        .filter(site__datto_site_uid=datto_site_uid)
        .first()
    )


def find_usable_configuration_item(device: Device, mapping: SiteMapping) -> ConfigurationItem | None:
    """Return the device's configuration item if a ticket of the mapping's company may carry it."""
    if mapping.company is None:
        return None
    return ConfigurationItem.objects.filter(
        device_link__device=device,
        is_active=True,
        is_missing=False,
        autotask_company_id=mapping.company.autotask_company_id,
    ).first()


def find_contact_of_user(company: Company | None, user: str) -> Contact | None:
    """Return the one active contact of a company that a sign-in name belongs to; None when none or several fit."""
    if company is None or not user:
        return None
    contacts = {one.pk: one for one in Contact.objects.filter(company=company, is_active=True)}
    found, _ = match_user(
        user,
        [ContactFacts(one.pk, one.first_name, one.last_name, one.email) for one in contacts.values()],
    )
    return contacts[found[0].id] if len(found) == 1 else None


def find_picklist_value(entity: str, field: str, value: int | None) -> PicklistValue | None:
    """Return a value of a pick list, active or not.

    Args:
        entity: REST entity, such as "Tickets".
        field: REST field, such as "queueID".
        value: as it travels in records.
    """
    if value is None:
        return None
    return PicklistValue.objects.filter(entity=entity, field=field, value=value).first()


def list_picklist_values(entity: str, field: str, *, parent_value: int | None = None) -> list[PicklistValue]:
    """Return the active values in Autotask's order, only those below `parent_value` when it is given."""
    values = PicklistValue.objects.filter(entity=entity, field=field, is_active=True)
    if parent_value is not None:
        values = values.filter(parent_value=parent_value)
    return list(values)


def default_value(entity: str, field: str) -> PicklistValue | None:
    """Return the active value Autotask itself would choose, None when it has no default."""
    return PicklistValue.objects.filter(entity=entity, field=field, is_active=True, is_default=True).first()


def count_mappings_by_state() -> dict[str, int]:
    """Return how many mappings are in each state, every state present."""
    found = dict(SiteMapping.objects.order_by().values_list("state").annotate(n=Count("pk")))
    return {state.value: found.get(state.value, 0) for state in SiteMapping.State}


def count_sites_to_decide() -> int:
    """Return how many sites let no alert through and wait for a person."""
    return SiteMapping.objects.filter(state__in=UNDECIDED_STATES, site__is_missing=False).count()


#: States in which alerts wait until a person decides.
UNDECIDED_STATES = (
    SiteMapping.State.UNMAPPED,
    SiteMapping.State.PROPOSED,
    SiteMapping.State.CONFLICT,
    SiteMapping.State.COMPANY_INACTIVE,
    SiteMapping.State.COMPANY_MISSING,
)
