"""A sandbox over real HTTP, people of each kind, and a connection to it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User

from integration import clients, demo
from integration.connections import enable, get_connection, save_connection
from tests.sandbox.served import served


@pytest.fixture(scope="module")
def sandbox_server():
    with served() as running:
        yield running


@pytest.fixture
def sandbox(sandbox_server, settings):
    """The sandbox as SANDBOX_URL; webhooks and faults of earlier tests are gone."""
    sandbox_server.control("faults", method="DELETE")
    sandbox_server.control("webhook", {"url": ""})
    settings.SANDBOX_URL = sandbox_server.url
    settings.VENDOR_TIMEOUT_SECONDS = 5
    yield sandbox_server
    clients.drop_clients()


@pytest.fixture
def demo_values(sandbox):
    return {
        **demo.DEMO_CREDENTIALS,
        "datto_api_url": sandbox.url,
        "autotask_zone_url": f"{sandbox.url}/atservicesrest",
    }


@pytest.fixture
def connected(db, demo_values):
    """The connection, stored and switched on."""
    save_connection(demo_values, is_demo=True)
    connection = get_connection()
    enable(connection)
    return connection


@pytest.fixture
def viewer(db):
    """May see everything of ours and change nothing."""
    user = User.objects.create_user("viewer", password="a long password", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(content_type__app_label="integration", codename__startswith="view_")
    )
    return user


@pytest.fixture
def stranger(db):
    """Staff without any permission."""
    return User.objects.create_user("stranger", password="a long password", is_staff=True)
