"""A sandbox over real HTTP that the stored connection points to, and runs executed on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integration.clients import drop_clients
from integration.models import Connection, SyncRun
from integration.sync.runs import execute_run, queue_run
from mappings.models import Company, Site, SiteMapping
from mappings.signals import site_mappings_changed
from tests.sandbox.served import Served, served

Run = Callable[..., SyncRun]


def guid(number: int) -> str:
    """Return a well-formed uid."""
    return f"0b1c2d3e-0000-4000-8000-{number:012d}"


def make_site(number: int, name: str, **values: object) -> Site:
    return Site.objects.create(datto_site_uid=guid(number), name=name, synced_at=timezone.now(), **values)


def make_company(number: int, name: str, **values: object) -> Company:
    return Company.objects.create(autotask_company_id=number, name=name, synced_at=timezone.now(), **values)


def make_mapping(number: int, name: str, company: Company | None = None, **values: object) -> SiteMapping:
    state = "proposed" if company else "unmapped"
    values = {"state": state, "reason": "Same name.", "source": "exact" if company else "", **values}
    return SiteMapping.objects.create(site=make_site(number, name), company=company, **values)


@pytest.fixture(autouse=True)
def _only_own_listeners() -> Iterator[None]:
    """Keep the apps above out: what they do when a mapping changes is theirs to test."""
    others, site_mappings_changed.receivers = site_mappings_changed.receivers, []
    yield
    site_mappings_changed.receivers = others


@pytest.fixture
def vendors() -> Iterator[Served]:
    """A small sandbox of its own."""
    with served(profile="S") as running:
        running.sandbox.autotask.zone.public_url = running.url
        yield running
    drop_clients()


@pytest.fixture
def connection(db: None, vendors: Served) -> Connection:
    """The stored connection, pointing to the sandbox."""
    login = vendors.sandbox.options.credentials
    return Connection.objects.create(
        datto_api_url=vendors.url,
        datto_api_key=login.datto_api_key,
        datto_api_secret=login.datto_api_secret,
        autotask_zone_url=f"{vendors.url}/atservicesrest",
        autotask_username=login.autotask_username,
        autotask_secret=login.autotask_secret,
        autotask_integration_code=login.autotask_integration_code,
        autotask_web_url="https://ww.example.test/",
        is_enabled=True,
    )


@pytest.fixture
def sync(connection: Connection, redis_client: object) -> Run:
    """Execute a run of a kind: `sync("sites", dry_run=True)`."""

    def run(
        kind: str, *, trigger: SyncRun.Trigger = SyncRun.Trigger.COMMAND, dry_run: bool = False
    ) -> SyncRun:
        queued, _ = queue_run(kind=kind, trigger=trigger, dry_run=dry_run)
        done = execute_run(queued.pk)
        assert done is not None
        return done

    return run


@pytest.fixture
def person(db: None) -> User:
    return User.objects.create_superuser("ada", password="analytical-engine")
