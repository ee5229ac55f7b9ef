"""Decisions in the review queue: local at once, written through the engine, taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integration.models import SyncRun, SyncRunEntry
from mappings.models import (
    ConfigurationItemCategory,
    ContractService,
    DevicePolicy,
    DeviceReview,
    UdfAssociation,
    UdfDefinition,
)
from mappings.services.devices.review_decisions import (
    ReviewRefused,
    accept,
    assign,
    assign_no_contract,
    reopen,
    snooze,
    undo_last,
    write_again,
)
from mappings.services.devices.reviews import keep_reviews
from tests.mappings.services.devices.review_rows import (
    make_contact,
    make_contract,
    make_home,
    make_linked,
    make_rule,
    review_of,
)

pytestmark = pytest.mark.django_db


def changes(run: SyncRun | None) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    assert run is not None
    return [(one.object_id, one.before, one.after) for one in run.entries.order_by("pk")]


def test_accepting_holds_at_once_and_queues_the_write(person: User) -> None:
    home = make_home(1)
    contract = make_contract(100, home.company, "Complete Care bundle")
    ada = make_contact(7, home.company, "Ada", "Lovelace", is_primary=True)
    make_rule(contact_choice="primary")
    link = make_linked(1, home.site, home.company, autotask_contract_id=55, autotask_contract_service_id=5)
    keep_reviews(None)
    outcome = accept([review_of(link).pk], person)
    assert outcome.changed == 1
    review = review_of(link)
    assert (review.state, review.contract, review.contact, review.decided_by) == (
        "mapped",
        contract,
        ada,
        person,
    )
    assert changes(outcome.run) == [
        (
            "40001",
            {
                "autotask_contract_id": 55,
                "autotask_contract_service_id": 5,
                "autotask_contract_service_bundle_id": None,
                "autotask_contact_id": None,
            },
            {
                "autotask_contract_id": 100,
                "autotask_contract_service_id": None,
                "autotask_contract_service_bundle_id": 1000,
                "autotask_contact_id": 7,
            },
        )
    ]
    assert outcome.run is not None
    assert (outcome.run.mode, outcome.run.kind, outcome.run.user) == ("apply", "devices", person)
    assert SyncRunEntry.objects.filter(operation="update_item").get().payload == {
        "configuration_item_id": 40_001
    }
    assert dict(accept([review.pk], person).skipped) == {"reviewed already": 1}


def test_what_has_no_proposal_or_lost_it_is_left_alone_with_the_reason(person: User) -> None:
    home = make_home(1)
    bare = make_linked(1, home.site, home.company)
    keep_reviews(None)
    contract = make_contract(100, home.company, "S")
    make_rule()
    link = make_linked(2, home.site, home.company)
    keep_reviews(None)
    DeviceReview.objects.filter(device=bare.device).update(proposed_outcome="", proposed_contract=None)
    contract.end_date = timezone.localdate() - timedelta(days=1)
    contract.save()
    outcome = accept([review_of(bare).pk, review_of(link).pk], person)
    assert outcome.changed == 0
    assert outcome.run is None
    assert set(outcome.skipped) == {
        "nothing proposed: choose a contract",
        f"Managed 100 ended on {contract.end_date.isoformat()}",
    }


def test_assigning_checks_contract_service_and_contact(person: User) -> None:
    home, other = make_home(1), make_home(2)
    contract = make_contract(100, home.company, "Managed Workstation", "Backup")
    foreign = make_contract(200, other.company, "S")
    ended = make_contract(300, home.company, "S", days=-1)
    link = make_linked(1, home.site, home.company)
    keep_reviews(None)
    ids = [review_of(link).pk]
    service = ContractService.objects.get(name="Backup")
    stranger = make_contact(8, other.company, "X", "Y")
    old = make_contact(9, home.company, "O", "Ld", is_active=False)
    for values, said in (
        ({"contract": ended}, "Contract: .* ended on"),
        ({"contract": contract}, "bills by service"),
        ({"contract": contract, "service": ContractService.objects.get(contract=foreign)}, "not sold by"),
        ({"contract": contract, "service": service, "contact": stranger}, "another organization"),
        ({"contract": contract, "service": service, "contact": old}, "inactive"),
    ):
        with pytest.raises(ReviewRefused, match=said):
            assign(ids, person, **values)
    outcome = assign(ids, person, contract=foreign, service=ContractService.objects.get(contract=foreign))
    assert dict(outcome.skipped) == {"Managed 200 belongs to Site 2": 1} or dict(outcome.skipped) == {
        "Managed 200 belongs to Company 2": 1
    }
    done = assign(ids, person, contract=contract, service=service)
    assert changes(done.run)[0][2] == {"autotask_contract_id": 100, "autotask_contract_service_id": 1001}
    assert review_of(link).service == service


def test_a_wrong_contact_is_taken_off(person: User) -> None:
    home = make_home(1)
    contract = make_contract(100, home.company, "S")
    link = make_linked(1, home.site, home.company, autotask_contact_id=77)
    keep_reviews(None)
    service = ContractService.objects.get(contract=contract)
    ids = [review_of(link).pk]
    kept = assign(ids, person, contract=contract, service=service)
    assert "autotask_contact_id" not in changes(kept.run)[0][2]
    done = assign(ids, person, contract=contract, service=service, clears_contact=True)
    assert changes(done.run)[0][2]["autotask_contact_id"] is None


def test_no_contract_needs_a_reason_and_takes_the_item_off(person: User) -> None:
    home = make_home(1)
    link = make_linked(1, home.site, home.company, autotask_contract_id=55, autotask_contract_service_id=5)
    keep_reviews(None)
    ids = [review_of(link).pk]
    with pytest.raises(ReviewRefused, match="Reason"):
        assign_no_contract(ids, person, "  ")
    outcome = assign_no_contract(ids, person, "Spare device")
    assert changes(outcome.run)[0][2] == {"autotask_contract_id": None, "autotask_contract_service_id": None}
    review = review_of(link)
    assert (review.state, review.reason) == ("no_contract", "Spare device")
    assert keep_reviews(None).opened == {}


def test_later_and_back_again(person: User) -> None:
    home = make_home(1)
    link = make_linked(1, home.site, home.company)
    keep_reviews(None)
    ids = [review_of(link).pk]
    today = timezone.localdate()
    for day in (today, today - timedelta(days=1), today + timedelta(days=400)):
        with pytest.raises(ReviewRefused, match="Until"):
            snooze(ids, person, day)
    assert snooze(ids, person, today + timedelta(days=7)).changed == 1
    assert review_of(link).state == "snoozed"
    assert reopen(ids, person).changed == 1
    review = review_of(link)
    assert (review.state, review.cause, review.snoozed_until) == ("open", "person", None)


def test_undo_restores_the_review_and_queues_the_way_back(person: User) -> None:
    home = make_home(1)
    make_contract(100, home.company, "S")
    make_rule()
    links = [make_linked(number, home.site, home.company) for number in (1, 2)]
    keep_reviews(None)
    first = accept([review_of(links[0]).pk], person)
    assign_no_contract([review_of(one).pk for one in links], person, "Spare")
    assert [review_of(one).state for one in links] == ["no_contract", "no_contract"]
    back = undo_last(person)
    assert back.changed == 2
    assert [review_of(one).state for one in links] == ["mapped", "open"]
    # The first write still waits, so "no contract" was planned against it, and so is the way back.
    assert changes(first.run)[0][2] == {"autotask_contract_id": 100, "autotask_contract_service_id": 1000}
    assert changes(back.run) == [
        (
            "40001",
            {"autotask_contract_id": None, "autotask_contract_service_id": None},
            {"autotask_contract_id": 100, "autotask_contract_service_id": 1000},
        )
    ]
    assert undo_last(person).changed == 1
    assert [review_of(one).state for one in links] == ["open", "open"]
    assert undo_last(person).changed == 0


def test_undo_leaves_alone_what_was_decided_again(person: User) -> None:
    other = User.objects.create_user("grace")
    home = make_home(1)
    link = make_linked(1, home.site, home.company)
    keep_reviews(None)
    ids = [review_of(link).pk]
    assign_no_contract(ids, person, "Spare")
    assign_no_contract(ids, other, "Leaving")
    outcome = undo_last(person)
    assert (outcome.changed, dict(outcome.skipped)) == (0, {"changed again since": 1})
    assert review_of(link).reason == "Leaving"


def test_decisions_of_a_day_are_one_line_of_history(person: User) -> None:
    home = make_home(1)
    links = [make_linked(number, home.site, home.company) for number in (1, 2)]
    keep_reviews(None)
    for link in links:
        assign_no_contract([review_of(link).pk], person, "Spare")
    run = SyncRun.objects.get(kind="reviews")
    assert (run.user, run.updates, run.entries.count()) == (person, 2, 2)


def test_the_udf_is_written_with_the_decision(person: User) -> None:
    now = timezone.now()
    udf = UdfDefinition.objects.create(
        autotask_udf_id=1,
        name="Review",
        data_type="list",
        list_values=[{"value": "9", "label": "reviewed, no contract", "is_active": True}],
        synced_at=now,
    )
    category = ConfigurationItemCategory.objects.create(autotask_category_id=5, name="W", synced_at=now)
    UdfAssociation.objects.create(autotask_association_id=1, udf=udf, category=category, synced_at=now)
    DevicePolicy.objects.create(review_udf=udf)
    home = make_home(1)
    link = make_linked(1, home.site, home.company, autotask_category_id=5)
    keep_reviews(None)
    outcome = assign_no_contract([review_of(link).pk], person, "Spare")
    assert changes(outcome.run) == [("40001", {"udfs": {"Review": None}}, {"udfs": {"Review": "9"}})]


def test_a_policy_that_does_not_write_keeps_the_decision_here(person: User) -> None:
    DevicePolicy.objects.create(is_writing=False)
    home = make_home(1)
    link = make_linked(1, home.site, home.company, autotask_contract_id=5)
    keep_reviews(None)
    outcome = assign_no_contract([review_of(link).pk], person, "Spare")
    assert (outcome.changed, outcome.run) == (1, None)
    assert "switched off" in next(iter(outcome.skipped))


def test_a_decision_that_autotask_does_not_hold_is_written_again(person: User) -> None:
    home = make_home(1)
    make_contract(100, home.company, "S")
    make_rule()
    link = make_linked(1, home.site, home.company)
    keep_reviews(None)
    first = accept([review_of(link).pk], person)
    assert first.run is not None
    SyncRun.objects.filter(pk=first.run.pk).update(status="failed")
    again = write_again([review_of(link).pk], person)
    assert changes(again.run)[0][2] == {"autotask_contract_id": 100, "autotask_contract_service_id": 1000}
