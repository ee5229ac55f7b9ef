"""A real HTTP server on this machine only; the real Valkey comes from `tests/conftest.py`."""

from __future__ import annotations

import pytest

from integration.vendors.budget import Governor, Lane, datto_rmm_policy
from integration.vendors.calls import CallContext
from integration.vendors.datto_rmm import DattoRmmClient, RedisTokenStore
from tests.sandbox import autotask_rig
from tests.sandbox.served import served
from tests.vendors.autotask_fixtures import Double
from tests.vendors.autotask_fixtures import make_client as make_autotask_client
from tests.vendors.datto_account import DattoAccount
from tests.vendors.loopback import Loopback


@pytest.fixture
def loopback():
    server = Loopback()
    yield server
    server.stop()


@pytest.fixture
def account(loopback):
    """A make-believe Datto RMM account on the loopback server."""
    return DattoAccount(loopback)


@pytest.fixture
def make_client(account, redis_client, monkeypatch):
    """Build clients of the account as separate workers would."""
    monkeypatch.setattr("integration.vendors.http._BACKOFF_SECONDS", (0.001, 0.002))
    clients = []

    def make(records=None, *, secret=None, patience_seconds=None, context=None, store=None, api_url=None):
        policy = datto_rmm_policy(patience_seconds=patience_seconds)
        client = DattoRmmClient(
            api_url or account.server.url + "/api/",
            f" {account.key}\n",
            secret or account.secret + "\n",
            governor=Governor(redis_client, "t", {"datto_rmm": policy}),
            token_store=store
            or RedisTokenStore(redis_client, "token", encrypt=lambda t: t[::-1], decrypt=lambda t: t[::-1]),
            recorder=(records if records is not None else []).append,
            context=context or CallContext(lane=Lane.CLOSE),
            timeout_seconds=(1, 1),
        )
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(make_client):
    return make_client()


@pytest.fixture
def datto_sandbox():
    """The sandbox of both vendors behind a server of its own."""
    with served() as running:
        yield running


@pytest.fixture
def datto_sandbox_client(datto_sandbox, account, make_client):
    """A client of the sandbox's Datto RMM account."""
    login = datto_sandbox.sandbox.options.credentials
    account.key, account.secret = login.datto_api_key, login.datto_api_secret
    return make_client(api_url=datto_sandbox.url)


@pytest.fixture
def double(loopback):
    """A small Autotask that misbehaves when told to."""
    return Double(loopback)


@pytest.fixture
def records():
    """Every call the Autotask clients record."""
    return []


@pytest.fixture
def autotask_client(double, redis_client, records):
    client = make_autotask_client(double, redis_client, records=records)
    yield client
    client.close()


@pytest.fixture
def rig():
    """A sandbox database of Autotask behind a server of its own."""
    with autotask_rig.running() as rig:
        yield rig


@pytest.fixture
def sandbox_client(rig, redis_client, records):
    """A client of the sandbox database."""
    client = make_autotask_client(
        None,
        redis_client,
        records=records,
        url=f"{rig.base}/ATServicesRest",
        username=autotask_rig.USER,
        secret=autotask_rig.SECRET,
        integration_code=autotask_rig.CODE,
    )
    yield client
    client.close()
