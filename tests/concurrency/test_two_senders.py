"""One form sent by two processes at once, and one request decided by two workers: one request, one ticket."""

from __future__ import annotations

import pytest
from django.db import connection
from django.utils import timezone

from mappings.models import Company, Device, Site, SiteMapping
from tests.concurrency.test_two_workers import at_once
from tickets.domain.requests import read_form
from tickets.models import Action, AgentRequest, RequestLink, Ticket
from tickets.services.defaults import ensure_rows
from tickets.services.requests.decide import decide_request
from tickets.services.requests.links import fetch_link, make_link
from tickets.services.requests.receive import receive_request

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def link() -> RequestLink:
    assert connection.vendor == "postgresql"
    ensure_rows()
    now = timezone.now()
    site = Site.objects.create(datto_site_uid="site", name="Berlin", synced_at=now)
    company = Company.objects.create(autotask_company_id=5, name="Contoso", synced_at=now)
    SiteMapping.objects.create(site=site, company=company, state="confirmed")
    device = Device.objects.create(datto_device_uid="uid", hostname="PC-1", site=site, synced_at=now)
    return make_link(device, user=None).link


def test_a_form_sent_at_once_is_one_request(link: RequestLink):
    form = read_form({"subject": "s", "text": "t", "name": "n", "phone": "1"})
    assert not form.errors
    taken = at_once(lambda: receive_request(link, form, "nonce" * 4, "192.0.2.1", timezone.now()))
    assert AgentRequest.objects.count() == 1
    assert sum(one.is_new for one in taken) == 1
    assert AgentRequest.objects.get().events.count() == 1


def test_a_request_decided_at_once_has_one_ticket_and_one_wish(link: RequestLink):
    request = AgentRequest.objects.create(
        device=link.device, key="k" * 64, subject="s", text="t", received_at=timezone.now()
    )
    due = at_once(lambda: decide_request(request.pk))
    assert sorted(map(len, due)) == [0] * (len(due) - 1) + [1]
    assert Ticket.objects.count() == 1
    assert Action.objects.count() == 1


def test_a_device_that_fetches_at_once_keeps_two_links(link: RequestLink):
    at_once(lambda: fetch_link(link.device, timezone.now()))
    fetched = RequestLink.objects.filter(source="component", revoked_at__isnull=True)
    assert fetched.count() == 2
