"""People's decisions about mappings: confirm, choose, ignore, reset, undo.

Every decision is conditional (it applies only to the row as it was read), versioned in `SiteMappingChange`
under one batch id, and announced to others after commit.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from mappings.models import Company, SiteMapping, SiteMappingChange
from mappings.services.mirror import in_chunks
from mappings.services.snapshots import restored_values, same_decision, snapshot
from mappings.services.upkeep import repropose
from mappings.signals import announce_changed_mappings

State = SiteMapping.State
Source = SiteMapping.Source
_REASONS: dict[str, str] = {Source.CSV: "Imported.", Source.CREATED: "Created from here."}


class MappingRefused(ValueError):  # noqa: N818 - not a fault: the text tells a person why and what to do
    """A decision that cannot be; the text names the site, the reason and the cure.

    Attributes:
        field: of the mapping, "company" unless told otherwise.
    """

    def __init__(self, text: str, *, field: str = "company") -> None:
        self.field = field
        super().__init__(text)


@dataclass(slots=True)
class DecisionOutcome:
    """What a decision did.

    Attributes:
        changed: mappings changed.
        skipped: reason in words -> how many were left alone for it.
        batch: what `undo` takes; None when nothing changed.
    """

    changed: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    batch: uuid.UUID | None = None


def confirm_mappings(mapping_ids: Iterable[int], user: User | None) -> DecisionOutcome:
    """Confirm proposals, and confirm renamed mappings again.

    Conflicts, sites without a proposal, and inactive or missing organizations are left alone and counted.
    """

    def confirm(mapping: SiteMapping, now: datetime) -> str:
        if mapping.state == State.CONFIRMED:
            return "confirmed already"
        if mapping.state == State.CONFLICT:
            return "several organizations fit: choose one"
        if mapping.state not in {State.PROPOSED, State.RENAMED} or mapping.company is None:
            return "nothing proposed: choose an organization"
        refusal = _why_not(mapping.company)
        if not refusal:
            _set_decision(mapping, mapping.company, user, now)
            if not mapping.reason or mapping.state == State.RENAMED:
                mapping.reason = "Confirmed."
            mapping.state = State.CONFIRMED
        return refusal

    return decide_rows(mapping_ids, user, "Confirmed", confirm)


def accept_native(user: User | None = None) -> DecisionOutcome:
    """Confirm every proposal that rests on the link made in Datto RMM."""
    return confirm_mappings(_proposed_ids(Source.NATIVE), user)


def accept_exact(user: User | None = None) -> DecisionOutcome:
    """Confirm every proposal that rests on the very same name of a single organization."""
    return confirm_mappings(_proposed_ids(Source.EXACT), user)


def choose_company(
    mapping: SiteMapping,
    company: Company,
    user: User | None,
    *,
    source: str = Source.MANUAL,
    batch: uuid.UUID | None = None,
) -> DecisionOutcome:
    """Map a site to the organization a person chose.

    Args:
        mapping: with its site.
        company: the organization.
        user: who decides.
        source: `manual`, `csv` for an import, `created` for what was made from here.
        batch: of several decisions that are undone together.

    Raises:
        MappingRefused: system site, or the organization is inactive or missing.
    """
    if mapping.site.is_system:
        raise MappingRefused(
            f"{mapping.site.name}: Datto RMM made this site itself; it cannot belong to an organization."
        )
    refusal = _why_not(company)
    if refusal:
        raise MappingRefused(f"{mapping.site.name}: {company.name} cannot be chosen: {refusal}.")

    def choose(row: SiteMapping, now: datetime) -> str:
        if row.state == State.CONFIRMED and row.company_id == company.pk:
            return "confirmed already"
        if row.company_id != company.pk:
            _forget_details_of_company(row)
        _set_decision(row, company, user, now)
        row.state, row.source, row.score = State.CONFIRMED, Source(source), 100
        row.reason = _REASONS.get(source, "Chosen by a person.")
        return ""

    return decide_rows([mapping.pk], user, f"Mapped to {company.name}"[:200], choose, batch=batch)


def ignore(
    mapping_ids: Iterable[int], user: User | None, *, batch: uuid.UUID | None = None
) -> DecisionOutcome:
    """Ignore sites: their alerts are listed but make no tickets."""

    def set_ignored(mapping: SiteMapping, now: datetime) -> str:
        if mapping.state == State.IGNORED:
            return "ignored already"
        mapping.company = None
        _forget_details_of_company(mapping)
        mapping.state, mapping.source, mapping.score = State.IGNORED, Source.MANUAL, 0
        mapping.reason = "Ignored by a person."
        mapping.confirmed_site_name = mapping.confirmed_company_name = ""
        mapping.decided_by, mapping.decided_at = user, now
        return ""

    return decide_rows(mapping_ids, user, "Ignored", set_ignored, batch=batch)


def reset(
    mapping_ids: Iterable[int], user: User | None, *, batch: uuid.UUID | None = None
) -> DecisionOutcome:
    """Forget decisions and show the current proposals again."""

    def forget(mapping: SiteMapping, _now: datetime) -> str:
        if mapping.decided_at is None:
            return "not decided yet"
        _forget_details_of_company(mapping)
        mapping.decided_by = mapping.decided_at = None
        mapping.confirmed_site_name = mapping.confirmed_company_name = ""
        return ""

    return decide_rows(mapping_ids, user, "Decision taken back", forget, then=repropose, batch=batch)


def undo(batch: uuid.UUID, user: User | None) -> DecisionOutcome:
    """Take back every change of a batch whose mapping still reads as that batch left it."""
    outcome = DecisionOutcome()
    with transaction.atomic():
        now = timezone.now()
        changes = list(
            SiteMappingChange.objects.filter(batch=batch, undone_at=None).select_related("mapping__site")
        )
        rows = _locked([change.mapping_id for change in changes])
        deciders = {change.before["decided_by_id"] for change in changes} - {None}
        known_users = set(User.objects.filter(pk__in=deciders).values_list("pk", flat=True))
        touched: list[str] = []
        for change in changes:
            mapping = rows[change.mapping_id]
            before = snapshot(mapping)
            if not same_decision(before, change.after):
                outcome.skipped["changed again since"] += 1
                continue
            for name, value in restored_values(change.before).items():
                setattr(mapping, name, value)
            if mapping.decided_by_id not in known_users:
                mapping.decided_by = None
            mapping.save()
            outcome.batch = outcome.batch or uuid.uuid4()
            SiteMappingChange.objects.create(
                mapping=mapping,
                batch=outcome.batch,
                before=before,
                after=snapshot(mapping),
                reason=f"Undone: {change.reason}"[:200],
                user=user,
                undone_at=now,  # an undo is history only; the next undo goes further back
            )
            SiteMappingChange.objects.filter(pk=change.pk).update(undone_at=now)
            touched.append(mapping.site.datto_site_uid)
        outcome.changed = len(touched)
        announce_changed_mappings(touched)
    return outcome


def find_last_batch(user: User | None) -> SiteMappingChange | None:
    """Return a change of this person's latest batch that can be undone."""
    return (
        SiteMappingChange.objects.filter(user=user, undone_at=None).order_by("-id").first() if user else None
    )


def _proposed_ids(source: Source) -> list[int]:
    return list(
        SiteMapping.objects.filter(
            state=State.PROPOSED, source=source, company__is_active=True, company__is_missing=False
        ).values_list("pk", flat=True)
    )


def _why_not(company: Company) -> str:
    if company.is_missing:
        return "Autotask no longer returns this organization"
    return "" if company.is_active else "this organization is inactive in Autotask"


def _set_decision(mapping: SiteMapping, company: Company, user: User | None, now: datetime) -> None:
    mapping.company = company
    mapping.decided_by, mapping.decided_at = user, now
    mapping.confirmed_site_name, mapping.confirmed_company_name = mapping.site.name, company.name


def _locked(pks: Iterable[int]) -> dict[int, SiteMapping]:
    rows = (
        SiteMapping.objects.select_for_update(of=("self",))
        .filter(pk__in=list(pks))
        .select_related("site", "company")
        .order_by("pk")
    )
    return {row.pk: row for row in rows}


def _forget_details_of_company(mapping: SiteMapping) -> None:
    mapping.company_location = mapping.default_contact = mapping.default_contract = None


def decide_rows(
    mapping_ids: Iterable[int],
    user: User | None,
    reason: str,
    change: Callable[[SiteMapping, datetime], str],
    *,
    then: Callable[[list[SiteMapping]], None] | None = None,
    batch: uuid.UUID | None = None,
) -> DecisionOutcome:
    """Apply `change` to each mapping, which returns why it leaves one alone, and record what differs."""
    outcome = DecisionOutcome()
    batch = batch or uuid.uuid4()
    with transaction.atomic():
        now = timezone.now()
        for chunk in in_chunks(sorted(set(mapping_ids))):
            before: dict[int, dict[str, Any]] = {}
            kept: list[SiteMapping] = []
            for mapping in _locked(chunk).values():
                state = snapshot(mapping)
                refusal = change(mapping, now)
                if refusal:
                    outcome.skipped[refusal] += 1
                    continue
                before[mapping.pk] = state
                kept.append(mapping)
            if then is not None and kept:
                then(kept)
            outcome.changed += _store(kept, before, batch=batch, user=user, reason=reason, now=now)
    if outcome.changed:
        outcome.batch = batch
    return outcome


def _store(
    mappings: list[SiteMapping],
    before: dict[int, dict[str, Any]],
    *,
    batch: uuid.UUID,
    user: User | None,
    reason: str,
    now: datetime,
) -> int:
    changed = [one for one in mappings if snapshot(one) != before[one.pk]]
    for one in changed:
        one.updated_at = now
    SiteMapping.objects.bulk_update(
        changed,
        [
            "company",
            "company_location",
            "state",
            "source",
            "score",
            "reason",
            "candidates",
            "default_contact",
            "default_contract",
            "queue",
            "priority_offset",
            "tickets_enabled",
            "devices_enabled",
            "note",
            "confirmed_site_name",
            "confirmed_company_name",
            "decided_by",
            "decided_at",
            "updated_at",
        ],
        batch_size=100,
    )
    SiteMappingChange.objects.bulk_create(
        SiteMappingChange(
            mapping=one, batch=batch, before=before[one.pk], after=snapshot(one), reason=reason, user=user
        )
        for one in changed
    )
    announce_changed_mappings(one.site.datto_site_uid for one in changed)
    return len(changed)
