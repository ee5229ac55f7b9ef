"""Which Autotask company a Datto RMM site most likely belongs to, and why. Pure.

From sure to unsure: the link made in Datto RMM itself, the same name, the same name without its legal form, a
part of the site's name, a similar name, and last a shared external address or e-mail domain. A proposal always
carries its reason in words. Where two companies fit equally or nearly so there is no proposal but a conflict
with both as candidates: nobody's alerts may land on the wrong organization because a computer tossed a coin.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from rapidfuzz import fuzz, process

from mappings.domain.evidence import Hint
from mappings.domain.names import ComparableName, normalise, split_name

#: Similar names below this are no proposal, 0 to 100.
SIMILAR_FROM = 82
#: Candidates whose scores are this close are "nearly equal".
NEARLY_EQUAL = 3
_MAX_CANDIDATES = 5
_SAME_NAME, _SAME_CORE = 100, 96
_PART, _PART_CORE = 92, 90
#: A similar name never outranks an equal one, nor a similar part an equal part.
_SIMILAR_AT_MOST, _SIMILAR_PART_AT_MOST = 95, 89
_GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
#: Without blanks, in lower case.
_SYSTEM_NAMES = frozenset({"deleteddevices", "managed", "ondemand"})


class Basis(StrEnum):
    """What a candidate rests on."""

    NATIVE = "native"
    EXACT = "exact"
    SIMILAR = "similar"
    ADDRESS = "address"
    EMAIL = "email"


class Outcome(StrEnum):
    """What matching found."""

    NOTHING = "nothing"
    PROPOSED = "proposed"
    CONFLICT = "conflict"
    COMPANY_MISSING = "company_missing"
    SYSTEM_SITE = "system_site"


@dataclass(frozen=True, slots=True)
class CompanyFacts:
    """What matching knows of a company."""

    autotask_company_id: int
    name: str
    is_active: bool = True
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """What matching knows of a site.

    Attributes:
        native_autotask_company_id: the link made in Datto RMM's own screens.
        hints: what its devices' addresses and domains point to, best first.
    """

    datto_site_uid: str
    name: str
    is_system: bool = False
    native_autotask_company_id: int | None = None
    hints: tuple[Hint, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A company that fits, 0 to 100, with the reason in words."""

    company: CompanyFacts
    score: int
    basis: Basis
    reason: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """What to propose for a site.

    Attributes:
        best: the company to propose; None unless the outcome is `proposed`.
        candidates: everything that fits, best first, at most five.
        reason: one sentence in words.
    """

    outcome: Outcome
    reason: str
    best: Candidate | None = None
    candidates: tuple[Candidate, ...] = ()

    @property
    def is_safe(self) -> bool:
        """True when many such proposals may be accepted at once: sure basis, active company."""
        return (
            self.best is not None
            and self.best.basis in {Basis.NATIVE, Basis.EXACT}
            and self.best.company.is_active
        )


def is_system_site(datto_site_uid: str, name: str) -> bool:
    """Return whether Datto RMM made this site itself: it has a system site's name, or neither name nor GUID.

    The uid alone proves nothing: a named site that was ignored by mistake would lose its tickets unseen, while a
    system site under an unknown name only waits for a person.
    """
    plain = "".join(name.split()).casefold()
    return plain in _SYSTEM_NAMES or (not plain and _GUID.fullmatch(datto_site_uid.strip()) is None)


class CompanyIndex:
    """All companies, prepared once so that thousands of sites are matched in seconds."""

    def __init__(self, companies: Iterable[CompanyFacts]) -> None:
        self._by_id: dict[int, CompanyFacts] = {}
        self._by_plain: dict[str, list[CompanyFacts]] = defaultdict(list)
        self._by_core: dict[str, list[CompanyFacts]] = defaultdict(list)
        for company in companies:
            self._by_id[company.autotask_company_id] = company
            if company.is_missing:
                continue
            name = normalise(company.name)
            if not name.plain:
                continue
            self._by_plain[name.plain].append(company)
            self._by_core[name.core].append(company)
        self._cores = list(self._by_core)

    def find(self, autotask_company_id: int | None) -> CompanyFacts | None:
        """Return the company with this id, missing ones included."""
        return None if autotask_company_id is None else self._by_id.get(autotask_company_id)

    def propose(self, site: SiteFacts) -> Proposal:
        """Return the proposal for one site."""
        if site.is_system or is_system_site(site.datto_site_uid, site.name):
            return Proposal(
                Outcome.SYSTEM_SITE, "Datto RMM made this site itself; it belongs to no organization."
            )
        if site.native_autotask_company_id is not None:
            return self._native(site, site.native_autotask_company_id)
        return self._by_name(site)

    def _native(self, site: SiteFacts, autotask_company_id: int) -> Proposal:
        company = self.find(autotask_company_id)
        if company is None or company.is_missing:
            others = self._by_name(site).candidates
            return Proposal(
                Outcome.COMPANY_MISSING,
                f"Datto RMM links this site to organization {autotask_company_id}, which Autotask does not return.",
                candidates=others,
            )
        reason = "linked in Datto RMM"
        if normalise(company.name).core != normalise(site.name).core:
            reason = f"linked in Datto RMM, where the site is called {site.name!r}"
        best = Candidate(company, 100, Basis.NATIVE, reason)
        return Proposal(Outcome.PROPOSED, _with_warning(best), best=best, candidates=(best,))

    def _by_name(self, site: SiteFacts) -> Proposal:
        candidates = self._candidates(normalise(site.name), site.name)
        hinted = self._hinted(site.hints)
        candidates = _supported(candidates, hinted) if candidates else hinted
        if not candidates:
            return Proposal(Outcome.NOTHING, "No organization has this or a similar name.")
        best = candidates[0]
        rivals = [
            other for other in candidates[1:] if other.score == best.score or _nearly_equal(best, other)
        ]
        if rivals:
            names = ", ".join(
                f"{one.company.name} ({one.company.autotask_company_id}: {one.reason})"
                for one in (best, *rivals)
            )
            return Proposal(Outcome.CONFLICT, f"Several organizations fit: {names}.", candidates=candidates)
        return Proposal(Outcome.PROPOSED, _with_warning(best), best=best, candidates=candidates)

    def _hinted(self, hints: tuple[Hint, ...]) -> tuple[Candidate, ...]:
        """Return usable companies that the devices' traces point to, best first; never above a similar name."""
        found = []
        for hint in hints:
            company = self.find(hint.autotask_company_id)
            if company is not None and company.is_active and not company.is_missing:
                score = min(hint.score, SIMILAR_FROM - 1)
                found.append(Candidate(company, score, Basis(hint.kind.value), hint.reason))
        return tuple(sorted(found, key=lambda one: -one.score)[:_MAX_CANDIDATES])

    def _candidates(self, name: ComparableName, text: str) -> tuple[Candidate, ...]:
        found: dict[int, Candidate] = {}

        def add(company: CompanyFacts, score: int, basis: Basis, reason: str) -> None:
            known = found.get(company.autotask_company_id)
            if known is None or known.score < score:
                found[company.autotask_company_id] = Candidate(company, score, basis, reason)

        if name.plain:
            for company in self._by_plain.get(name.plain, ()):
                add(company, _SAME_NAME, Basis.EXACT, "same name")
            for company in self._by_core.get(name.core, ()):
                add(company, _SAME_CORE, Basis.SIMILAR, _core_reason(name, normalise(company.name)))
        parts = split_name(text)
        for part in parts:
            for company in self._by_core.get(part.name.core, ()):
                is_same = normalise(company.name).plain == part.name.plain
                add(company, _PART if is_same else _PART_CORE, Basis.SIMILAR, f"{part.place} of {text!r}")
        if not found:
            for company, score in self._similar(name.core, _SIMILAR_AT_MOST):
                add(company, score, Basis.SIMILAR, f"{score} % alike")
            for part in parts:
                for company, score in self._similar(part.name.core, _SIMILAR_PART_AT_MOST):
                    add(company, score, Basis.SIMILAR, f"{part.place} of {text!r}, {score} % alike")
        ordered = sorted(
            found.values(),
            key=lambda one: (
                -one.score,
                not one.company.is_active,
                one.company.name,
                one.company.autotask_company_id,
            ),
        )
        return tuple(ordered[:_MAX_CANDIDATES])

    def _similar(self, core: str, at_most: int) -> list[tuple[CompanyFacts, int]]:
        if not core:
            return []
        hits = process.extract(
            core, self._cores, scorer=fuzz.token_sort_ratio, score_cutoff=SIMILAR_FROM, limit=_MAX_CANDIDATES
        )
        return [
            (company, min(int(score), at_most))
            for known, score, _ in hits
            for company in self._by_core[known]
        ]


def _nearly_equal(best: Candidate, other: Candidate) -> bool:
    """An exact name stands alone; everything less sure must lead clearly."""
    if best.basis in {Basis.NATIVE, Basis.EXACT}:
        return False
    return best.score - other.score <= NEARLY_EQUAL


def _supported(candidates: tuple[Candidate, ...], hinted: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """Say which of several names the traces speak for; scores stay, so that names go on leading."""
    if len(candidates) == 1:
        return candidates
    traces = {one.company.autotask_company_id: one.reason for one in hinted}
    return tuple(
        replace(one, reason=f"{one.reason}, and {traces[one.company.autotask_company_id]}")
        if one.company.autotask_company_id in traces
        else one
        for one in candidates
    )


def _core_reason(site: ComparableName, company: ComparableName) -> str:
    dropped = [f"'{one.dropped}'" for one in (company, site) if one.dropped]
    return (
        f"same name without {' and '.join(dict.fromkeys(dropped))}"
        if dropped
        else "same name but for an article"
    )


def _with_warning(candidate: Candidate) -> str:
    reason = candidate.reason[:1].upper() + candidate.reason[1:]
    if candidate.company.is_active:
        return f"{reason}."
    return f"{reason}. Warning: this organization is inactive in Autotask."
