"""A device fetches its own link with the installation's secret."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import redis
from django.test import Client
from django.utils import timezone

from integration import limits
from mappings.models import Device, Site
from tickets.models import RequestLink, RequestPolicy
from tickets.services.requests.policy import load_request_policy, revoke_secret, rotate_secret

pytestmark = pytest.mark.django_db
ADDRESS = "/request/enroll/"


@pytest.fixture
def device() -> Device:
    site = Site.objects.create(datto_site_uid="site", name="Berlin", synced_at=timezone.now())
    return Device.objects.create(
        datto_device_uid="AbC-1", hostname="PC-1", site=site, synced_at=timezone.now()
    )


def ask(secret: str, uid: str = "abc-1", **headers: str) -> Any:
    client = Client(enforce_csrf_checks=True)
    return client.post(ADDRESS, {"device_uid": uid}, headers={"Authorization": f"Bearer {secret}", **headers})


def test_a_device_gets_a_link_that_works(device: Device):
    answer = ask(rotate_secret().component_secret)
    assert answer.status_code == 200
    path = answer.json()["url"].split("/request/", 1)[1]
    assert "PC-1" in Client().get(f"/request/{path}").content.decode()
    link = RequestLink.objects.get()
    assert (link.device, link.source) == (device, "component")
    assert path.strip("/") not in link.digest


def test_json_and_plain_text(device: Device):
    secret = rotate_secret().component_secret
    del device
    answer = Client().post(
        ADDRESS,
        '{"device_uid": "{ABC-1}"}',
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"},
    )
    assert answer.status_code == 200
    plain = ask(secret, Accept="text/plain")
    assert plain["Content-Type"].startswith("text/plain")
    assert plain.content.decode().strip().endswith("/")


@pytest.mark.parametrize("secret", ["", "wrong", "é"])
def test_a_wrong_secret_is_refused(device: Device, secret: str):
    del device
    rotate_secret()
    answer = Client().post(ADDRESS, {"device_uid": "AbC-1"}, HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert answer.status_code == 401
    assert set(answer.json()) == {"error", "cure"}
    assert not RequestLink.objects.exists()


def test_without_a_secret_nobody_gets_in(device: Device):
    del device
    assert ask("").status_code == 401


def test_rotating_and_revoking_end_the_old_secret(device: Device):
    del device
    old = rotate_secret().component_secret
    new = rotate_secret().component_secret
    assert ask(old).status_code == 401
    assert ask(new).status_code == 200
    revoke_secret()
    assert ask(new).status_code == 401
    assert load_request_policy().secret_made_at is None


def test_unknown_and_deleted_devices_get_none(device: Device):
    secret = rotate_secret().component_secret
    assert ask(secret, "other").status_code == 404
    assert ask(secret, "").status_code == 400
    device.is_deleted = True
    device.save()
    assert ask(secret).status_code == 404
    assert not RequestLink.objects.exists()


def test_the_latest_two_fetched_links_stay_and_links_of_people_too(device: Device):
    secret = rotate_secret().component_secret
    RequestLink.objects.create(device=device, digest="0" * 64)
    for _ in range(4):
        assert ask(secret).status_code == 200
    live = RequestLink.objects.filter(revoked_at__isnull=True)
    assert live.filter(source="component").count() == 2
    assert live.filter(source="person").count() == 1
    assert RequestLink.objects.exclude(revoked_why="").count() == 2


def test_fetched_links_end_when_the_policy_says_so(device: Device):
    del device
    secret = rotate_secret().component_secret
    RequestPolicy.objects.update(link_days=30)
    ask(secret)
    expires_at = RequestLink.objects.get().expires_at
    assert expires_at is not None
    assert timedelta(days=29) < expires_at - timezone.now() < timedelta(days=31)


def test_a_device_may_not_ask_too_often(device: Device):
    del device
    secret = rotate_secret().component_secret
    for _ in range(12):
        assert ask(secret).status_code == 200
    answer = ask(secret)
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0


def test_guessing_is_slowed_down_and_the_right_secret_still_works(device: Device):
    del device
    secret = rotate_secret().component_secret
    assert [ask("wrong").status_code for _ in range(21)] == [401] * 20 + [429]
    assert ask(secret).status_code == 200


def test_without_redis_nothing_is_handed_out(device: Device, monkeypatch: Any):
    del device
    secret = rotate_secret().component_secret
    monkeypatch.setattr(
        limits, "get_redis", lambda: redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.1)
    )
    answer = ask(secret)
    assert answer.status_code == 503
    assert not RequestLink.objects.exists()


def test_a_large_message_is_refused(device: Device):
    del device
    assert ask(rotate_secret().component_secret, "x" * 5000).status_code == 413


def test_the_secret_is_encrypted_at_rest(device: Device):
    del device
    from django.db import connection  # noqa: PLC0415 - only here

    secret = rotate_secret().component_secret
    with connection.cursor() as cursor:
        cursor.execute("SELECT component_secret FROM tickets_requestpolicy")
        assert secret not in cursor.fetchone()[0]
