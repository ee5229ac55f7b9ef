"""Sites and organizations from either side, the catch-all, open tickets, and what can be created."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from integration.models import Connection, SyncRun
from mappings.models import Contact, Device, MappingPolicy, PicklistValue, SiteMapping
from mappings.services import moves
from mappings.services.decisions import choose_company
from tests.conftest import SentTask
from tests.mappings.conftest import guid, make_company, make_mapping

pytestmark = pytest.mark.django_db
LIST = "/admin/mappings/sitemapping/"


@pytest.fixture
def admin(client: Client, person: User) -> Client:
    client.force_login(person)
    return client


@pytest.fixture
def viewer(db: None) -> Client:
    user = User.objects.create_user("viewer", password="only-looking-here", is_staff=True)
    for name in ("view_sitemapping", "view_company", "view_site"):
        user.user_permissions.add(Permission.objects.get(codename=name))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Stand in for the app above: one open ticket of every site stands elsewhere until it is moved."""
    moved: list[Any] = []

    def count(uids: list[str]) -> dict[str, int]:
        return {} if moved else dict.fromkeys(uids, 1)

    def move(uids: list[str], user: User | None, key: str) -> dict[str, int]:
        moved.append((uids, user, key))
        return dict.fromkeys(uids, 1)

    monkeypatch.setattr(moves, "_registered", [moves.TicketMoves(count, move)])
    return moved


def add_device(mapping: SiteMapping, number: int, **values: object) -> None:
    Device.objects.create(
        datto_device_uid=guid(number), site=mapping.site, synced_at=timezone.now(), **values
    )


def test_organization_shows_its_sites_with_devices_and_adds_several(admin: Client) -> None:
    company = make_company(1, "Contoso")
    mine = make_mapping(1, "Contoso - Berlin", company, state="confirmed", decided_at=timezone.now())
    add_device(mine, 1)
    add_device(mine, 2, is_deleted=True)
    others = [make_mapping(2, "Contoso - Hamburg"), make_mapping(3, "Contoso - Munich")]
    page = reverse("admin:mappings_company_change", args=[company.pk])
    html = admin.get(page).content.decode()
    assert "Contoso - Berlin" in html
    assert f'site__id__exact={mine.site_id}">1</a>' in html
    choices = admin.get(
        reverse("admin:mappings_sitemapping_choices", args=["site"]),
        {"company": company.pk, "term": "contoso"},  # type: ignore[arg-type]
    ).json()["results"]
    assert [one["id"] for one in choices] == [str(one.pk) for one in others]
    answer = admin.post(
        reverse("admin:mappings_company_sites", args=[company.pk]), {"sites": [one.pk for one in others]}
    )
    assert answer["Location"] == page
    assert set(company.site_mappings.filter(state="confirmed").values_list("site__name", flat=True)) == {
        "Contoso - Berlin",
        "Contoso - Hamburg",
        "Contoso - Munich",
    }
    assert len({one.changes.get().batch for one in others}) == 1


def test_organization_gives_a_site_back(admin: Client, person: User) -> None:
    company = make_company(1, "Contoso")
    mapping = make_mapping(1, "Warehouse")
    choose_company(mapping, company, person)
    answer = admin.post(
        reverse("admin:mappings_company_sites", args=[company.pk]), {"remove": mapping.pk}, follow=True
    )
    mapping.refresh_from_db()
    assert (mapping.state, mapping.company) == ("unmapped", None)
    assert "has no decided organization any more" in answer.content.decode()


def test_page_of_an_organization_costs_the_same_for_many_sites(admin: Client) -> None:
    company = make_company(1, "Contoso")
    page = reverse("admin:mappings_company_change", args=[company.pk])
    admin.get(page)

    def count(numbers: range) -> int:
        for number in numbers:
            make_mapping(number, f"Site {number}", company)
        with CaptureQueriesContext(database) as queries:
            assert admin.get(page).status_code == 200
        return len(queries)

    assert count(range(1, 3)) == count(range(3, 20))


def test_sites_page_chooses_its_organization(admin: Client) -> None:
    company = make_company(1, "Contoso")
    mapping = make_mapping(1, "Warehouse")
    page = reverse("admin:mappings_site_change", args=[mapping.site_id])
    assert "Create an organization" in admin.get(page).content.decode()
    admin.post(reverse("admin:mappings_site_organization", args=[mapping.site_id]), {"company": company.pk})
    mapping.refresh_from_db()
    assert (mapping.company, mapping.state) == (company, "confirmed")
    admin.post(reverse("admin:mappings_site_organization", args=[mapping.site_id]), {"company": ""})
    mapping.refresh_from_db()
    assert mapping.state == "unmapped"


def test_viewers_see_and_change_nothing(viewer: Client) -> None:
    company = make_company(1, "Contoso")
    mapping = make_mapping(1, "Warehouse")
    html = viewer.get(reverse("admin:mappings_company_change", args=[company.pk])).content.decode()
    assert "Add sites" not in html
    for name, key in (
        ("company_sites", company.pk),
        ("site_organization", mapping.site_id),
        ("company_create_site", company.pk),
        ("sitemapping_create_company", mapping.pk),
        ("sitemapping_move_tickets", uuid.uuid4()),
    ):
        assert viewer.post(reverse(f"admin:mappings_{name}", args=[key]), {}).status_code == 403
    assert viewer.get("/admin/mappings/mappingpolicy/").status_code == 403


def test_choices_are_those_of_the_organization_and_need_the_permission(admin: Client) -> None:
    company, other = make_company(1, "Contoso"), make_company(2, "Other")
    for number, owner in ((1, company), (2, other)):
        Contact.objects.create(
            autotask_contact_id=number, company=owner, last_name=f"Ann {number}", synced_at=timezone.now()
        )
    address = reverse("admin:mappings_sitemapping_choices", args=["default_contact"])
    assert [one["text"] for one in admin.get(address, {"company": company.pk}).json()["results"]] == ["Ann 1"]
    assert admin.get(address, {"company": company.pk, "term": "ann 2"}).json()["results"] == []  # type: ignore[arg-type]
    assert admin.get(address).status_code == 404
    stranger = Client()
    stranger.force_login(User.objects.create_user("stranger", password="nothing-at-all", is_staff=True))
    assert stranger.get(address, {"company": company.pk}).status_code == 403


def page_form(mapping: SiteMapping, **values: Any) -> dict[str, Any]:
    return {
        "company": mapping.company_id or "",
        "priority_offset": 0,
        "tickets_enabled": "on",
        "note": "",
        "changes-TOTAL_FORMS": 0,
        "changes-INITIAL_FORMS": 0,
        **values,
    }


def test_page_of_a_mapping_saves_its_settings_and_refuses_foreign_ones_beside_the_field(
    admin: Client,
) -> None:
    company, other = make_company(1, "Contoso"), make_company(2, "Other")
    ours, theirs = (
        Contact.objects.create(
            autotask_contact_id=number, company=owner, last_name=f"Ann {number}", synced_at=timezone.now()
        )
        for number, owner in ((1, company), (2, other))
    )
    queue = PicklistValue.objects.create(
        entity="Tickets", field="queueID", value=5, label="Level II", synced_at=timezone.now()
    )
    mapping = make_mapping(1, "Contoso", company)
    page = reverse("admin:mappings_sitemapping_change", args=[mapping.pk])
    refused = admin.post(page, page_form(mapping, default_contact=theirs.pk))
    assert "belongs to another organization" in refused.content.decode()
    answer = admin.post(page, page_form(mapping, default_contact=ours.pk, queue=queue.pk, priority_offset=-2))
    assert answer.status_code == 302
    mapping.refresh_from_db()
    assert (mapping.default_contact, mapping.queue, mapping.priority_offset) == (ours, queue, -2)
    shown = admin.get(page).content.decode()
    assert "Ann 1" in shown
    assert "2 steps less urgent" in shown


def test_catch_all_is_set_shown_and_hinted_at(admin: Client) -> None:
    make_mapping(1, "Warehouse")
    assert "Choose an organization that gets them meanwhile" in admin.get(LIST).content.decode()
    company, inactive = make_company(1, "Contoso"), make_company(2, "Old", is_active=False)
    page = admin.get("/admin/mappings/mappingpolicy/")["Location"]
    assert admin.get(page).status_code == 200
    assert "can get no tickets" in admin.post(page, {"catch_all_company": inactive.pk}).content.decode()
    assert admin.post(page, {"catch_all_company": company.pk}).status_code == 302
    assert MappingPolicy.objects.get().catch_all_company == company
    assert "go to" in admin.get(LIST).content.decode()
    admin.post(page, {"catch_all_company": ""})
    assert MappingPolicy.objects.get().catch_all_company is None


def test_changed_organization_asks_about_open_tickets_and_moves_them_once(
    admin: Client, person: User, asked: list[Any]
) -> None:
    company, other = make_company(1, "Contoso"), make_company(2, "Other")
    mapping = make_mapping(1, "Contoso", company)
    page = reverse("admin:mappings_sitemapping_change", args=[mapping.pk])
    question = admin.post(page, page_form(mapping, company=other.pk))["Location"]
    batch = mapping.changes.first().batch  # type: ignore[union-attr]
    assert question == reverse("admin:mappings_sitemapping_move_tickets", args=[batch])
    html = admin.get(question).content.decode()
    assert "Future alerts only" in html
    assert "Also move 1 open ticket" in html
    assert admin.post(question, {"move": "1"})["Location"] == LIST
    assert asked == [([mapping.site.datto_site_uid], person, str(batch))]
    assert "Also moved to Other: 1 open ticket" in admin.get(page).content.decode()


def test_every_way_of_deciding_asks_about_open_tickets(admin: Client, asked: list[Any]) -> None:
    company = make_company(1, "Contoso")
    mapping = make_mapping(1, "Contoso", company)
    ticked = {"action": "accept_selected", "_selected_action": [mapping.pk], "index": 0}
    assert "/move-tickets/" in admin.post(LIST, ticked)["Location"]
    assert "/move-tickets/" in admin.post(f"{LIST}undo/")["Location"]
    assert "/move-tickets/" in admin.post(LIST, {"_accept": mapping.pk})["Location"]
    admin.post(f"{LIST}undo/")
    assert "/move-tickets/" in admin.post(f"{LIST}accept-exact/")["Location"]
    assert (
        "/move-tickets/"
        in (
            admin.post(
                reverse("admin:mappings_site_organization", args=[mapping.site_id]),
                {"company": make_company(2, "Other").pk},
            )["Location"]
        )
    )
    assert asked == []


def test_nothing_is_asked_when_no_ticket_stands_elsewhere(admin: Client) -> None:
    company, other = make_company(1, "Contoso"), make_company(2, "Other")
    mapping = make_mapping(1, "Contoso", company)
    page = reverse("admin:mappings_sitemapping_change", args=[mapping.pk])
    assert "move-tickets" not in admin.post(page, page_form(mapping, company=other.pk))["Location"]


@pytest.fixture
def enabled(db: None) -> None:
    Connection.objects.create(is_enabled=True, datto_api_url="https://rmm.example.test")


@pytest.mark.usefixtures("enabled")
def test_organization_is_asked_for_by_a_form_and_only_once(
    admin: Client, celery_outbox: list[SentTask], django_capture_on_commit_callbacks: Any
) -> None:
    PicklistValue.objects.create(
        entity="Companies", field="companyType", value=1, label="Customer", synced_at=timezone.now()
    )
    own = make_company(0, "Our own")
    mapping = make_mapping(1, "Bakery")
    page = reverse("admin:mappings_sitemapping_create_company", args=[mapping.pk])
    html = admin.get(page).content.decode()
    assert 'value="Bakery"' in html
    values = {"name": "Bakery", "phone": "123", "company_type": 1, "like": own.pk}
    assert "required" in admin.post(page, {**values, "phone": ""}).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        first = admin.post(page, values)["Location"]
        second = admin.post(page, values)["Location"]
    assert first == second
    run = SyncRun.objects.get()
    assert [(task.name, task.args) for task in celery_outbox] == [("integration.execute_run", [run.pk])]
    assert "Asked for before" in admin.get(page).content.decode()


@pytest.mark.usefixtures("enabled")
def test_site_is_asked_for_and_a_known_name_is_refused_beside_the_field(
    admin: Client, celery_outbox: list[SentTask]
) -> None:
    company = make_company(1, "Contoso")
    make_mapping(1, "Contoso")
    page = reverse("admin:mappings_company_create_site", args=[company.pk])
    assert "exists already" in admin.post(page, {"name": "Contoso"}).content.decode()
    assert not SyncRun.objects.exists()
    assert admin.post(page, {"name": "Contoso - North"}).status_code == 302
    assert SyncRun.objects.get().entries.get().operation == "create_site"


def test_nothing_is_created_while_the_integration_is_off(admin: Client) -> None:
    company = make_company(1, "Contoso")
    page = reverse("admin:mappings_company_create_site", args=[company.pk])
    assert admin.post(page, {"name": "North"})["Location"] == reverse("connection")
    assert not SyncRun.objects.exists()
