"""The review queue, contract rules and reconciliation on screen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integration.models import SyncRun
from integration.sync.kinds import register
from integration.sync.operations import register_operation
from integration.sync.runs import execute_run, queue_run
from mappings.models import ContractRule, ContractService, DevicePolicy, DeviceReview
from mappings.services.devices.review_kind import CONTRACT_RULES
from mappings.services.devices.reviews import keep_reviews
from mappings.services.devices.unit_adjustments import ADJUST_UNITS
from tests.conftest import SentTask
from tests.mappings.services.devices.review_rows import (
    item_of,
    make_contact,
    make_contract,
    make_home,
    make_linked,
    make_rule,
    make_units,
    review_of,
)

pytestmark = pytest.mark.django_db
QUEUE = "/admin/mappings/devicereview/"
RULES = "/admin/mappings/contractrule/"
RECONCILIATION = "/admin/mappings/contractunits/"


@pytest.fixture(autouse=True)
def _registered() -> None:
    register(CONTRACT_RULES)
    register_operation(ADJUST_UNITS)


@pytest.fixture
def admin(client: Client, person: User, celery_outbox: list[SentTask]) -> Client:
    client.force_login(person)
    return client


def fill(first: int, last: int) -> None:
    """Make an organization with everything, and one device, for each number."""
    for number in range(first, last):
        home = make_home(number)
        make_contract(1000 + number, home.company, "Managed Workstation", "Backup")
        make_units(
            ContractService.objects.filter(contract__company=home.company, name="Managed Workstation").get(),
            3,
        )
        make_contact(number, home.company, "Ada", f"L{number}", is_primary=True)
        make_linked(number, home.site, home.company, last_user="ada")
        make_linked(
            500 + number,
            home.site,
            home.company,
            autotask_contract_id=1000 + number,
            autotask_contract_service_id=10 * (1000 + number),
        )
    keep_reviews(None)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (QUEUE, "Nothing to review yet"),
        (RULES, "Add the first rule"),
        (f"{RULES}try/", "have not been tried yet"),
        (RECONCILIATION, "Nothing to compare yet"),
    ],
)
def test_empty_pages_say_what_appears_and_how(admin: Client, address: str, said: str) -> None:
    page = admin.get(address)
    assert page.status_code == 200
    assert said in page.content.decode()


@pytest.mark.parametrize(
    "address",
    [
        QUEUE,
        f"{QUEUE}?state=all",
        f"{QUEUE}?company=1&on_contract=yes&state=all",
        f"{QUEUE}?q=company",
        f"{RULES}try/",
        RULES,
        RECONCILIATION,
        f"{RECONCILIATION}?only=1",
    ],
)
def test_pages_cost_the_same_queries_for_many(admin: Client, address: str) -> None:
    make_rule(contact_choice="primary")
    fill(1, 3)
    admin.get(address)
    with CaptureQueriesContext(connection) as few:
        assert admin.get(address).status_code == 200
    for place in range(2, 6):
        make_rule(place)
    fill(3, 20)
    with CaptureQueriesContext(connection) as many:
        assert admin.get(address).status_code == 200
    assert len(many) <= len(few)
    # The frame (session, person, menu badges) is not these pages'; what they add is.
    with CaptureQueriesContext(connection) as frame:
        assert admin.get("/admin/password_change/").status_code == 200
    assert len(many) - len(frame) <= 9


@pytest.mark.parametrize(
    ("address", "permission"),
    [
        (QUEUE, "view_devicereview"),
        (RULES, "view_contractrule"),
        (f"{RULES}try/", "view_contractrule"),
        (RECONCILIATION, "view_contractunits"),
        (f"{RECONCILIATION}export/", "view_contractunits"),
    ],
)
def test_pages_need_their_permission(client: Client, address: str, permission: str) -> None:
    nobody = User.objects.create_user("nobody", password="no-rights-at-all", is_staff=True)
    client.force_login(nobody)
    assert client.get(address).status_code == 403
    nobody.user_permissions.add(Permission.objects.get(codename=permission))
    assert client.get(address).status_code == 200


def test_viewers_decide_nothing(client: Client) -> None:
    fill(1, 2)
    review = DeviceReview.objects.filter(state="open").get()
    viewer = User.objects.create_user("viewer", password="only-looking-here", is_staff=True)
    for name in ("view_devicereview", "view_contractrule", "view_contractunits"):
        viewer.user_permissions.add(Permission.objects.get(codename=name))
    client.force_login(viewer)
    for address, values in (
        (QUEUE, {"_accept": review.pk}),
        (f"{QUEUE}{review.pk}/change/", {"decision": "reopen"}),
        (f"{QUEUE}several/", {"ids": review.pk, "decision": "no_contract", "reason": "x"}),
        (f"{QUEUE}undo/", {}),
        (f"{QUEUE}organization/1/accept/", {}),
        (f"{RULES}run/", {}),
        (f"{RULES}try/", {}),
        (RULES, {"_move": "1:1"}),
        (f"{RECONCILIATION}write/1/", {}),
    ):
        assert client.post(address, values).status_code in {403, 404}, address
    review.refresh_from_db()
    assert review.state == "open"


def test_a_row_is_accepted_written_and_taken_back(
    admin: Client, celery_outbox: list[SentTask], django_capture_on_commit_callbacks: Any
) -> None:
    home = make_home(1)
    make_contract(100, home.company, "S")
    make_rule()
    link = make_linked(1, home.site, home.company)
    keep_reviews(None)
    review = review_of(link)
    assert "Managed 100" in admin.get(QUEUE).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        answer = admin.post(f"{QUEUE}?cause__exact=new", {"_accept": review.pk}, follow=True)
    assert answer.redirect_chain == [(f"{QUEUE}?cause__exact=new", 302)]
    assert "1 device accepted. Autotask is being told." in answer.content.decode()
    run = SyncRun.objects.get(kind="devices")
    assert [(one.name, one.args) for one in celery_outbox] == [("integration.execute_run", [run.pk])]
    page = admin.get(f"{QUEUE}?state=mapped").content.decode()
    assert "Not in Autotask yet" in page
    item = item_of(link)
    item.autotask_contract_id, item.autotask_contract_service_id = 100, 1000
    item.save()
    assert "Not in Autotask yet" not in admin.get(f"{QUEUE}?state=mapped").content.decode()
    assert "1 device as before" in admin.post(f"{QUEUE}undo/", follow=True).content.decode()
    assert review_of(link).state == "open"


def test_no_contract_later_and_back_from_the_row(admin: Client) -> None:
    home = make_home(1)
    link = make_linked(1, home.site, home.company)
    keep_reviews(None)
    pk = review_of(link).pk
    refused = admin.post(QUEUE, {"_no_contract": pk}, follow=True).content.decode()
    assert "Reason: say why" in refused
    admin.post(QUEUE, {"_later": pk})
    assert review_of(link).snoozed_until == timezone.localdate() + timedelta(days=7)
    admin.post(QUEUE, {"_no_contract": pk, "reason": "Spare device"})
    assert (review_of(link).state, review_of(link).reason) == ("no_contract", "Spare device")
    assert "Nothing waits" in admin.get(QUEUE).content.decode()
    admin.post(QUEUE, {"_reopen": pk})
    assert review_of(link).state == "open"


@pytest.mark.parametrize("value", ["", "x", "0", "999999", "\u00b2"])
def test_forged_buttons_change_nothing(admin: Client, value: str) -> None:
    fill(1, 2)
    for name in ("_accept", "_later", "_reopen"):
        assert admin.post(QUEUE, {name: value}).status_code == 302
    assert DeviceReview.objects.filter(state="open").count() == 1


def test_the_page_of_a_device_offers_only_its_organization(admin: Client) -> None:
    fill(1, 3)
    link = DeviceReview.objects.get(device__hostname="PC-001")
    url = f"{QUEUE}{link.pk}/change/?_changelist_filters=company%3D1"
    page = admin.get(url).content.decode()
    assert "Ada L1" in page
    assert "Ada L2" not in page
    assert "Managed 1001 · Backup" in page
    assert "Managed 1002" not in page
    foreign = ContractService.objects.filter(contract__autotask_contract_id=1002).first()
    assert foreign is not None
    forged = admin.post(url, {"decision": "assign", "contract": f"{foreign.contract_id}:{foreign.pk}"})
    assert "Select a valid choice" in forged.content.decode()
    assert '<option value="none">No contact</option>' in page
    service = ContractService.objects.get(contract__autotask_contract_id=1001, name="Backup")
    values = {
        "decision": "assign",
        "contract": f"{service.contract_id}:{service.pk}",
        "contact": "",
        "_changelist_filters": "company=1",
    }
    answer = admin.post(url, values)
    assert (answer.status_code, answer["Location"]) == (302, f"{QUEUE}?company=1")
    link.refresh_from_db()
    assert (link.state, link.service) == ("mapped", service)
    assert "Assigned to Managed 1001" in admin.get(url).content.decode()
    assert admin.get(f"{QUEUE}999/change/").status_code == 404


def test_several_are_decided_together(admin: Client) -> None:
    home, other = make_home(1), make_home(2)
    contract = make_contract(100, home.company, "S")
    links = [make_linked(number, home.site, home.company) for number in (1, 2)]
    stranger = make_linked(3, other.site, other.company)
    keep_reviews(None)
    ids = [review_of(one).pk for one in links]
    mixed = admin.post(
        QUEUE, {"action": "decide_selected", "_selected_action": [*ids, review_of(stranger).pk], "index": 0}
    ).content.decode()
    assert "several organizations" in mixed
    page = admin.post(QUEUE, {"action": "decide_selected", "_selected_action": ids, "index": 0})
    assert "2 devices" in page.content.decode()
    service = contract.services.get()
    values = {
        "ids": page.context["ids"],
        "decision": "assign",
        "contract": f"{contract.pk}:{service.pk}",
        "contact": "",
    }
    assert admin.post(f"{QUEUE}several/", values).status_code == 302
    assert {review_of(one).service for one in links} == {service}
    empty = admin.post(f"{QUEUE}several/", {"ids": "1", "decision": "no_contract", "reason": ""})
    assert "Say why there is no contract" in empty.content.decode()


def test_an_organization_is_accepted_with_one_button(admin: Client) -> None:
    home, other = make_home(1), make_home(2)
    for number, one in ((100, home), (200, other)):
        make_contract(number, one.company, "S")
    make_rule()
    links = [make_linked(number, one.site, one.company) for number, one in ((1, home), (2, home), (3, other))]
    keep_reviews(None)
    company = home.company
    page = admin.get(f"{QUEUE}?company={company.pk}").content.decode()
    assert "Accept all proposals of this organization (2)" in page
    admin.post(f"{QUEUE}organization/{company.pk}/accept/")
    assert [review_of(one).state for one in links] == ["mapped", "mapped", "open"]


@pytest.mark.parametrize(
    ("action", "state"),
    [("accept_selected", "mapped"), ("later_selected", "snoozed"), ("reopen_selected", "open")],
)
def test_actions_change_the_ticked_rows(admin: Client, action: str, state: str) -> None:
    home = make_home(1)
    make_contract(100, home.company, "S")
    make_rule()
    ticked, other = (make_linked(number, home.site, home.company) for number in (1, 2))
    keep_reviews(None)
    admin.post(QUEUE, {"action": action, "_selected_action": [review_of(ticked).pk], "index": 0})
    assert (review_of(ticked).state, review_of(other).state) == (state, "open")


def test_names_cannot_inject_markup(admin: Client) -> None:
    home = make_home(1, "<script>alert(1)</script>")
    make_contract(100, home.company, "<b>S</b>", name="<i>x</i>")
    make_rule(name="<u>r</u>")
    make_linked(1, home.site, home.company, hostname="<img src=x>")
    keep_reviews(None)
    review = DeviceReview.objects.get()
    execute_run(queue_run(kind="contract-rules", trigger=SyncRun.Trigger.COMMAND, dry_run=True)[0].pk)
    for address in (QUEUE, f"{QUEUE}{review.pk}/change/", f"{RULES}try/", RULES, RECONCILIATION):
        page = admin.get(address).content.decode()
        for text in ("<script>alert(1)", "<b>S", "<i>x", "<u>r", "<img src=x"):
            assert text not in page, (address, text)


def rule_form(**values: Any) -> dict[str, Any]:
    return {
        "name": "Laptops",
        "is_active": "on",
        "datto_category": "Laptop",
        "udf_operator": "equals",
        "outcome": "assign",
        "contract_choice": "only_active",
        "contact_choice": "keep",
        **values,
    }


def test_a_rule_is_added_refused_beside_its_field_moved_and_tried(admin: Client) -> None:
    fill(1, 2)
    assert admin.get(f"{RULES}add/").status_code == 200
    wrong = admin.post(f"{RULES}add/", rule_form(contract_choice="named")).content.decode()
    assert "Type a part of the contract" in wrong
    for name in ("Laptops", "Others"):
        assert admin.post(f"{RULES}add/", rule_form(name=name)).status_code == 302
    first, second = ContractRule.objects.all()
    assert (first.name, first.position, second.position) == ("Laptops", 1, 2)
    admin.post(RULES, {"_move": f"{second.pk}:-1"})
    assert [one.name for one in ContractRule.objects.all()] == ["Others", "Laptops"]
    for forged in ("", "x:1", f"{second.pk}:5"):
        assert "cannot go further" in admin.post(RULES, {"_move": forged}, follow=True).content.decode()
    answer = admin.post(f"{RULES}try/", follow=True)
    assert "Show what it found" in answer.content.decode()
    done = execute_run(SyncRun.objects.get(kind="contract-rules").pk)
    assert done is not None
    assert (done.status, done.dry_run) == ("succeeded", True)
    page = admin.get(answer.redirect_chain[0][0]).content.decode()
    assert "sells 2 services" in page
    assert "get no proposal" in page
    assert "Show what it found" not in page


def test_proposing_again_is_a_run_that_people_can_watch(
    admin: Client, celery_outbox: list[SentTask], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = admin.post(f"{RULES}run/")
    run = SyncRun.objects.get(kind="contract-rules")
    assert answer["Location"].endswith(f"/{run.pk}/change/")
    assert [one.args for one in celery_outbox] == [[run.pk]]
    done = execute_run(run.pk)
    assert done is not None
    assert done.status == "succeeded"
    assert "0 proposals changed" in done.entries.get().message


def test_reconciliation_filters_exports_and_leads_to_the_devices(admin: Client) -> None:
    fill(1, 3)
    make_home(3, "Even")
    page = admin.get(f"{RECONCILIATION}?q=company 1").content.decode()
    assert "Company 1" in page
    assert "Company 2" not in page
    assert (
        "Company"
        not in admin.get(f"{RECONCILIATION}?q=zzz").content.decode().partition('id="content-main"')[2]
    )
    out = b"".join(admin.get(f"{RECONCILIATION}export/?only=1")).decode()
    assert out.startswith("\ufefforganization,")
    assert out.count("Managed Workstation") == 2
    service = ContractService.objects.get(contract__autotask_contract_id=1001, name="Managed Workstation")
    listed = admin.get(f"{QUEUE}?state=all&service={service.pk}").content.decode()
    assert "PC-501" in listed
    assert "PC-001" not in listed
    none = admin.get(f"{QUEUE}?state=all&on_contract=no").content.decode()
    assert "PC-001" in none
    assert "PC-501" not in none


def test_units_are_written_only_with_policy_and_confirmation(
    admin: Client, celery_outbox: list[SentTask], django_capture_on_commit_callbacks: Any
) -> None:
    fill(1, 2)
    service = ContractService.objects.get(name="Managed Workstation")
    company = service.contract.company
    url = f"{RECONCILIATION}write/{company.pk}/"
    assert "Write units" not in admin.get(RECONCILIATION).content.decode()
    assert admin.get(url).status_code == 403
    DevicePolicy.objects.create(adjusts_units=True)
    assert "Write units" in admin.get(RECONCILIATION).content.decode()
    assert f'value="{service.pk}:3:1"' in admin.get(url).content.decode()
    stale = admin.post(url, {"change": f"{service.pk}:9:1"}, follow=True).content.decode()
    assert "have changed since you saw them" in stale
    with django_capture_on_commit_callbacks(execute=True):
        answer = admin.post(url, {"change": f"{service.pk}:3:1"})
    run = SyncRun.objects.get(kind="devices")
    assert answer["Location"].endswith(f"/{run.pk}/change/")
    assert run.entries.get().after == {"units": 1}
    assert "being written" in admin.post(url, {"change": f"{service.pk}:3:1"}, follow=True).content.decode()
