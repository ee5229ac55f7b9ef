"""People's decisions in the review queue: accept, assign, no contract, later, open again, undo.

A decision holds at once here; what it means for the configuration item is queued in the same transaction and written
by the sync engine.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from integration.models import SyncRun, SyncRunEntry
from integration.sync.operations import Draft
from mappings.domain.devices.contracts import RECURRING_SERVICE, why_not_running
from mappings.models import ConfigurationItem, Contact, Contract, ContractRule, ContractService, DeviceReview
from mappings.services.devices.review_facts import ReviewUdf, contract_facts, get_policy
from mappings.services.devices.review_journal import (
    Decided,
    entries_of,
    find_last,
    record,
    restore,
    snapshot,
)
from mappings.services.devices.review_writes import (
    contract_values,
    draft_item,
    make_draft,
    queue_item_changes,
    service_key,
    waiting_values,
)
from mappings.services.mirror import in_chunks

State = DeviceReview.State
REVIEWED = (State.MAPPED, State.NO_CONTRACT)
LONGEST_SNOOZE_DAYS = 366
_SAVED = (
    "state",
    "cause",
    "snoozed_until",
    "contract",
    "service",
    "contact",
    "reason",
    "opened_at",
    "decided_by",
    "decided_at",
)
_NO_ITEM = "has no configuration item yet"
_NOT_WRITING = "kept here only: writing to Autotask is switched off in the device policy"
#: What a change of a review means for its item; None for "leave contract and contact alone".
Wanted = dict[str, Any]


class ReviewRefused(ValueError):  # noqa: N818 - not a fault: the text tells a person why and what to do
    """A decision that cannot be; the text names the field, the reason and the cure."""


@dataclass(slots=True)
class ReviewOutcome:
    """What a decision did.

    Attributes:
        changed: reviews changed.
        skipped: reason in words -> how many were left alone for it.
        run: writes the configuration items; to be sent to a worker. None when nothing is to be written.
    """

    changed: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    run: SyncRun | None = None


def accept(review_ids: Iterable[int], user: User | None) -> ReviewOutcome:
    """Take the proposals of open and snoozed reviews; those without a proposal are left alone and counted."""

    def take(review: DeviceReview, item: ConfigurationItem, today: date) -> Wanted | str:
        if review.state in REVIEWED:
            return "reviewed already"
        rule = review.rule
        wanted: Wanted = {}
        if review.proposed_contact is not None:
            wanted["autotask_contact_id"] = review.proposed_contact.autotask_contact_id
        elif rule is not None and rule.contact_choice == ContractRule.ContactChoice.NONE:
            wanted["autotask_contact_id"] = None
        if review.proposed_outcome == ContractRule.Outcome.NO_CONTRACT:
            reason = rule.no_contract_reason if rule is not None else ""
            review.contact = review.proposed_contact
            return wanted | _settle_without(review, reason or "By rule.")
        contract = review.proposed_contract
        if review.proposed_outcome != ContractRule.Outcome.ASSIGN or contract is None:
            return "nothing proposed: choose a contract"
        problem = why_not_contract(contract, review.proposed_service, item, today)
        if problem:
            return problem
        review.contact = review.proposed_contact
        return wanted | _settle_with(review, contract, review.proposed_service)

    return _decide(review_ids, user, "Proposal accepted", take)


def assign(
    review_ids: Iterable[int],
    user: User | None,
    *,
    contract: Contract,
    service: ContractService | None = None,
    contact: Contact | None = None,
    clears_contact: bool = False,
) -> ReviewOutcome:
    """Put devices of one organization on a contract that a person chose.

    Args:
        review_ids: reviews; those of other organizations are left alone.
        user: who decides.
        contract: loaded with its company.
        service: a service or bundle of that contract; needed when it is a recurring service contract.
        contact: of the organization; None leaves the contact as it is.
        clears_contact: takes the contact off the configuration item instead.

    Raises:
        ReviewRefused: the contract is not running, the service is not one of the contract's, is missing, or the
            contact belongs elsewhere or is inactive.
    """
    check_assignment(contract, service, contact)

    def put(review: DeviceReview, item: ConfigurationItem, today: date) -> Wanted | str:
        problem = why_not_contract(contract, service, item, today)
        if problem:
            return problem
        wanted: Wanted = {}
        if contact is not None or clears_contact:
            wanted["autotask_contact_id"] = contact.autotask_contact_id if contact is not None else None
        review.contact = contact
        return wanted | _settle_with(review, contract, service)

    return _decide(review_ids, user, f"Assigned to {contract.name}", put)


def assign_no_contract(review_ids: Iterable[int], user: User | None, reason: str) -> ReviewOutcome:
    """Mark devices as reviewed without a contract; their items are taken off any contract.

    Raises:
        ReviewRefused: no reason given.
    """
    text = reason.strip()[:500]
    if not text:
        raise ReviewRefused(
            "Reason: say why there is no contract, such as 'spare device'. Billing will ask later."
        )

    def leave_out(review: DeviceReview, _item: ConfigurationItem, _today: date) -> Wanted | str:
        if review.state == State.NO_CONTRACT and review.reason == text:
            return "reviewed already"
        return _settle_without(review, text)

    return _decide(review_ids, user, "No contract", leave_out)


def snooze(review_ids: Iterable[int], user: User | None, until: date) -> ReviewOutcome:
    """Take open reviews out of sight until a day.

    Raises:
        ReviewRefused: the day is not in the future, or more than a year away.
    """
    today = timezone.localdate()
    if not today < until <= today + timedelta(days=LONGEST_SNOOZE_DAYS):
        raise ReviewRefused("Until: choose a day from tomorrow on, at most a year away.")

    def put_off(review: DeviceReview, _item: ConfigurationItem, _today: date) -> Wanted | str:
        if review.state in REVIEWED:
            return "reviewed already: open them again first"
        review.state, review.snoozed_until = State.SNOOZED, until
        return {}

    return _decide(review_ids, user, f"Later, on {until.isoformat()}", put_off)


def reopen(review_ids: Iterable[int], user: User | None) -> ReviewOutcome:
    """Send reviews back into the queue; contract and contact stay on the item until something else is decided."""

    def send_back(review: DeviceReview, _item: ConfigurationItem, _today: date) -> Wanted | str:
        if review.state == State.OPEN:
            return "open already"
        review.state, review.cause, review.snoozed_until = State.OPEN, DeviceReview.Cause.PERSON, None
        review.opened_at = timezone.now()
        return {}

    return _decide(review_ids, user, "Opened again", send_back)


def write_again(review_ids: Iterable[int], user: User | None) -> ReviewOutcome:
    """Write decided contracts to items that hold something else, such as after a refusal."""

    def repeat(review: DeviceReview, item: ConfigurationItem, today: date) -> Wanted | str:
        if review.state == State.NO_CONTRACT:
            return contract_values(None, None)
        if review.state != State.MAPPED or review.contract is None:
            return "not reviewed yet"
        problem = why_not_contract(review.contract, review.service, item, today)
        return problem or contract_values(review.contract.autotask_contract_id, service_key(review.service))

    return _decide(review_ids, user, "Written again", repeat)


def undo_last(user: User | None) -> ReviewOutcome:
    """Take back this person's last decision, as far as the reviews still read as it left them."""
    outcome = ReviewOutcome()
    drafts: list[Draft] = []
    with transaction.atomic():
        last = find_last(user)
        if last is None:
            return outcome
        entries = entries_of(last)
        reviews = _locked([int(entry.object_id) for entry in entries])
        undone: list[int] = []
        changed: list[DeviceReview] = []
        for entry in entries:
            undone.append(entry.pk)
            review = reviews.get(int(entry.object_id))
            if review is None or snapshot(review) != entry.payload["after"]:
                outcome.skipped["changed again since"] += 1
                continue
            restore(review, entry.payload["before"])
            changed.append(review)
            change = entry.payload["item"]
            if change:
                drafts.append(
                    make_draft(
                        change["configuration_item_id"],
                        str(review.device),
                        change["after"],
                        change["before"],
                        message=f"Undone: {entry.message}",
                    )
                )
        DeviceReview.objects.bulk_update(changed, _SAVED, batch_size=100)
        for ids in in_chunks(undone):
            SyncRunEntry.objects.filter(pk__in=ids).update(status=SyncRunEntry.Status.UNDONE)
        outcome.changed = len(changed)
        if get_policy().is_writing:
            outcome.run = queue_item_changes(drafts, user, title=f"Undone: {last.message}")
    return outcome


def why_not_contract(
    contract: Contract, service: ContractService | None, item: ConfigurationItem, today: date
) -> str:
    """Return why a device may not be put on a contract, "" when it may."""
    if contract.company.autotask_company_id != item.autotask_company_id:
        return f"{contract.name} belongs to {contract.company.name}"
    problem = why_not_running(contract_facts(contract), today)
    if problem:
        return f"{contract.name} {problem}"
    if service is not None and (service.contract_id != contract.pk or service.is_missing):
        return f"{contract.name} does not sell {service}"
    return ""


def check_assignment(contract: Contract, service: ContractService | None, contact: Contact | None) -> None:
    """Refuse what fits no device, whichever it is.

    Raises:
        ReviewRefused: see `assign`.
    """
    problem = why_not_running(contract_facts(contract), timezone.localdate())
    if problem:
        raise ReviewRefused(f"Contract: {contract.name} {problem}. Choose one that is running.")
    if service is not None and (service.contract_id != contract.pk or service.is_missing):
        raise ReviewRefused(f"Service: {service} is not sold by {contract.name}. Choose one of its services.")
    if (
        service is None
        and contract.contract_type == RECURRING_SERVICE
        and contract.services.filter(is_missing=False).exists()
    ):
        raise ReviewRefused(
            f"Service: {contract.name} bills by service. Choose the service or bundle the device is billed on."
        )
    if contact is not None and contact.company_id != contract.company_id:
        raise ReviewRefused(f"Contact: {contact} belongs to another organization. Choose one of this one.")
    if contact is not None and not contact.is_active:
        raise ReviewRefused(f"Contact: {contact} is inactive in Autotask. Choose an active one.")


def _settle_with(review: DeviceReview, contract: Contract, service: ContractService | None) -> Wanted:
    review.state, review.contract, review.service = State.MAPPED, contract, service
    review.reason, review.snoozed_until = "", None
    return contract_values(contract.autotask_contract_id, service_key(service))


def _settle_without(review: DeviceReview, reason: str) -> Wanted:
    review.state, review.contract, review.service = State.NO_CONTRACT, None, None
    review.reason, review.snoozed_until = reason, None
    return contract_values(None, None)


def _locked(pks: Iterable[int]) -> dict[int, DeviceReview]:
    rows = (
        DeviceReview.objects.select_for_update(of=("self",))
        .filter(pk__in=list(pks))
        .select_related(
            "device__link__configuration_item",
            "contract__company",
            "service",
            "contact",
            "rule",
            "proposed_contract__company",
            "proposed_service",
            "proposed_contact",
        )
        .order_by("pk")
    )
    return {row.pk: row for row in rows}


def _decide(
    review_ids: Iterable[int],
    user: User | None,
    what: str,
    change: Callable[[DeviceReview, ConfigurationItem, date], Wanted | str],
) -> ReviewOutcome:
    """Apply `change`, which returns what the item should hold, or why a review is left alone."""
    outcome = ReviewOutcome()
    batch, drafts = uuid.uuid4(), []
    now, today = timezone.now(), timezone.localdate()
    with transaction.atomic():
        policy = get_policy()
        udf = ReviewUdf(policy)
        for pks in in_chunks(sorted(set(review_ids)), 200):
            decisions = _decide_chunk(_locked(pks), user, now, today, udf, what, change, outcome)
            record(decisions, user, what, batch)
            drafts += [one.draft for one in decisions if one.draft is not None]
        if policy.is_writing:
            outcome.run = queue_item_changes(drafts, user, title=what)
        elif drafts:
            outcome.skipped[_NOT_WRITING] += len(drafts)
    return outcome


def _decide_chunk(
    reviews: dict[int, DeviceReview],
    user: User | None,
    now: datetime,
    today: date,
    udf: ReviewUdf,
    what: str,
    change: Callable[[DeviceReview, ConfigurationItem, date], Wanted | str],
    outcome: ReviewOutcome,
) -> list[Decided]:
    items = {pk: item for pk, review in reviews.items() if (item := item_of(review)) is not None}
    outcome.skipped[_NO_ITEM] += len(reviews) - len(items)
    waiting = waiting_values(items.values())
    decisions: list[Decided] = []
    for pk, item in items.items():
        review = reviews[pk]
        before = snapshot(review)
        wanted = change(review, item, today)
        if isinstance(wanted, str):
            outcome.skipped[wanted] += 1
            continue
        is_reviewed = review.state in REVIEWED
        if is_reviewed:
            review.decided_by, review.decided_at = user, now
        ahead = waiting.get(item.autotask_configuration_item_id, {})
        mirrored = udf.difference(
            item, str(review.get_state_display()), is_reviewed=is_reviewed, waiting=ahead.get("udfs", {})
        )
        draft = draft_item(
            item,
            str(review.device),
            wanted,
            mirrored,
            waiting=ahead,
            message=f"{what}{f' by {user.get_username()}' if user is not None else ''}",
        )
        decisions.append(Decided(review, before, draft))
    DeviceReview.objects.bulk_update([one.review for one in decisions], _SAVED, batch_size=100)
    outcome.changed += len(decisions)
    outcome.skipped += Counter()  # drops reasons that held for none
    return decisions


def item_of(review: DeviceReview) -> ConfigurationItem | None:
    """Return the configuration item of a review's device, loaded with it; None while it has none."""
    link = getattr(review.device, "link", None)
    item: ConfigurationItem | None = link.configuration_item if link is not None else None
    return None if item is None or item.is_missing else item
