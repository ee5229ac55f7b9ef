"""What the ids in planned changes are called."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

from django.db.models import Model

from mappings.models import (
    Company,
    CompanyLocation,
    ConfigurationItem,
    ConfigurationItemCategory,
    ConfigurationItemType,
    Contact,
    Contract,
    ContractService,
    Product,
    ServiceKind,
)

_SOURCES: Final[dict[str, tuple[type[Model], str, dict[str, Any]]]] = {
    "autotask_company_id": (Company, "autotask_company_id", {}),
    "autotask_product_id": (Product, "autotask_product_id", {}),
    "autotask_type_id": (ConfigurationItemType, "autotask_type_id", {}),
    "autotask_category_id": (ConfigurationItemCategory, "autotask_category_id", {}),
    "autotask_location_id": (CompanyLocation, "autotask_location_id", {}),
    "autotask_contact_id": (Contact, "autotask_contact_id", {}),
    "autotask_contract_id": (Contract, "autotask_contract_id", {}),
    "autotask_contract_service_id": (
        ContractService,
        "autotask_contract_service_id",
        {"kind": ServiceKind.SERVICE},
    ),
    "autotask_contract_service_bundle_id": (
        ContractService,
        "autotask_contract_service_id",
        {"kind": ServiceKind.BUNDLE},
    ),
    "configuration_item": (ConfigurationItem, "autotask_configuration_item_id", {}),
}


def read_labels(pairs: set[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """Return {(field, id): name} of those that are mirrored; one query per field that occurs."""
    ids: dict[str, set[int]] = defaultdict(set)
    for name, value in pairs:
        if name in _SOURCES:
            ids[name].add(value)
    found = {}
    for name, values in ids.items():
        model, key, fixed = _SOURCES[name]
        rows = model._default_manager.filter(**{f"{key}__in": values}, **fixed)  # noqa: SLF001 - Django's documented door to any model's rows
        for row in rows:
            found[name, getattr(row, key)] = f"{row} ({getattr(row, key)})"
    return found
