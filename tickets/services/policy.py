"""The alert policy as the domain takes it."""

from __future__ import annotations

from django.conf import settings

from mappings.models import Company
from tickets.domain.grouping import StormPolicy
from tickets.models import AlertPolicy
from tickets.services.snapshot import read_once

#: Autotask numbers the organization that owns the database 0.
_OWN_COMPANY_ID = 0


def load_policy() -> AlertPolicy:
    """Return the one row of the alert policy; with its built-in values while nobody has saved it."""
    return read_once("policy", _load_policy)


def _load_policy() -> AlertPolicy:
    row = AlertPolicy.objects.select_related("own_company").filter(pk=AlertPolicy.SINGLETON_ID).first()
    return row or AlertPolicy(pk=AlertPolicy.SINGLETON_ID)


def storm_policy(policy: AlertPolicy) -> StormPolicy:
    """Return when many alerts are one trouble."""
    return StormPolicy(
        site_devices=policy.storm_site_devices,
        site_percent=policy.storm_site_percent,
        site_minutes=policy.storm_site_minutes,
        watch_seconds=policy.storm_watch_seconds,
        fleet_sites=policy.storm_fleet_sites,
        fleet_minutes=policy.storm_fleet_minutes,
        breaker_per_minute=policy.breaker_per_minute,
        breaker_percent=policy.breaker_percent,
        calls_per_hour=settings.AUTOTASK_HOURLY_LIMIT,
        flap_changes=policy.flap_changes,
        flap_minutes=policy.flap_minutes,
    )


def find_own_company(policy: AlertPolicy) -> Company | None:
    """Return the organization that gets tickets of storms across sites, None when it is not known or not usable."""
    company = policy.own_company or Company.objects.filter(autotask_company_id=_OWN_COMPANY_ID).first()
    return company if company is not None and company.is_active and not company.is_missing else None
