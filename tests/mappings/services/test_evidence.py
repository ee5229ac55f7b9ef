"""Hints from stored devices, contacts and companies: bounded in queries, and shown as proposals by the sync."""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mappings.models import Contact, Device, SiteMapping
from mappings.services.decisions import accept_exact, accept_native, choose_company, reset
from mappings.services.evidence import Evidence
from mappings.services.upkeep import repropose
from tests.mappings.conftest import guid, make_company, make_mapping

pytestmark = pytest.mark.django_db


def add_device(number: int, mapping: SiteMapping, **values: object) -> None:
    Device.objects.create(
        datto_device_uid=guid(number), site=mapping.site, synced_at=timezone.now(), **values
    )


def test_site_behind_a_confirmed_sites_address_is_proposed_and_never_accepted_in_bulk() -> None:
    company = make_company(7, "Contoso")
    known, unknown = make_mapping(1, "Contoso"), make_mapping(2, "Warehouse")
    choose_company(known, company, None)
    for number, mapping in enumerate((known, unknown, unknown), start=1):
        add_device(number, mapping, external_ip="8.8.4.4")
    repropose([unknown])
    unknown.save()
    assert (unknown.state, unknown.source, unknown.company) == ("proposed", "address", company)
    assert unknown.reason == "2 of 2 devices share the external address 8.8.4.4 with Contoso."
    assert accept_exact().changed == accept_native().changed == 0


def test_site_whose_people_have_the_companys_addresses_is_proposed() -> None:
    company = make_company(7, "Contoso")
    Contact.objects.create(
        autotask_contact_id=1, company=company, email="bo@contoso.com", synced_at=timezone.now()
    )
    mapping = make_mapping(1, "Warehouse")
    add_device(1, mapping, last_user="ann@contoso.com")
    add_device(2, mapping, last_user="bob@gmail.com", domain="ad.contoso.com")
    repropose([mapping])
    assert (mapping.state, mapping.source, mapping.company) == ("proposed", "email", company)


def test_taking_a_decision_back_shows_the_hint_again() -> None:
    company, other = make_company(7, "Contoso"), make_company(8, "Fabrikam")
    known, mapping = make_mapping(1, "Contoso"), make_mapping(2, "Warehouse")
    choose_company(known, company, None)
    add_device(1, known, external_ip="8.8.4.4")
    add_device(2, mapping, external_ip="8.8.4.4")
    choose_company(mapping, other, None)
    reset([mapping.pk], None)
    mapping.refresh_from_db()
    assert (mapping.state, mapping.company) == ("proposed", company)


def test_queries_do_not_grow_with_sites() -> None:
    company = make_company(7, "Contoso")

    def fill(start: int, count: int) -> None:
        for number in range(start, start + count):
            mapping = make_mapping(number, f"Site {number}")
            add_device(number, mapping, external_ip=f"8.8.{number}.4", last_user=f"a@c{number}.com")
            if number % 2:
                choose_company(mapping, company, None)

    fill(1, 4)
    with CaptureQueriesContext(database) as few:
        Evidence()
    fill(5, 20)
    with CaptureQueriesContext(database) as many:
        Evidence()
    assert len(many) == len(few) <= 6
