"""Keeping a mapping true while both worlds change. Pure.

A person's decision is never overruled: it is marked when the organization went away, became inactive or was
renamed, and unmarked when that passes. Where nobody has decided yet the latest proposal is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mappings.domain.matching import CompanyIndex, Outcome, Proposal, SiteFacts

#: Words of `SiteMapping.State`.
UNMAPPED = "unmapped"
PROPOSED = "proposed"
CONFIRMED = "confirmed"
IGNORED = "ignored"
CONFLICT = "conflict"
COMPANY_INACTIVE = "company_inactive"
COMPANY_MISSING = "company_missing"
RENAMED = "renamed"

#: States in which alerts of the site may become tickets.
USABLE = frozenset({CONFIRMED, RENAMED})


@dataclass(frozen=True, slots=True)
class MappingFacts:
    """A mapping as it stands.

    Attributes:
        autotask_company_id: the company proposed or decided.
        is_decided: a person (or a person's bulk acceptance, or an import) has decided.
    """

    state: str = UNMAPPED
    source: str = ""
    score: int = 0
    reason: str = ""
    autotask_company_id: int | None = None
    candidates: tuple[tuple[int, int, str, str], ...] = ()
    is_decided: bool = False
    confirmed_site_name: str = ""
    confirmed_company_name: str = ""


@dataclass(frozen=True, slots=True)
class MappingView:
    """How a mapping should read now; `candidates` as (company id, score, name, reason), best first."""

    state: str
    source: str
    score: int
    reason: str
    autotask_company_id: int | None
    candidates: tuple[tuple[int, int, str, str], ...] = ()

    @property
    def is_usable(self) -> bool:
        """True when alerts of the site may become tickets."""
        return self.state in USABLE and self.autotask_company_id is not None


def candidate_rows(proposal: Proposal) -> tuple[tuple[int, int, str, str], ...]:
    """Return a proposal's candidates as plain rows."""
    return tuple(
        (
            one.company.autotask_company_id,
            one.score,
            one.company.name,
            one.reason if one.company.is_active else f"{one.reason}, inactive",
        )
        for one in proposal.candidates
    )


def candidate_json(rows: tuple[tuple[int, int, str, str], ...]) -> list[dict[str, Any]]:
    """Return candidates as they are stored: [{company_id, name, score, reason}]."""
    return [
        {"company_id": company_id, "name": name, "score": score, "reason": reason}
        for company_id, score, name, reason in rows
    ]


def candidate_tuples(stored: list[dict[str, Any]]) -> tuple[tuple[int, int, str, str], ...]:
    """Return stored candidates as plain rows."""
    return tuple((one["company_id"], one["score"], one["name"], one["reason"]) for one in stored)


def decide_mapping(mapping: MappingFacts, site: SiteFacts, companies: CompanyIndex) -> MappingView:
    """Return how the mapping should read, given the site and all companies as they are now."""
    if mapping.is_decided:
        return _decided(mapping, site, companies)
    return view_of(companies.propose(site))


def view_of(proposal: Proposal) -> MappingView:
    """Return an undecided mapping that shows this proposal."""
    rows = candidate_rows(proposal)
    if proposal.outcome is Outcome.SYSTEM_SITE:
        return MappingView(IGNORED, "", 0, proposal.reason, None)
    if proposal.best is not None:
        best = proposal.best
        return MappingView(
            PROPOSED,
            best.basis.value,
            best.score,
            proposal.reason,
            best.company.autotask_company_id,
            rows,
        )
    state = {Outcome.CONFLICT: CONFLICT, Outcome.COMPANY_MISSING: COMPANY_MISSING}.get(
        proposal.outcome, UNMAPPED
    )
    source = "native" if state == COMPANY_MISSING else ""
    return MappingView(state, source, rows[0][1] if rows else 0, proposal.reason, None, rows)


def _decided(mapping: MappingFacts, site: SiteFacts, companies: CompanyIndex) -> MappingView:
    def stays(state: str, reason: str) -> MappingView:
        return MappingView(
            state, mapping.source, mapping.score, reason, mapping.autotask_company_id, mapping.candidates
        )

    if mapping.state == IGNORED:
        return stays(IGNORED, mapping.reason)
    company = companies.find(mapping.autotask_company_id)
    if company is None or company.is_missing:
        return stays(
            COMPANY_MISSING,
            f"Autotask no longer returns {mapping.confirmed_company_name or 'the organization'}. "
            "Choose another organization.",
        )
    if not company.is_active:
        return stays(
            COMPANY_INACTIVE,
            f"{company.name} is inactive in Autotask. Activate it there or choose another organization.",
        )
    changes = []
    if mapping.confirmed_site_name and mapping.confirmed_site_name != site.name:
        changes.append(f"the site was called {mapping.confirmed_site_name!r} when it was confirmed")
    if mapping.confirmed_company_name and mapping.confirmed_company_name != company.name:
        changes.append(
            f"the organization was called {mapping.confirmed_company_name!r} when it was confirmed"
        )
    if changes:
        text = " and ".join(changes)
        return stays(RENAMED, f"{text[:1].upper()}{text[1:]}. Confirm it again if it is still right.")
    native = site.native_autotask_company_id
    if native is not None and native != mapping.autotask_company_id:
        other = companies.find(native)
        name = other.name if other is not None else f"organization {native}"
        return stays(CONFIRMED, f"Confirmed, though Datto RMM links this site to {name}.")
    if mapping.state == CONFIRMED and not mapping.reason.startswith("Confirmed, though"):
        return stays(CONFIRMED, mapping.reason)
    return stays(CONFIRMED, "Confirmed.")
