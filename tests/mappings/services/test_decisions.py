from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from mappings.models import CompanyLocation, SiteMapping, SiteMappingChange
from mappings.selectors import (
    count_mappings_by_state,
    default_value,
    find_device,
    find_mapping,
    find_picklist_value,
    find_site,
    list_picklist_values,
)
from mappings.services.decisions import (
    MappingRefused,
    accept_exact,
    accept_native,
    choose_company,
    confirm_mappings,
    find_last_batch,
    ignore,
    reset,
    undo,
)
from mappings.services.details import Details, set_details
from mappings.signals import site_mappings_changed
from tests.mappings.conftest import guid, make_company, make_mapping

pytestmark = pytest.mark.django_db


@pytest.fixture
def announced() -> Iterator[list[str]]:
    heard: list[str] = []

    def listen(site_uids: list[str], **_: Any) -> None:
        heard.extend(site_uids)

    site_mappings_changed.connect(listen)
    yield heard
    site_mappings_changed.disconnect(listen)


def test_confirm_confirms_proposals_and_leaves_the_rest_alone(
    person: User, announced: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    company, inactive = make_company(1, "Contoso"), make_company(2, "Old", is_active=False)
    proposed = make_mapping(1, "Contoso", company)
    old = make_mapping(2, "Old", inactive)
    conflict = make_mapping(3, "Twin", state="conflict")
    unmapped = make_mapping(4, "Zebra")
    with django_capture_on_commit_callbacks(execute=True):
        outcome = confirm_mappings([one.pk for one in (proposed, old, conflict, unmapped)], person)
    assert outcome.changed == 1
    assert sum(outcome.skipped.values()) == 3
    assert announced == [guid(1)]
    proposed.refresh_from_db()
    assert (proposed.state, proposed.decided_by, proposed.lets_tickets_through) == ("confirmed", person, True)
    assert (proposed.confirmed_site_name, proposed.confirmed_company_name) == ("Contoso", "Contoso")
    for mapping, state in ((old, "proposed"), (conflict, "conflict"), (unmapped, "unmapped")):
        mapping.refresh_from_db()
        assert mapping.state == state
    change = SiteMappingChange.objects.get()
    assert (change.before["state"], change.after["state"], change.batch) == (
        "proposed",
        "confirmed",
        outcome.batch,
    )


def test_confirming_twice_changes_once(person: User) -> None:
    mapping = make_mapping(1, "Contoso", make_company(1, "Contoso"))
    assert confirm_mappings([mapping.pk], person).changed == 1
    again = confirm_mappings([mapping.pk], person)
    assert (again.changed, again.batch) == (0, None)
    assert SiteMappingChange.objects.count() == 1


def test_bulk_acceptance_takes_only_its_own_source() -> None:
    company = make_company(1, "Contoso")
    for number, source in enumerate(("native", "exact", "similar"), start=1):
        make_mapping(number, f"Site {number}", company, source=source)
    assert accept_native().changed == 1
    assert accept_exact().changed == 1
    assert count_mappings_by_state()["proposed"] == 1


def test_choose_company_resolves_a_conflict_and_drops_a_foreign_location(person: User) -> None:
    first, second = make_company(1, "Twin"), make_company(2, "Twin")
    location = CompanyLocation.objects.create(
        autotask_location_id=1, company=first, name="HQ", synced_at=timezone.now()
    )
    mapping = make_mapping(1, "Twin", first, company_location=location, state="conflict")
    choose_company(mapping, second, person)
    mapping.refresh_from_db()
    assert (mapping.state, mapping.source, mapping.company, mapping.company_location) == (
        "confirmed",
        "manual",
        second,
        None,
    )


def test_choose_refuses_inactive_organizations_and_system_sites(person: User) -> None:
    mapping = make_mapping(1, "Contoso")
    with pytest.raises(MappingRefused, match="inactive"):
        choose_company(mapping, make_company(1, "Old", is_active=False), person)
    mapping.site.is_system = True
    with pytest.raises(MappingRefused, match="made this site itself"):
        choose_company(mapping, make_company(2, "New"), person)


def test_location_of_another_organization_is_refused(person: User) -> None:
    mapping = make_mapping(1, "Contoso", make_company(1, "Contoso"))
    foreign = CompanyLocation.objects.create(
        autotask_location_id=1, company=make_company(2, "Other"), name="HQ", synced_at=timezone.now()
    )
    with pytest.raises(MappingRefused, match="another organization"):
        set_details(mapping, person, Details(company_location=foreign))


def test_undo_restores_exactly_and_then_goes_further_back(person: User) -> None:
    mapping = make_mapping(1, "Contoso", make_company(1, "Contoso"))
    original = SiteMapping.objects.values().get()
    confirm_mappings([mapping.pk], person)
    ignore([mapping.pk], person)
    for expected in ("confirmed", "proposed"):
        change = find_last_batch(person)
        assert change is not None
        assert undo(change.batch, person).changed == 1
        mapping.refresh_from_db()
        assert mapping.state == expected
    assert find_last_batch(person) is None
    restored = SiteMapping.objects.values().get()
    assert {**restored, "updated_at": None} == {**original, "updated_at": None}


def test_undo_leaves_alone_what_changed_since(person: User) -> None:
    company = make_company(1, "Contoso")
    first, second = make_mapping(1, "Contoso", company), make_mapping(2, "Contoso 2", company)
    batch = confirm_mappings([first.pk, second.pk], person).batch
    assert batch is not None
    ignore([second.pk], None)
    outcome = undo(batch, person)
    assert (outcome.changed, dict(outcome.skipped)) == (1, {"changed again since": 1})
    second.refresh_from_db()
    assert second.state == "ignored"


def test_reset_shows_the_proposal_again(person: User) -> None:
    company = make_company(1, "Contoso")
    mapping = make_mapping(1, "Contoso", company)
    ignore([mapping.pk], person)
    assert reset([mapping.pk], person).changed == 1
    mapping.refresh_from_db()
    assert (mapping.state, mapping.company, mapping.decided_at, mapping.reason) == (
        "proposed",
        company,
        None,
        "Same name.",
    )


def test_selectors_find_or_return_none() -> None:
    mapping = make_mapping(1, "Contoso", make_company(1, "Contoso"))
    assert find_mapping(guid(1)) == mapping
    assert find_mapping(guid(2)) is None
    assert find_site(guid(1)) == mapping.site
    assert find_device("nope") is None
    assert find_picklist_value("Tickets", "queueID", None) is None
    assert default_value("Tickets", "queueID") is None
    assert list_picklist_values("Tickets", "queueID") == []
