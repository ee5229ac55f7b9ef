"""A real HTTP server on this machine only; the real Valkey comes from `tests/conftest.py`."""

from __future__ import annotations

import pytest

from integration.vendors.budget import Governor, Lane, datto_rmm_policy
from integration.vendors.calls import CallContext
from integration.vendors.datto_rmm import DattoRmmClient, RedisTokenStore
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
