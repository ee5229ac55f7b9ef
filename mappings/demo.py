"""What the demo sets up of mappings, so that a new user sees proposals instead of empty lists."""

from __future__ import annotations

from mappings.models import CatalogueService, ContractRule

#: Name of a rule, Datto RMM's category, and the sandbox's service for it.
_RULES = (
    ("Servers", "Server", "Managed Server"),
    ("Desktops", "Desktop", "Managed Workstation"),
    ("Laptops", "Laptop", "Managed Workstation"),
    ("Virtual hosts", "ESXi Host", "Managed Server"),
)


def make_contract_rules() -> str:
    """Make the demo's contract rules where its services exist; returns one line about it."""
    made = 0
    for position, (name, category, service_name) in enumerate(_RULES, 1):
        service = CatalogueService.objects.filter(name=service_name, is_active=True).first()
        if service is None:
            continue
        _, is_new = ContractRule.objects.get_or_create(
            name=name,
            datto_category=category,
            defaults={"position": position, "service": service},
        )
        made += is_new
    return f"Contract rules: {made} were made; they propose, a person accepts."
