"""Keeping every mapping true: a row for each site, the best proposal, and marks where the world changed."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from integration.sync.recorder import RunRecorder
from mappings.domain.matching import CompanyFacts, CompanyIndex, SiteFacts
from mappings.domain.upkeep import (
    MappingFacts,
    MappingView,
    candidate_json,
    candidate_tuples,
    decide_mapping,
)
from mappings.models import Company, Site, SiteMapping, SiteMappingChange
from mappings.services.evidence import Evidence
from mappings.services.mirror import in_chunks
from mappings.services.snapshots import snapshot
from mappings.signals import announce_changed_mappings

_VIEW_FIELDS = ["company", "state", "source", "score", "reason", "candidates", "updated_at"]
_REASON_LENGTH = 500


class Companies:
    """All companies as matching wants them, and their row ids."""

    def __init__(self) -> None:
        facts: list[CompanyFacts] = []
        self.pk_by_id: dict[int, int] = {}
        self.id_by_pk: dict[int, int] = {}
        self.name_by_id: dict[int, str] = {}
        rows = Company.objects.order_by("autotask_company_id").values_list(
            "pk", "autotask_company_id", "name", "is_active", "is_missing"
        )
        for pk, company_id, name, is_active, is_missing in rows.iterator():
            facts.append(CompanyFacts(company_id, name, is_active, is_missing))
            self.pk_by_id[company_id] = pk
            self.id_by_pk[pk] = company_id
            self.name_by_id[company_id] = name
        self.index = CompanyIndex(facts)


def site_facts(site: Site, evidence: Evidence) -> SiteFacts:
    """Return what matching knows of a site."""
    return SiteFacts(
        site.datto_site_uid,
        site.name,
        site.is_system,
        site.native_autotask_company_id,
        evidence.hints(site.pk),
    )


def mapping_facts(mapping: SiteMapping, companies: Companies) -> MappingFacts:
    """Return a stored mapping as the domain sees it."""
    return MappingFacts(
        state=mapping.state,
        source=mapping.source,
        score=mapping.score,
        reason=mapping.reason,
        autotask_company_id=companies.id_by_pk.get(mapping.company_id) if mapping.company_id else None,
        candidates=candidate_tuples(mapping.candidates),
        is_decided=mapping.decided_at is not None,
        confirmed_site_name=mapping.confirmed_site_name,
        confirmed_company_name=mapping.confirmed_company_name,
    )


def apply_view(mapping: SiteMapping, view: MappingView, companies: Companies) -> bool:
    """Set a mapping's fields to a view; returns whether anything differs. Does not save."""
    wanted: dict[str, Any] = {
        "state": view.state,
        "source": view.source,
        "score": view.score,
        "reason": view.reason[:_REASON_LENGTH],
        "company_id": (
            companies.pk_by_id.get(view.autotask_company_id) if view.autotask_company_id is not None else None
        ),
        "candidates": candidate_json(view.candidates),
    }
    different = {name: value for name, value in wanted.items() if getattr(mapping, name) != value}
    for name, value in different.items():
        setattr(mapping, name, value)
    return bool(different)


def keep_mappings_true(recorder: RunRecorder) -> None:
    """Bring every mapping in step with sites and companies as they are stored now.

    Decided mappings keep their company; where their state changes, the history of the mapping says so, and
    `site_mappings_changed` is sent when tickets may start or must stop to flow.
    """
    companies, evidence = Companies(), Evidence()
    total = Site.objects.count()
    recorder.begin_step("Mapping sites to organizations", total)
    done = 0
    batch = uuid.uuid4()
    # A list: on SQLite nothing can be written while a query of this connection is read and another process has written.
    for pks in in_chunks(list(Site.objects.order_by("pk").values_list("pk", flat=True))):
        _keep_chunk(recorder, companies, evidence, pks, batch)
        done += len(pks)
        recorder.advance(done, total)


def _keep_chunk(
    recorder: RunRecorder, companies: Companies, evidence: Evidence, site_pks: list[int], batch: uuid.UUID
) -> None:
    now = timezone.now()
    new: list[SiteMapping] = []
    changed: list[SiteMapping] = []
    history: list[SiteMappingChange] = []
    announced: list[str] = []
    with transaction.atomic():
        sites = list(Site.objects.filter(pk__in=site_pks))
        # Locked: a person's decision made meanwhile must not be overwritten by a view computed before it.
        mappings = {
            one.site_id: one for one in SiteMapping.objects.select_for_update().filter(site_id__in=site_pks)
        }
        for site in sites:
            mapping = mappings.get(site.pk)
            is_new = mapping is None
            if mapping is None:
                mapping = SiteMapping(site=site)
            before = snapshot(mapping)
            was_usable = mapping.lets_tickets_through
            facts = mapping_facts(mapping, companies)
            is_different = apply_view(
                mapping, decide_mapping(facts, site_facts(site, evidence), companies.index), companies
            )
            if is_new:
                new.append(mapping)
            elif is_different:
                mapping.updated_at = now
                changed.append(mapping)
            else:
                continue
            _record(recorder, companies, site, before, mapping, is_new=is_new)
            if mapping.lets_tickets_through != was_usable:
                announced.append(site.datto_site_uid)
            if mapping.decided_at is not None and before["state"] != mapping.state:
                history.append(
                    SiteMappingChange(
                        mapping=mapping,
                        batch=batch,
                        before=before,
                        after=snapshot(mapping),
                        reason=mapping.reason[:200],
                    )
                )
        if recorder.dry_run:
            return
        SiteMapping.objects.bulk_create(new)
        SiteMapping.objects.bulk_update(changed, _VIEW_FIELDS, batch_size=200)
        SiteMappingChange.objects.bulk_create(history)
        announce_changed_mappings(announced)


def _record(
    recorder: RunRecorder,
    companies: Companies,
    site: Site,
    before: dict[str, Any],
    mapping: SiteMapping,
    *,
    is_new: bool,
) -> None:
    """Write a changed state or organization into the run's history; a new wording alone is not worth it."""
    old = _words(before["state"], before["company_id"], companies)
    new = _words(mapping.state, mapping.company_id, companies) | {"reason": mapping.reason}
    if is_new:
        recorder.created("site mapping", site.datto_site_uid, site.name, new)
    elif old.items() <= new.items():
        recorder.unchanged()
    else:
        recorder.updated("site mapping", site.datto_site_uid, site.name, old, new)


def _words(state: str, company_pk: int | None, companies: Companies) -> dict[str, Any]:
    company_id = companies.id_by_pk.get(company_pk) if company_pk is not None else None
    name = companies.name_by_id.get(company_id, "") if company_id is not None else ""
    return {"state": str(SiteMapping.State(state).label), "organization": name}


def repropose(mappings: Iterable[SiteMapping]) -> None:
    """Forget the decision of these mappings in memory and set the current proposal. Does not save."""
    chosen = list(mappings)
    companies, evidence = Companies(), Evidence([one.site_id for one in chosen])
    for mapping in chosen:
        view = decide_mapping(MappingFacts(), site_facts(mapping.site, evidence), companies.index)
        apply_view(mapping, view, companies)
