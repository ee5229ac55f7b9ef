from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin import site
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import conditional_escape

from mappings import columns
from mappings.models import (
    Company,
    CompanyLocation,
    MirrorState,
    SiteMapping,
)
from tests.any_rows import make_rows, registered
from tests.mappings.conftest import make_company, make_mapping

pytestmark = pytest.mark.django_db
LIST = "/admin/mappings/sitemapping/"
#: Every list of the app, also tomorrow's; the policies are forms of one row.
MODELS = [
    model._meta.model_name or "" for model in registered("mappings") if not hasattr(model, "SINGLETON_ID")
]
#: What an empty list says where it is no plain list.
EMPTY_WORDS = {"devicefinding": "Nothing has been compared yet.", "contractunits": "Nothing to compare yet."}
#: Nobody adds to these by hand.
MIRRORS = (
    "businesshours", "company", "companylocation", "configurationitem", "configurationitemcategory", "configurationitemtype", "contact",
    "contractunits", "device", "devicefinding", "devicereview", "fieldmaploss", "mirrorstate", "picklistvalue", "product",
    "resource", "role", "site", "ticketudf", "udfdefinition", "worktype",
)  # fmt: skip


@pytest.fixture
def admin(client: Client, person: User) -> Client:
    client.force_login(person)
    return client


# The list of device types is never empty: the rule for every other device is always there.
@pytest.mark.parametrize("model", [name for name in MODELS if name != "devicetyperule"])
def test_empty_list_explains_itself(admin: Client, model: str) -> None:
    page = admin.get(f"/admin/mappings/{model}/")
    assert page.status_code == 200
    words = page.content.decode()
    assert "No results found" not in words
    model_admin: Any = site._registry[apps.get_model("mappings", model)]
    text = EMPTY_WORDS.get(model, model_admin.empty_text)
    assert len(text) > 20
    assert conditional_escape(text) in words


@pytest.mark.parametrize("model", MODELS)
def test_list_and_page_render_with_a_constant_number_of_queries(admin: Client, model: str) -> None:
    model_class = apps.get_model("mappings", model)
    make_rows(model_class, 2)
    url = f"/admin/mappings/{model}/"
    admin.get(url)
    with CaptureQueriesContext(connection) as few:
        assert admin.get(url).status_code == 200
    make_rows(model_class, 8, start=3)
    with CaptureQueriesContext(connection) as many:
        page = admin.get(url)
    if model != "contractunits":  # a page of its own, by organization
        assert page.context["cl"].result_count >= 10
    assert len(many) == len(few) <= 13
    for row in model_class._default_manager.all()[:3]:
        assert admin.get(reverse(f"admin:mappings_{model}_change", args=[row.pk])).status_code == 200


@pytest.mark.parametrize("model", MODELS)
def test_lists_need_the_view_permission(client: Client, model: str) -> None:
    nobody = User.objects.create_user("nobody", password="no-rights-at-all", is_staff=True)
    client.force_login(nobody)
    assert client.get(f"/admin/mappings/{model}/").status_code == 403
    nobody.user_permissions.add(Permission.objects.get(codename=f"view_{model}"))
    assert client.get(f"/admin/mappings/{model}/").status_code == 200


@pytest.mark.parametrize("model", MIRRORS)
def test_mirrors_are_read_only_even_for_a_superuser(admin: Client, model: str) -> None:
    assert admin.get(f"/admin/mappings/{model}/add/").status_code == 403


@pytest.mark.parametrize("page", ["accept-native", "accept-exact", "undo", "import"])
def test_viewers_change_nothing(client: Client, page: str) -> None:
    viewer = User.objects.create_user("viewer", password="only-looking-here", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_sitemapping"))
    client.force_login(viewer)
    mapping = make_mapping(1, "Contoso", make_company(1, "Contoso"))
    assert client.post(f"{LIST}{page}/").status_code == 403
    assert client.post(LIST, {"_accept": mapping.pk}).status_code == 403
    mapping.refresh_from_db()
    assert mapping.state == "proposed"


@pytest.mark.parametrize("page", ["accept-native", "accept-exact", "undo"])
def test_buttons_do_nothing_on_get(admin: Client, page: str) -> None:
    assert admin.get(f"{LIST}{page}/").status_code == 403


def test_states_filter_the_list_by_address_with_counts(admin: Client) -> None:
    make_mapping(1, "Contoso", make_company(1, "Contoso"))
    make_mapping(2, "Zebra")
    page = admin.get(f"{LIST}?state=proposed").content.decode()
    assert "Contoso" in page
    assert "Zebra" not in page
    assert "Proposed (1)" in page
    assert "To decide (2)" in page


def test_row_button_accepts_one_proposal_and_undo_takes_it_back(admin: Client) -> None:
    mapping = make_mapping(1, "Contoso", make_company(1, "Contoso"))
    answer = admin.post(f"{LIST}?state=proposed", {"_accept": mapping.pk}, follow=True)
    assert answer.redirect_chain == [(f"{LIST}?state=proposed", 302)]
    assert "1 site confirmed" in answer.content.decode()
    mapping.refresh_from_db()
    assert mapping.state == "confirmed"
    assert "1 site as before" in admin.post(f"{LIST}undo/", follow=True).content.decode()
    mapping.refresh_from_db()
    assert mapping.state == "proposed"


def test_candidate_button_resolves_a_conflict(admin: Client) -> None:
    make_company(1, "Twin")
    make_company(2, "Twin")
    candidates = [{"company_id": n, "name": "Twin", "score": 100, "reason": "same name"} for n in (1, 2)]
    mapping = make_mapping(1, "Twin", state="conflict", candidates=candidates)
    assert f'value="{mapping.pk}:2"' in admin.get(LIST).content.decode()
    admin.post(LIST, {"_choose": f"{mapping.pk}:2"})
    mapping.refresh_from_db()
    assert mapping.company is not None
    assert (mapping.state, mapping.company.autotask_company_id) == ("confirmed", 2)


@pytest.mark.parametrize("value", ["", "x", "1:", "999:1", "\u00b2"])
def test_forged_buttons_change_nothing(admin: Client, value: str) -> None:
    mapping = make_mapping(1, "Contoso", make_company(1, "Contoso"))
    for name in ("_accept", "_choose"):
        assert admin.post(LIST, {name: value}).status_code == 302
    mapping.refresh_from_db()
    assert mapping.state == "proposed"


@pytest.mark.parametrize(
    ("action", "state"), [("accept_selected", "confirmed"), ("ignore_selected", "ignored")]
)
def test_bulk_actions_change_the_ticked_rows(admin: Client, action: str, state: str) -> None:
    mapping = make_mapping(1, "Contoso", make_company(1, "Contoso"))
    other = make_mapping(2, "Other", make_company(2, "Other"))
    admin.post(LIST, {"action": action, "_selected_action": [mapping.pk], "index": 0})
    mapping.refresh_from_db()
    other.refresh_from_db()
    assert (mapping.state, other.state) == (state, "proposed")
    admin.post(LIST, {"action": "reset_selected", "_selected_action": [mapping.pk], "index": 0})
    mapping.refresh_from_db()
    assert mapping.state == "proposed"


def test_bulk_buttons_accept_by_source(admin: Client) -> None:
    company = make_company(1, "Contoso")
    make_mapping(1, "A", company, source="native")
    make_mapping(2, "B", company, source="exact")
    make_mapping(3, "C", company, source="similar")
    page = admin.get(LIST).content.decode()
    assert "Accept all linked in Datto RMM (1)" in page
    admin.post(f"{LIST}accept-native/")
    admin.post(f"{LIST}accept-exact/")
    assert set(SiteMapping.objects.filter(state="confirmed").values_list("site__name", flat=True)) == {
        "A",
        "B",
    }


def edit_row(mapping: SiteMapping, company: Company | None) -> dict[str, Any]:
    return {
        "form-TOTAL_FORMS": 1,
        "form-INITIAL_FORMS": 1,
        "form-0-id": mapping.pk,
        "form-0-company": company.pk if company else "",
        "_save": "Save",
    }


def test_organization_is_changed_in_its_row(admin: Client) -> None:
    mapping = make_mapping(1, "Contoso", make_company(1, "Contoso"))
    other, inactive = make_company(2, "Other"), make_company(3, "Old", is_active=False)
    page = admin.post(LIST, edit_row(mapping, inactive))
    assert "inactive in Autotask" in page.content.decode()
    assert admin.post(LIST, edit_row(mapping, other)).status_code == 302
    mapping.refresh_from_db()
    assert (mapping.state, mapping.company) == ("confirmed", other)
    assert admin.post(LIST, edit_row(mapping, None)).status_code == 302
    mapping.refresh_from_db()
    assert (mapping.state, mapping.decided_at) == ("proposed", None)


def change_form(mapping: SiteMapping, **values: Any) -> dict[str, Any]:
    return {
        "company": mapping.company_id or "",
        "company_location": "",
        "priority_offset": 0,
        "tickets_enabled": "on",
        "note": "",
        "changes-TOTAL_FORMS": 0,
        "changes-INITIAL_FORMS": 0,
        **values,
    }


def test_page_of_a_mapping_offers_only_its_organizations_locations(admin: Client) -> None:
    company, other = make_company(1, "Contoso"), make_company(2, "Other")
    for number, (owner, name) in enumerate(((company, "Our place"), (other, "Their place"))):
        CompanyLocation.objects.create(
            autotask_location_id=number, company=owner, name=name, synced_at=timezone.now()
        )
    mapping = make_mapping(1, "Contoso", company)
    url = reverse("admin:mappings_sitemapping_change", args=[mapping.pk])
    choices = admin.get(
        reverse("admin:mappings_sitemapping_choices", args=["company_location"]), {"company": company.pk}
    ).json()
    assert [one["text"] for one in choices["results"]] == ["Our place"]
    ours = CompanyLocation.objects.get(name="Our place")
    answer = admin.post(url, change_form(mapping, company_location=ours.pk, note="Ask for Ada"))
    assert answer.status_code == 302, answer.content.decode()[:2000]
    mapping.refresh_from_db()
    assert (mapping.company_location, mapping.note, mapping.devices_enabled) == (ours, "Ask for Ada", False)
    assert mapping.state == "proposed"
    admin.post(url, change_form(mapping, company=other.pk, company_location=ours.pk))
    mapping.refresh_from_db()
    assert (mapping.company, mapping.company_location, mapping.state) == (other, None, "confirmed")
    assert "Mapped to Other" in admin.get(url).content.decode()


def test_choices_tell_organizations_of_one_name_apart(admin: Client) -> None:
    make_company(17, "Twin")
    make_company(18, "Twin", is_active=False)
    make_company(19, "Twin", is_missing=True)
    answer = admin.get(
        reverse("admin:mappings_company_choices"),
        {"term": "twin", "app_label": "mappings", "model_name": "sitemapping", "field_name": "company"},
    )
    assert [one["text"] for one in answer.json()["results"]] == ["Twin · 17", "Twin · 18 · inactive"]


def test_open_alerts_are_shown_when_somebody_counts_them(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_mapping(1, "Contoso", make_company(1, "Contoso"))
    monkeypatch.setattr(columns, "_open_alerts", [])
    assert "Open alerts" not in admin.get(LIST).content.decode()
    columns.register_open_alerts(lambda uids: dict.fromkeys(uids, 4711))
    page = admin.get(LIST).content.decode()
    assert "Open alerts" in page
    assert "4711" in page


def test_inactive_values_are_struck_through(admin: Client) -> None:
    make_company(1, "Old Mill", is_active=False)
    assert (
        '<s title="Inactive in Autotask">Old Mill</s>'
        in admin.get("/admin/mappings/company/").content.decode()
    )


def test_names_cannot_inject_markup(admin: Client) -> None:
    make_mapping(1, "<script>alert(1)</script>", make_company(1, "<b>x</b>"), reason="<i>why</i>")
    page = admin.get(LIST).content.decode()
    assert "<script>alert(1)" not in page
    assert "<b>x</b>" not in page
    assert "<i>why</i>" not in page


def test_csv_goes_out_and_comes_back_through_a_preview(admin: Client) -> None:
    mapping = make_mapping(1, "Contoso")
    make_company(7, "Contoso")
    out = admin.get(f"{LIST}export/")
    assert out["Content-Type"].startswith("text/csv")
    text = out.getvalue().decode().replace("Contoso,,,unmapped", "Contoso,7,,confirmed")
    upload = SimpleUploadedFile("m.csv", text.encode(), content_type="text/csv")
    preview = admin.post(f"{LIST}import/", {"file": upload})
    page = preview.content.decode()
    assert "Nothing is applied yet" in page, page[:3000]
    assert "Confirmed: Contoso" in page
    mapping.refresh_from_db()
    assert mapping.state == "unmapped"
    done = admin.post(f"{LIST}import/", {"apply": "1", "text": preview.context["text"]}, follow=True)
    assert "1 sites changed" in done.content.decode()
    mapping.refresh_from_db()
    assert mapping.state == "confirmed"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"site,company\n1,2", "is missing"),
        (b"", "empty"),
        (b"\xff\xfa\x00", "UTF-8"),
        (None, "none was chosen"),
    ],
)
def test_bad_upload_is_explained(admin: Client, content: bytes | None, text: str) -> None:
    values = {} if content is None else {"file": SimpleUploadedFile("m.csv", content)}
    assert text in admin.post(f"{LIST}import/", values).content.decode()


def test_large_change_is_allowed_by_action(admin: Client) -> None:
    state = MirrorState.objects.create(name="devices")
    admin.post(
        "/admin/mappings/mirrorstate/",
        {"action": "allow_one_large_change", "_selected_action": ["devices"], "index": 0},
    )
    state.refresh_from_db()
    assert state.large_change_allowed_until is not None
