"""The page itself: what it shows and hides, what it takes, and what it refuses."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from django.test import Client
from django.utils import timezone

from integration import limits
from tests.tickets.requests.conftest import RequestPage, hidden_fields
from tickets.models import AgentRequest, RequestLink, RequestPolicy
from tickets.services.requests.links import make_link, revoke

pytestmark = pytest.mark.django_db


def text_of(answer: Any) -> str:
    text: str = answer.content.decode()
    return text


def test_it_knows_device_and_organization(page: RequestPage):
    text = text_of(page.client.get(page.path))
    assert page.bridge.device.hostname in text
    assert "Test Company" in text
    assert "We already know about" not in text
    assert RequestLink.objects.get().last_used_at is not None


def test_open_alerts_are_told_in_plain_words(page: RequestPage):
    page.bridge.deliver(page.bridge.raise_alert(contextClass="perf_disk_usage_ctx", subject="D:"))
    page.bridge.deliver(page.bridge.raise_alert(contextClass="ransomware_ctx", subject="secret-folder"))
    alerts = list(page.bridge.device.__class__.objects.all())
    assert alerts
    text = text_of(page.client.get(page.path))
    assert "We already know about" in text
    assert "The disk is nearly full" in text
    for leak in ("D:", "ansomware", "secret-folder", page.bridge.device.datto_device_uid, "rmm-alert"):
        assert leak not in text, leak


def test_it_needs_no_script_and_no_third_party(page: RequestPage):
    answer = page.client.get(page.path)
    text = text_of(answer)
    assert "<script" not in text
    assert "http://" not in text
    assert "https://" not in text
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in text
    assert "prefers-color-scheme: dark" in Path("templates/static/tickets/request.css").read_text()
    policy = answer["Content-Security-Policy"]
    assert "script-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "'unsafe-inline'" not in policy
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Robots-Tag"].startswith("noindex")
    assert "session" not in " ".join(page.client.cookies)


def test_a_form_of_another_site_is_refused(page: RequestPage):
    page.open()
    answer = page.send(hidden={"nonce": "x" * 20, "csrfmiddlewaretoken": "y" * 64})
    assert answer.status_code == 403
    assert "Nothing was sent" in text_of(answer)
    assert "Each page comes out crumpled." in text_of(answer)
    assert not AgentRequest.objects.exists()
    hidden = hidden_fields(answer)
    assert page.send(hidden=hidden).status_code == 303


def test_csrf_failures_elsewhere_are_django_s(client: Client):
    answer = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "x"})
    assert answer.status_code == 403
    assert "Ask for help" not in text_of(answer)
    del client


def test_the_same_form_sent_twice_is_one_request(page: RequestPage):
    hidden = page.open()
    first, second = page.send(hidden=hidden), page.send(hidden=hidden)
    assert first.url == second.url
    assert AgentRequest.objects.count() == 1


def test_the_same_words_from_a_page_loaded_anew_are_one_request(page: RequestPage):
    assert page.send().url == page.send().url
    assert AgentRequest.objects.count() == 1
    AgentRequest.objects.update(received_at=timezone.now() - timedelta(hours=1))
    page.send()
    assert AgentRequest.objects.count() == 2


def test_a_corrected_form_is_another_request(page: RequestPage):
    hidden = page.open()
    page.send(hidden=hidden)
    page.send(hidden=hidden, text="And now it is on fire.")
    assert AgentRequest.objects.count() == 2


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"subject": " "}, "Subject is empty."),
        ({"text": ""}, "What happens is empty."),
        ({"name": ""}, "Your name is empty."),
        ({"email": ""}, "E-mail and phone are empty."),
        ({"email": "nobody"}, "E-mail is not an address."),
        ({"phone": "call me"}, "Phone is not a number."),
        ({"subject": "x" * 201}, "Subject has 201 characters; at most 200 fit."),
        ({"text": "x" * 5001}, "What happens has 5,001 characters; at most 5,000 fit."),
        ({"email": f"{'x' * 300}@example.com"}, "E-mail has 312 characters; at most 254 fit."),
        ({"website": "https://spam.example"}, "Website is filled in. Leave it empty"),
        ({"nonce": "<b>"}, "This page was not complete."),
    ],
)
def test_errors_name_field_and_cure_and_keep_what_was_written(page: RequestPage, values: Any, words: str):
    answer = page.send(hidden={**page.open(), "text": "My words stay.", **values})
    assert answer.status_code == 400
    assert words in text_of(answer)
    if "text" not in values:
        assert "My words stay." in text_of(answer)
    assert not AgentRequest.objects.exists()


def test_a_huge_form_is_refused(page: RequestPage):
    answer = page.send(text="x" * 70_000)
    assert answer.status_code == 413
    assert not AgentRequest.objects.exists()


def test_hostile_text_is_shown_as_text(page: RequestPage):
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
    answer = page.send(subject=evil, text=f"</textarea>{evil}", name=evil, email="no")
    assert "<script>alert" not in text_of(answer)
    assert "<img src=x" not in text_of(answer)
    answer = page.send(subject=evil, text=f"</textarea>{evil}", name=evil)
    assert "<script>alert" not in text_of(page.client.get(answer.url))
    request = page.work()
    assert request.state == AgentRequest.State.TICKETED
    (remote,) = page.remote_tickets()
    assert remote["title"] == evil


def test_control_characters_do_not_reach_anybody(page: RequestPage):
    page.send(subject="a\x00b\nc\u202ed", text="one\r\ntwo\x1b[31m")
    request = page.request()
    assert request.subject == "ab cd"
    assert request.text == "one\ntwo[31m"


def test_an_unknown_token_is_404_and_a_revoked_one_410_without_facts(page: RequestPage):
    unknown = page.client.get(f"/request/{'x' * 43}/")
    assert unknown.status_code == 404
    revoke(RequestLink.objects.all(), "Test", timezone.now())
    for answer in (page.client.get(page.path), page.client.get(f"{page.path}sent/12345678/")):
        assert answer.status_code == 410
        assert page.bridge.device.hostname not in text_of(answer)
        assert "Test Company" not in text_of(answer)
        assert "IT support" in text_of(answer)


def test_a_revoked_page_takes_nothing(page: RequestPage):
    hidden = page.open()
    revoke(RequestLink.objects.all(), "Test", timezone.now())
    assert page.send(hidden=hidden).status_code == 410
    assert not AgentRequest.objects.exists()


def test_an_expired_page_and_one_of_a_deleted_device_are_gone(page: RequestPage):
    RequestLink.objects.update(expires_at=timezone.now())
    assert page.client.get(page.path).status_code == 410
    RequestLink.objects.update(expires_at=timezone.now() + timedelta(days=1))
    assert page.client.get(page.path).status_code == 200
    page.bridge.device.is_deleted = True
    page.bridge.device.save()
    assert page.client.get(page.path).status_code == 410


def test_more_than_so_many_an_hour_are_refused_and_keep_their_words(page: RequestPage):
    RequestPolicy.objects.create(pk=1, requests_per_hour=2)
    for number in range(2):
        assert page.send(subject=f"Trouble {number}").status_code == 303
    answer = page.send(subject="One more")
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert "Too many requests" in text_of(answer)
    assert "One more" in text_of(answer)
    assert AgentRequest.objects.count() == 2


def test_the_limit_of_an_address_spans_devices(page: RequestPage, monkeypatch: Any):
    monkeypatch.setattr("tickets.services.requests.receive._ADDRESS_PER_HOUR", 1)
    assert page.send().status_code == 303
    assert page.send(subject="Other").status_code == 429


def test_without_redis_stored_requests_are_counted(page: RequestPage, monkeypatch: Any):
    RequestPolicy.objects.create(pk=1, requests_per_hour=1)

    def away() -> Any:
        return redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.1)

    monkeypatch.setattr(limits, "get_redis", away)
    assert page.send().status_code == 303
    assert page.send(subject="Other").status_code == 429


def test_the_confirmation_looks_again_until_the_number_is_known(page: RequestPage):
    answer = page.send()
    waiting = text_of(page.client.get(answer.url))
    assert 'http-equiv="refresh"' in waiting
    assert "reference" in waiting
    request = page.work()
    known = text_of(page.client.get(answer.url))
    assert request.ticket is not None
    assert request.ticket.ticket_number in known
    assert 'http-equiv="refresh"' not in known
    assert page.client.get(f"{page.path}sent/00000000/").status_code == 404


def test_a_blocked_request_tells_the_person_nothing_technical(page: RequestPage):
    page.bridge.mapping.company, page.bridge.mapping.state = None, "unmapped"
    page.bridge.mapping.save()
    answer = page.send()
    page.work()
    text = text_of(page.client.get(answer.url))
    assert "IT support has your request" in text
    assert "organization" not in text


def test_another_device_s_request_is_not_shown(page: RequestPage):
    answer = page.send()
    other = page.bridge.device.__class__.objects.create(
        datto_device_uid="other", hostname="OTHER", site=page.bridge.site, synced_at=timezone.now()
    )
    path = make_link(other, user=None).url.split("//", 1)[1].split("/", 1)[1]
    reference = answer.url.rstrip("/").rsplit("/", 1)[1]
    assert page.client.get(f"/{path}sent/{reference}/").status_code == 404
