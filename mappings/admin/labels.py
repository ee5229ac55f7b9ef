"""Words that tell rows apart."""

from __future__ import annotations

from mappings.models import Company


def company_label(company: Company) -> str:
    """Return what tells a company from others of the same name."""
    note = "" if company.is_active else " · inactive"
    return f"{company.name} · {company.autotask_company_id}{note}"
