from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tickets.selectors import waiting


@pytest.fixture(autouse=True)
def _nothing_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that lost Redis remembers its own count for a while, also into the next test."""
    monkeypatch.setattr(waiting, "_own", waiting._OwnCount())


@pytest.fixture
def boss(db: None) -> User:
    return User.objects.create_superuser("boss", password="a password of mine")


@pytest.fixture
def signed_in(client: Client, boss: User) -> Client:
    client.force_login(boss)
    return client


@pytest.fixture
def staff(db: None) -> Callable[..., Client]:
    """Return a signed-in client of a staff member with just these permissions."""

    def make(*codenames: str) -> Client:
        user = User.objects.create_user(f"staff{User.objects.count()}", password="x", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client = Client()
        client.force_login(user)
        return client

    return make


@pytest.fixture
def count_queries(django_assert_num_queries: Any) -> Callable[[Client, str], int]:
    def run(client: Client, url: str) -> int:
        client.get(url)  # permissions and content types are looked up once per process
        with CaptureQueriesContext(
            connection,
        ) as captured:
            answer = client.get(url)
        assert answer.status_code == 200, answer
        return len(captured)

    return run
