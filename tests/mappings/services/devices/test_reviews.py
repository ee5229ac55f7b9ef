"""The review queue keeps itself true."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integration.models import SyncRun, SyncRunEntry
from integration.sync.recorder import RunRecorder
from mappings.models import (
    CatalogueService,
    ConfigurationItemCategory,
    DeviceFinding,
    DevicePolicy,
    DeviceReview,
    UdfAssociation,
    UdfDefinition,
)
from mappings.services.devices.review_decisions import accept, snooze
from mappings.services.devices.reviews import FIRST_SEEN, keep_reviews, propose, reopen_reviews
from tests.mappings.services.devices.review_rows import (
    item_of,
    make_contact,
    make_contract,
    make_home,
    make_linked,
    make_rule,
    review_of,
)

pytestmark = pytest.mark.django_db


def recorder_of(**values: Any) -> RunRecorder:
    """A run of devices that plans."""
    plain = {"kind": "devices", "trigger": "schedule", "status": "running", "token": "t"}
    return RunRecorder(SyncRun.objects.create(**{**plain, **values}))


def planned(recorder: RunRecorder) -> list[SyncRunEntry]:
    recorder.flush()
    return list(SyncRunEntry.objects.filter(run=recorder.run, operation="update_item").order_by("pk"))


def test_every_linked_device_comes_in_once_with_its_proposal() -> None:
    home = make_home(1)
    contract = make_contract(100, home.company, "Managed Workstation")
    make_rule(datto_category="Laptop", service=CatalogueService.objects.get())
    link = make_linked(1, home.site, home.company)
    unlinked = make_linked(2, home.site, home.company)
    unlinked.configuration_item = None
    unlinked.save()
    counts = keep_reviews(None)
    review = review_of(link)
    assert (review.state, review.cause) == ("open", "new")
    assert review.proposed_contract == contract
    assert str(review.proposed_service) == "Managed Workstation"
    assert "Rule 'Rule 1': category is Laptop" in review.proposal_reason
    assert (counts.open, dict(counts.opened), DeviceReview.objects.count()) == (1, {"new": 1}, 1)
    again = keep_reviews(None)
    assert (again.open, sum(again.opened.values()), again.proposals) == (1, 0, 0)


def test_a_contract_found_at_first_sight_needs_nobody() -> None:
    home = make_home(1)
    contract = make_contract(100, home.company, "Managed Workstation")
    good = make_linked(
        1, home.site, home.company, autotask_contract_id=100, autotask_contract_service_id=1000
    )
    no_service = make_linked(2, home.site, home.company, autotask_contract_id=100)
    make_contract(200, home.company, "Managed Workstation", days=-2)
    ended = make_linked(
        3, home.site, home.company, autotask_contract_id=200, autotask_contract_service_id=2000
    )
    assert keep_reviews(None).settled == 1
    review = review_of(good)
    assert (review.state, review.contract, review.proposal_reason) == ("mapped", contract, FIRST_SEEN)
    assert str(review.service) == "Managed Workstation"
    assert {review_of(one).state for one in (no_service, ended)} == {"open"}


def test_an_ended_contract_opens_the_review_again() -> None:
    home = make_home(1)
    contract = make_contract(100, home.company, "S")
    link = make_linked(
        1, home.site, home.company, autotask_contract_id=100, autotask_contract_service_id=1000
    )
    keep_reviews(None)
    contract.end_date = timezone.localdate() - timedelta(days=1)
    contract.save()
    counts = keep_reviews(None)
    assert (review_of(link).state, review_of(link).cause) == ("open", "contract_ended")
    assert dict(counts.opened) == {"contract_ended": 1}
    assert not sum(keep_reviews(None).opened.values())


def test_a_moved_device_opens_again() -> None:
    home, other = make_home(1), make_home(2)
    make_contract(100, home.company, "S")
    link = make_linked(
        1, home.site, home.company, autotask_contract_id=100, autotask_contract_service_id=1000
    )
    keep_reviews(None)
    item = item_of(link)
    item.company, item.autotask_company_id = other.company, 2
    item.autotask_contract_id = item.autotask_contract_service_id = None
    item.save()
    keep_reviews(None)
    assert (review_of(link).state, review_of(link).cause) == ("open", "moved")


@pytest.mark.parametrize(
    ("before", "after", "cause"),
    [
        ({"autotask_type_id": 1}, {"autotask_type_id": 2}, "retyped"),
        ({"is_active": False}, {"is_active": True}, "returned"),
        ({"serial_number": "A"}, {"serial_number": "B"}, ""),
        ({"autotask_type_id": None}, {"autotask_type_id": 2}, ""),
    ],
)
def test_what_a_run_does_to_an_item_opens_its_review(
    before: dict[str, Any], after: dict[str, Any], cause: str
) -> None:
    home = make_home(1)
    make_contract(100, home.company, "S")
    link = make_linked(
        1, home.site, home.company, autotask_contract_id=100, autotask_contract_service_id=1000
    )
    keep_reviews(None)
    recorder = recorder_of()
    SyncRunEntry.objects.create(
        run=recorder.run,
        action="update",
        status="planned",
        operation="update_item",
        payload={"configuration_item_id": 40_001},
        object_type="configuration item",
        object_id="40001",
        label="x",
        before=before,
        after=after,
    )
    keep_reviews(recorder)
    review = review_of(link)
    assert (review.state, review.cause) == (("open", cause) if cause else ("mapped", "new"))
    if cause:
        # The contract it had is no answer; it stays open, and once decided the same run does not ask again.
        keep_reviews(recorder)
        assert review_of(link).state == "open"
        DeviceReview.objects.update(state="mapped", decided_at=timezone.now())
        keep_reviews(recorder)
        assert review_of(link).state == "mapped"


def test_a_finding_of_a_return_opens_the_review() -> None:
    home = make_home(1)
    make_contract(100, home.company, "S")
    link = make_linked(
        1, home.site, home.company, autotask_contract_id=100, autotask_contract_service_id=1000
    )
    keep_reviews(None)
    later = timezone.now() + timedelta(seconds=1)
    DeviceFinding.objects.create(
        key="returned:1",
        kind="returned",
        device=link.device,
        summary="Came back",
        found_at=later,
        seen_at=later,
    )
    keep_reviews(None)
    assert (review_of(link).state, review_of(link).cause) == ("open", "returned")


def test_a_move_that_waits_for_approval_opens_nothing() -> None:
    home = make_home(1)
    make_contract(100, home.company, "S")
    link = make_linked(
        1, home.site, home.company, autotask_contract_id=100, autotask_contract_service_id=1000
    )
    keep_reviews(None)
    later = timezone.now() + timedelta(seconds=1)
    finding = DeviceFinding.objects.create(
        key="moved:1", kind="moved", device=link.device, summary="Moved", found_at=later, seen_at=later
    )
    keep_reviews(None)
    assert review_of(link).state == "mapped"
    finding.state, finding.closed_at = "resolved", later
    finding.save()
    keep_reviews(None)
    assert (review_of(link).state, review_of(link).cause) == ("open", "moved")


def test_gone_devices_leave_and_snoozed_ones_come_back_on_their_day() -> None:
    home = make_home(1)
    gone, later, stays = (make_linked(number, home.site, home.company) for number in (1, 2, 3))
    keep_reviews(None)
    snooze([review_of(later).pk, review_of(stays).pk], None, timezone.localdate() + timedelta(days=3))
    gone.device.is_deleted = True
    gone.device.save()
    DeviceReview.objects.filter(device=later.device).update(snoozed_until=timezone.localdate())
    counts = keep_reviews(None)
    assert counts.left == 1
    assert not DeviceReview.objects.filter(device=gone.device).exists()
    assert (review_of(later).state, review_of(stays).state) == ("open", "snoozed")


def test_a_contract_given_in_autotask_settles_a_waiting_device() -> None:
    home = make_home(1)
    make_contract(100, home.company, "S")
    link = make_linked(1, home.site, home.company)
    keep_reviews(None)
    item = item_of(link)
    item.autotask_contract_id, item.autotask_contract_service_id = 100, 1000
    item.save()
    assert keep_reviews(None).settled == 1
    assert review_of(link).state == "mapped"


def test_a_preview_plans_and_stores_nothing() -> None:
    home = make_home(1)
    make_contract(100, home.company, "S")
    make_rule(is_automatic=True)
    make_linked(1, home.site, home.company)
    recorder = recorder_of(dry_run=True)
    keep_reviews(recorder)
    assert not DeviceReview.objects.exists()
    assert [entry.after["autotask_contract_id"] for entry in planned(recorder)] == [100]


def test_a_rule_that_applies_without_asking_plans_the_write() -> None:
    home = make_home(1)
    make_contract(100, home.company, "S")
    ada = make_contact(7, home.company, "Ada", "Lovelace")
    make_rule(is_automatic=True, contact_choice="last_user")
    link = make_linked(1, home.site, home.company, last_user="CONTOSO\\ada.lovelace")
    recorder = recorder_of()
    keep_reviews(recorder)
    review = review_of(link)
    assert (review.state, review.contact, review.decided_by) == ("mapped", ada, None)
    assert [entry.after for entry in planned(recorder)] == [
        {"autotask_contract_id": 100, "autotask_contract_service_id": 1000, "autotask_contact_id": 7}
    ]
    assert keep_reviews(recorder).settled == 0


def test_what_a_person_sent_back_is_not_decided_by_a_rule() -> None:
    home = make_home(1)
    make_contract(100, home.company, "S")
    link = make_linked(
        1, home.site, home.company, autotask_contract_id=100, autotask_contract_service_id=1000
    )
    keep_reviews(None)
    make_rule(is_automatic=True)
    assert reopen_reviews([link.device_id], DeviceReview.Cause.PERSON) == 1
    propose()
    review = review_of(link)
    assert (review.state, review.proposed_outcome) == ("open", "assign")


def test_proposals_follow_the_rules_when_asked_again() -> None:
    home = make_home(1)
    make_contract(100, home.company, "S")
    link = make_linked(1, home.site, home.company)
    keep_reviews(None)
    assert review_of(link).proposed_outcome == ""
    rule = make_rule()
    assert propose().proposals == 1
    assert review_of(link).rule == rule
    rule.delete()
    propose()
    assert review_of(link).proposed_contract is None


def test_the_state_is_mirrored_into_a_udf_only_where_the_category_has_it() -> None:
    now = timezone.now()
    udf = UdfDefinition.objects.create(autotask_udf_id=1, name="Review", synced_at=now)
    category = ConfigurationItemCategory.objects.create(autotask_category_id=5, name="W", synced_at=now)
    UdfAssociation.objects.create(autotask_association_id=1, udf=udf, category=category, synced_at=now)
    DevicePolicy.objects.create(review_udf=udf)
    home = make_home(1)
    make_linked(1, home.site, home.company, autotask_category_id=5)
    make_linked(2, home.site, home.company, autotask_category_id=6)
    make_linked(3, home.site, home.company, autotask_category_id=5, udfs={"Review": "To review"})
    recorder = recorder_of()
    keep_reviews(recorder)
    entries = planned(recorder)
    assert [(entry.object_id, entry.before, entry.after) for entry in entries] == [
        ("40001", {"udfs": {"Review": None}}, {"udfs": {"Review": "To review"}})
    ]


def test_a_run_of_a_few_devices_looks_at_these_only() -> None:
    home = make_home(1)
    first, second, third = (make_linked(number, home.site, home.company) for number in (1, 2, 3))
    recorder = recorder_of(is_whole=False, scope={"device_uids": [second.device.datto_device_uid]})
    keep_reviews(recorder)
    assert list(DeviceReview.objects.values_list("device", flat=True)) == [second.device_id]
    applying = recorder_of(is_whole=False, mode="apply", phase="apply", dry_run=True)
    applying.dry_run = False
    SyncRunEntry.objects.create(
        run=applying.run,
        action="update",
        status="done",
        operation="update_item",
        payload={"configuration_item_id": 40_003},
        object_type="configuration item",
        object_id="40003",
        label="x",
    )
    keep_reviews(applying)
    assert not DeviceReview.objects.filter(device=first.device).exists()
    assert review_of(third).state == "open"


def test_queries_grow_by_chunk_not_by_device(person: Any) -> None:
    homes = [make_home(number) for number in range(1, 21)]
    make_rule()
    for number, home in enumerate(homes):
        make_contract(100 + number, home.company, "S")
        make_contact(number + 1, home.company, "Ada", f"L{number}")
    for number in range(1, 11):
        make_linked(number, homes[number].site, homes[number].company)
    with CaptureQueriesContext(connection) as few:
        keep_reviews(None)
    for number in range(11, 301):
        home = homes[number % 20]
        make_linked(number, home.site, home.company)
    with CaptureQueriesContext(connection) as many:
        keep_reviews(None)
    # Both are one chunk; only the inserts come in batches.
    assert len(many) - len(few) <= 5
    assert accept(DeviceReview.objects.values_list("pk", flat=True), person).changed == 300
