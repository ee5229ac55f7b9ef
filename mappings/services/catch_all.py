"""The organization that gets the alerts of sites without a usable one."""

from __future__ import annotations

from mappings.models import Company, MappingPolicy, SiteMapping
from mappings.selectors import UNDECIDED_STATES
from mappings.services.decisions import MappingRefused
from mappings.signals import announce_changed_mappings


def find_catch_all() -> Company | None:
    """Return the catch-all organization, usable or not; None when none is set. One query."""
    policy = (
        MappingPolicy.objects.select_related("catch_all_company")
        .filter(pk=MappingPolicy.SINGLETON_ID)
        .first()
    )
    return None if policy is None else policy.catch_all_company


def get_policy() -> MappingPolicy:
    """Return the one policy, made at first use."""
    return MappingPolicy.objects.get_or_create(pk=MappingPolicy.SINGLETON_ID)[0]


def set_catch_all(company: Company | None) -> MappingPolicy:
    """Set or clear the catch-all organization; alerts that wait for a mapping go on at once.

    Raises:
        MappingRefused: the organization is inactive or missing.
    """
    if company is not None and (company.is_missing or not company.is_active):
        raise MappingRefused(
            f"{company.name} is inactive in Autotask, so it can get no tickets. Choose an active organization.",
            field="catch_all_company",
        )
    policy = get_policy()
    policy.catch_all_company = company
    policy.save(update_fields=["catch_all_company"])
    if company is not None:
        waiting = SiteMapping.objects.filter(state__in=UNDECIDED_STATES).order_by()
        announce_changed_mappings(waiting.values_list("site__datto_site_uid", flat=True))
    return policy
