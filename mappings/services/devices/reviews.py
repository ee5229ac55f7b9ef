"""Keeping the review queue true: who comes in, who goes back in, who leaves, and what is proposed to each.

Called by every device run. One walk over the linked devices in chunks: a constant number of queries for each, and
memory that does not grow with the number of devices.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from integration.models import SyncRun
from integration.sync.operations import Draft
from integration.sync.recorder import RunRecorder
from mappings.domain.devices.contracts import ASSIGN, NO_CONTRACT, Proposal, RuleFacts, is_running
from mappings.models import DeviceFinding, DeviceLink, DevicePolicy, DeviceReview
from mappings.services.devices.review_decisions import REVIEWED
from mappings.services.devices.review_facts import (
    Chunk,
    ReviewFacts,
    ReviewUdf,
    get_policy,
    iter_link_chunks,
    living_links,
    load_chunk,
    load_rules,
)
from mappings.services.devices.review_scope import changes_of, links_of
from mappings.services.devices.review_writes import (
    KIND,
    draft_item,
    queue_item_changes,
)

State = DeviceReview.State
Cause = DeviceReview.Cause
IN_QUEUE = (State.OPEN, State.SNOOZED)
FIRST_SEEN = "Had a contract when first seen."
ELSEWHERE = "Was put on its contract in Autotask."
_QUEUED_AT_ONCE = 2000
#: Forgetting it costs one walk more.
_KEPT_KEY = "device-reviews-kept-on"
_FIELDS = (
    "cause",
    "state",
    "snoozed_until",
    "rule_id",
    "proposed_outcome",
    "proposed_contract_id",
    "proposed_service_id",
    "proposed_contact_id",
    "proposal_reason",
    "contract_id",
    "service_id",
    "contact_id",
    "reason",
    "opened_at",
    "decided_by_id",
    "decided_at",
)
_FINDING_CAUSES = {DeviceFinding.Kind.MOVED: Cause.MOVED, DeviceFinding.Kind.RETURNED: Cause.RETURNED}


@dataclass(slots=True)
class ReviewCounts:
    """What happened to the queue.

    Attributes:
        opened: cause -> devices that came into the queue or back into it.
        settled: devices that needed nobody: they had a contract, or a rule applied without asking.
        left: devices that left it because they are gone.
        proposals: proposals that changed.
        open: devices that wait after it.
    """

    opened: Counter[str] = field(default_factory=Counter)
    settled: int = 0
    left: int = 0
    proposals: int = 0
    open: int = 0


@dataclass(slots=True)
class _Walk:
    """What one walk over the devices carries along."""

    rules: list[RuleFacts]
    udf: ReviewUdf
    today: date
    now: datetime
    is_preview: bool
    mirrors_state: bool
    policy: DevicePolicy
    emit: Callable[[Draft], None]
    changes: dict[int, tuple[datetime, Cause]]
    counts: ReviewCounts = field(default_factory=ReviewCounts)


def keep_reviews(recorder: RunRecorder | None) -> ReviewCounts:
    """Bring the whole queue up to date.

    Every linked device has a review; decided ones open again when the device moved, came back or changed its type, or
    when its contract ended; snoozed ones come back on their day; devices that are gone leave. Rules that apply without
    asking are applied. A preview plans the writes and stores nothing.

    Args:
        recorder: of the device run: while it plans, writes become part of its plan, later they are queued.

    Raises:
        RunCancelled, RunLost: between two chunks.
    """
    counts = _keep(recorder, None)
    cache.set(_KEPT_KEY, timezone.now().date(), timeout=None)
    return counts


def reviews_are_due(run: SyncRun) -> bool:
    """Return whether the queue can differ after this device run: it changed something, or a day has begun since."""
    if run.creates or run.updates or run.deactivations:
        return True
    if DeviceLink.objects.filter(configuration_item__isnull=False, device__review=None).exists():
        return True
    return bool(cache.get(_KEPT_KEY) != timezone.now().date())


def propose(recorder: RunRecorder | None = None) -> ReviewCounts:
    """Run the contract rules again over all devices that wait for a decision."""
    return _keep(recorder, IN_QUEUE)


def reopen_reviews(device_ids: Iterable[int], cause: DeviceReview.Cause) -> int:
    """Send the decided reviews of these devices back into the queue; returns how many."""
    return DeviceReview.objects.filter(device__in=list(device_ids), state__in=REVIEWED).update(
        state=State.OPEN, cause=cause, opened_at=timezone.now(), snoozed_until=None
    )


def _keep(recorder: RunRecorder | None, states: Sequence[State] | None) -> ReviewCounts:
    policy = get_policy()
    is_planning = (
        recorder is not None and recorder.run.kind == KIND and recorder.run.phase == SyncRun.Phase.PLAN
    )
    held: list[Draft] = []
    walk = _Walk(
        rules=load_rules(),
        udf=ReviewUdf(policy),
        today=timezone.localdate(),
        now=timezone.now(),
        is_preview=recorder is not None and recorder.dry_run,
        mirrors_state=is_planning and policy.is_writing,
        policy=policy,
        emit=recorder.plan if recorder is not None and is_planning else held.append,
        changes=changes_of(recorder),
    )
    if not walk.is_preview:
        _release(walk)
    links = links_of(recorder)
    if states is not None:
        links = links.filter(device__review__state__in=states)
    total, done = links.count(), 0
    if recorder is not None:
        recorder.begin_step("Reviewing contracts of devices", total)
    for pks in iter_link_chunks(links):
        with transaction.atomic():
            _keep_chunk(walk, _load_chunk(pks, walk))
            if policy.is_writing and len(held) >= _QUEUED_AT_ONCE:
                queue_item_changes(held, None, title="Contract rules")
                held.clear()
        done += len(pks)
        if recorder is not None:
            recorder.advance(done, total)
    if policy.is_writing:
        queue_item_changes(held, None, title="Contract rules")
    _report(recorder, walk.counts)
    return walk.counts


def _load_chunk(pks: list[int], walk: _Walk) -> tuple[Chunk, dict[int, DeviceReview], dict[int, Any]]:
    """Return a chunk with its reviews, locked, and the findings about its devices that open reviews again."""
    reviews = {
        one.device_id: one
        for one in DeviceReview.objects.select_for_update().filter(device__link__in=pks).order_by("pk")
    }
    decided = {one.contract_id for one in reviews.values() if one.contract_id is not None}
    chunk = load_chunk(pks, walk.policy, walk.today, decided=decided)
    findings: dict[int, tuple[datetime, Cause]] = {}
    rows = DeviceFinding.objects.filter(
        kind__in=list(_FINDING_CAUSES), device__in=[one.link.device_id for one in chunk.rows]
    ).order_by("found_at")
    for device_id, kind, state, found_at, closed_at in rows.values_list(
        "device_id", "kind", "state", "found_at", "closed_at"
    ):
        # A move that waits for approval has not happened yet; one a person has left as it is never will.
        if state == DeviceFinding.State.DISMISSED:
            continue
        if kind == DeviceFinding.Kind.MOVED and state == DeviceFinding.State.OPEN:
            continue
        findings[device_id] = (closed_at or found_at, _FINDING_CAUSES[DeviceFinding.Kind(kind)])
    return chunk, reviews, findings


def _keep_chunk(walk: _Walk, loaded: tuple[Chunk, dict[int, DeviceReview], dict[int, Any]]) -> None:
    chunk, reviews, findings = loaded
    new: list[DeviceReview] = []
    changed: list[DeviceReview] = []
    for one in chunk.rows:
        review = reviews.get(one.link.device_id)
        is_new = review is None
        if review is None:
            review = _first_review(walk, chunk, one, findings)
        before = {name: getattr(review, name) for name in _FIELDS}
        if review.state in REVIEWED:
            cause = _why_open_again(walk, chunk, one, review, findings)
            if cause is not None:
                review.state, review.cause, review.opened_at = State.OPEN, cause, walk.now
                walk.counts.opened[cause] += 1
        elif not is_new and _was_put_on_contract(chunk, one, review, walk.today):
            _settle_as_it_is(walk, chunk, one, review, ELSEWHERE)
        wanted: dict[str, Any] = {}
        if review.state in IN_QUEUE:
            wanted = _propose(walk, chunk, one, review, before)
        walk.counts.open += review.state == State.OPEN
        _write(walk, one, review, wanted)
        if is_new:
            new.append(review)
        elif any(getattr(review, name) != value for name, value in before.items()):
            changed.append(review)
    if not walk.is_preview:
        DeviceReview.objects.bulk_create(new, batch_size=200)
        DeviceReview.objects.bulk_update(
            changed, [name.removesuffix("_id") for name in _FIELDS], batch_size=100
        )


def _first_review(walk: _Walk, chunk: Chunk, one: ReviewFacts, findings: dict[int, Any]) -> DeviceReview:
    returned = findings.get(one.link.device_id, (None, Cause.NEW))[1]
    review = DeviceReview(
        device_id=one.link.device_id,
        cause=Cause.RETURNED if returned == Cause.RETURNED else Cause.NEW,
        opened_at=walk.now,
    )
    if _is_on_contract(chunk, one, walk.today):
        _settle_as_it_is(walk, chunk, one, review, FIRST_SEEN)
    else:
        walk.counts.opened[review.cause] += 1
    return review


def _is_on_contract(chunk: Chunk, one: ReviewFacts, today: date) -> bool:
    """Whether an item has a running contract of its own organization and, where that sells services, one of them."""
    contract = chunk.contract_of(one.item)
    if contract is None or contract.company_id != one.item.autotask_company_id:
        return False
    has_service = (
        one.item.autotask_contract_service_id is not None
        or one.item.autotask_contract_service_bundle_id is not None
    )
    return is_running(contract, today) and (has_service or not contract.services)


def _was_put_on_contract(chunk: Chunk, one: ReviewFacts, review: DeviceReview, today: date) -> bool:
    """Whether somebody put a waiting device on a contract in Autotask itself.

    What it had before it came into the queue again is no answer to the question why it came.
    """
    if not _is_on_contract(chunk, one, today):
        return False
    contract = chunk.contract_of(one.item)
    is_same = (
        contract is not None
        and contract.id == review.contract_id
        and chunk.service_of(one.item) == review.service_id
    )
    return not is_same


def _settle_as_it_is(walk: _Walk, chunk: Chunk, one: ReviewFacts, review: DeviceReview, why: str) -> None:
    contract = chunk.contract_of(one.item)
    review.state, review.snoozed_until, review.reason = State.MAPPED, None, ""
    review.contract_id = contract.id if contract is not None else None
    review.service_id = chunk.service_of(one.item)
    review.contact_id = one.device.contact_id
    review.proposal_reason, review.decided_by_id, review.decided_at = why, None, walk.now
    walk.counts.settled += 1


def _why_open_again(
    walk: _Walk, chunk: Chunk, one: ReviewFacts, review: DeviceReview, findings: dict[int, Any]
) -> Cause | None:
    contract = chunk.contract_by_pk.get(review.contract_id) if review.contract_id is not None else None
    if contract is not None and contract.company_id != one.item.autotask_company_id:
        return Cause.MOVED
    decided_at = review.decided_at or review.opened_at
    item_id = one.item.autotask_configuration_item_id
    for found in (findings.get(one.link.device_id), walk.changes.get(item_id)):
        if found is not None and found[0] > decided_at:
            return found[1]
    if contract is not None and not is_running(contract, walk.today):
        return Cause.CONTRACT_ENDED
    return None


def _propose(
    walk: _Walk, chunk: Chunk, one: ReviewFacts, review: DeviceReview, before: dict[str, Any]
) -> dict[str, Any]:
    """Set the proposal of a review; returns what the item should hold when a rule applies without asking."""
    proposal = chunk.propose(one, walk.rules)
    review.rule_id = proposal.rule_id
    review.proposed_outcome = proposal.outcome
    review.proposed_contract_id, review.proposed_service_id = proposal.contract_id, proposal.service_id
    review.proposed_contact_id = proposal.contact_id
    review.proposal_reason = proposal.reason[:500]
    walk.counts.proposals += any(
        getattr(review, name) != before[name] for name in _FIELDS if name.startswith("propos")
    )
    # What a person has sent back is for a person, and so is what they put off.
    is_for_a_person = review.state != State.OPEN or review.cause == Cause.PERSON
    if not proposal.is_automatic or is_for_a_person or proposal.outcome not in {ASSIGN, NO_CONTRACT}:
        return {}
    return _apply_automatically(walk, chunk, review, proposal)


def _apply_automatically(
    walk: _Walk, chunk: Chunk, review: DeviceReview, proposal: Proposal
) -> dict[str, Any]:
    is_assigned = proposal.outcome == ASSIGN
    review.state = State.MAPPED if is_assigned else State.NO_CONTRACT
    review.reason = "" if is_assigned else proposal.reason[:500]
    review.contract_id, review.service_id = proposal.contract_id, proposal.service_id
    review.contact_id, review.decided_by_id, review.decided_at = proposal.contact_id, None, walk.now
    walk.counts.settled += 1
    wanted: dict[str, Any] = dict(chunk.wire_contract(proposal.contract_id, proposal.service_id))
    if proposal.contact_id is not None:
        wanted["autotask_contact_id"] = chunk.contact_autotask_ids[proposal.contact_id]
    elif proposal.clears_contact:
        wanted["autotask_contact_id"] = None
    return wanted


def _write(walk: _Walk, one: ReviewFacts, review: DeviceReview, wanted: dict[str, Any]) -> None:
    """Plan what an item should hold, with the mirrored state where this walk plans anyway."""
    udf: dict[str, Any] = {}
    if wanted or walk.mirrors_state:
        label = str(State(review.state).label)
        udf = walk.udf.difference(one.item, label, is_reviewed=review.state in REVIEWED)
    message = review.proposal_reason if wanted else "Shows the review state."
    draft = draft_item(one.item, str(one.link.device), wanted, udf, message=message)
    if draft is not None:
        walk.emit(draft)


def _release(walk: _Walk) -> None:
    """Let gone devices leave the queue, and let those come back whose day has come."""
    living = living_links().filter(device=OuterRef("device"))
    gone = DeviceReview.objects.filter(~Exists(living), state__in=IN_QUEUE)
    walk.counts.left = gone.count()
    gone.delete()
    DeviceReview.objects.filter(state=State.SNOOZED, snoozed_until__lte=walk.today).update(
        state=State.OPEN, snoozed_until=None
    )


def _report(recorder: RunRecorder | None, counts: ReviewCounts) -> None:
    opened = sum(counts.opened.values())
    if recorder is None or not (opened or counts.settled or counts.left):
        return
    causes = ", ".join(
        f"{count} {Cause(name).label.lower()}" for name, count in sorted(counts.opened.items())
    )
    recorder.noticed(
        "review queue",
        "reviews",
        "Review queue",
        f"{opened} to review{f' ({causes})' if causes else ''}, {counts.settled} settled by themselves, "
        f"{counts.left} left with their devices; {counts.open} wait now.",
    )
