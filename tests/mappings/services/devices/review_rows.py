"""An organization with a contract, and linked devices to review."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from mappings.models import (
    CatalogueService,
    Company,
    ConfigurationItem,
    Contact,
    Contract,
    ContractRule,
    ContractService,
    ContractUnits,
    Device,
    DeviceLink,
    DeviceReview,
    Site,
    SiteMapping,
)
from tests.mappings.conftest import guid, make_company, make_site


@dataclass(frozen=True)
class Home:
    """A site and the organization it is mapped to."""

    site: Site
    company: Company


def make_home(number: int, name: str = "") -> Home:
    """Make a site mapped to an organization of the same number."""
    home = Home(
        make_site(number, name or f"Site {number}"), make_company(number, name or f"Company {number}")
    )
    SiteMapping.objects.create(site=home.site, company=home.company, state="confirmed")
    return home


def make_contract(number: int, company: Company, *sold: str, days: int = 300, **values: Any) -> Contract:
    """Make a running recurring contract that sells these services; their ids are number * 10 and on."""
    now = timezone.now()
    plain: dict[str, Any] = {
        "name": f"Managed {number}",
        "contract_type": 7,
        "start_date": timezone.localdate() - timedelta(days=30),
        "end_date": timezone.localdate() + timedelta(days=days),
    }
    contract = Contract.objects.create(
        autotask_contract_id=number, company=company, synced_at=now, **{**plain, **values}
    )
    for place, name in enumerate(sold):
        kind = "bundle" if name.endswith("bundle") else "service"
        service, _ = CatalogueService.objects.get_or_create(
            kind=kind,
            name=name,
            defaults={"autotask_service_id": 200 + CatalogueService.objects.count(), "synced_at": now},
        )
        ContractService.objects.create(
            kind=kind,
            autotask_contract_service_id=number * 10 + place,
            contract=contract,
            service=service,
            name=name,
            synced_at=now,
        )
    return contract


def make_units(
    service: ContractService, units: int, price: str | None = "10", days: int = 5
) -> ContractUnits:
    """Bill units in a period that holds today."""
    today = timezone.localdate()
    return ContractUnits.objects.create(
        kind=service.kind,
        autotask_units_id=ContractUnits.objects.count() + 1,
        contract_service=service,
        units=units,
        unit_price=price,
        start_date=today - timedelta(days=days),
        end_date=today + timedelta(days=20),
        synced_at=timezone.now(),
    )


def make_contact(number: int, company: Company, first: str, last: str, **values: Any) -> Contact:
    return Contact.objects.create(
        autotask_contact_id=number,
        company=company,
        first_name=first,
        last_name=last,
        synced_at=timezone.now(),
        **values,
    )


def make_linked(number: int, site: Site, company: Company, **values: Any) -> DeviceLink:
    """Make a device with its item; values that an item has go there, others to the device."""
    now = timezone.now()
    of_item = {name for name in values if name.startswith("autotask_")} | {"udfs"}
    device = Device.objects.create(
        datto_device_uid=guid(number),
        site=site,
        synced_at=now,
        **{
            "hostname": f"PC-{number:03}",
            "category": "Laptop",
            **{n: v for n, v in values.items() if n not in of_item},
        },
    )
    item = ConfigurationItem.objects.create(
        autotask_configuration_item_id=40_000 + number,
        autotask_company_id=company.autotask_company_id,
        company=company,
        reference_title=device.hostname,
        synced_at=now,
        **{n: v for n, v in values.items() if n in of_item},
    )
    return DeviceLink.objects.create(device=device, configuration_item=item, state="linked", basis="uid")


def make_rule(position: int = 1, **values: Any) -> ContractRule:
    return ContractRule.objects.create(
        position=position, **{"name": f"Rule {position}", "contact_choice": "keep", **values}
    )


def review_of(link: DeviceLink) -> DeviceReview:
    return DeviceReview.objects.get(device=link.device_id)


def item_of(link: DeviceLink) -> ConfigurationItem:
    return ConfigurationItem.objects.get(device_link=link)
