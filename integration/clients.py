"""The vendors' clients, built from the stored connection.

One pooled client per process and vendor is kept while the connection row stays as it is; each piece of work gets
a light copy with its own lane and subject. Changed credentials therefore reach running workers with their next
piece of work, without a restart.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

from django.conf import settings

from integration.models import Connection, Vendor, VendorCall
from integration.redis_store import decrypt, encrypt, fingerprint, get_redis, key
from integration.vendors.autotask.client import AutotaskClient
from integration.vendors.autotask.zone import RedisZoneCache
from integration.vendors.budget import BudgetSnapshot, Governor, Lane, autotask_policy, datto_rmm_policy
from integration.vendors.calls import CallRecord
from integration.vendors.datto_rmm import DattoRmmClient, RedisTokenStore

#: Lanes that write to a vendor; they stop while the integration is paused.
_WRITING_LANES = frozenset({Lane.NEW_TICKET, Lane.CLOSE, Lane.NOTE})
_CONNECT_SECONDS = 5.0


class NotConnected(Exception):  # noqa: N818 - a state a person chose or has to end, not a fault
    """There is no usable connection.

    Attributes:
        reason: "incomplete", "disabled" or "paused".
        remedy: what a person can do.
    """

    def __init__(self, reason: str, text: str, remedy: str) -> None:
        self.reason = reason
        self.remedy = remedy
        super().__init__(text)


def record_call(record: CallRecord) -> None:
    """Write one call to the call log: one INSERT."""
    VendorCall.objects.create(
        vendor=record.vendor,
        method=record.method[:7],
        path=record.path[:300],
        status=record.status,
        duration_ms=record.duration_ms,
        lane=record.lane.value,
        subject=record.subject[:120],
        run_id=record.run_id,
        error=record.error[:60],
        started_at=record.started_at,
    )


class _Pool:
    """What this process keeps between pieces of work; emptied when the process forks or settings change."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.process_id = 0
        self.governors: dict[tuple[object, ...], Governor] = {}
        self.clients: dict[str, tuple[tuple[object, ...], Any]] = {}

    def check_process(self) -> None:
        if self.process_id != os.getpid():
            self.process_id = os.getpid()
            self.governors.clear()
            self.clients.clear()


_pool = _Pool()


def get_governor() -> Governor:
    """Return this process' governor; the budgets themselves are in Redis, shared by all processes."""
    identity = (settings.REDIS_URL, settings.REDIS_PREFIX, settings.AUTOTASK_HOURLY_LIMIT)
    with _pool.lock:
        _pool.check_process()
        if identity not in _pool.governors:
            policies = {
                Vendor.AUTOTASK.value: autotask_policy(limit=settings.AUTOTASK_HOURLY_LIMIT),
                Vendor.DATTO_RMM.value: datto_rmm_policy(),
            }
            _pool.governors[identity] = Governor(get_redis(), key("budget"), policies)
        return _pool.governors[identity]


def datto_client(
    *,
    lane: Lane,
    subject: str = "",
    run_id: int | None = None,
    writes: bool | None = None,
    check_state: bool = True,
) -> DattoRmmClient:
    """Return a Datto RMM client for one piece of work.

    Args:
        lane: how urgent it is.
        subject: for which object, such as "alert:<uid>"; shown in the call log.
        run_id: the sync run it belongs to.
        writes: whether it will write, which a pause forbids; None tells it from the lane (new ticket, close, note).
        check_state: False for preflight, which must work before the integration is enabled.

    Raises:
        NotConnected: credentials missing, integration disabled, or paused and this would write.
    """
    client: DattoRmmClient = _client(
        Vendor.DATTO_RMM, _build_datto, lane, subject, run_id, writes=writes, check_state=check_state
    )
    return client


def autotask_client(
    *,
    lane: Lane,
    subject: str = "",
    run_id: int | None = None,
    writes: bool | None = None,
    check_state: bool = True,
) -> AutotaskClient:
    """Return an Autotask client for one piece of work; arguments and errors as `datto_client`."""
    client: AutotaskClient = _client(
        Vendor.AUTOTASK, _build_autotask, lane, subject, run_id, writes=writes, check_state=check_state
    )
    return client


def budget_snapshot() -> dict[str, BudgetSnapshot]:
    """Return both vendors' budgets by vendor name.

    Raises:
        Unavailable: Redis does not answer.
    """
    governor = get_governor()
    return {vendor: governor.snapshot(vendor) for vendor in (Vendor.DATTO_RMM.value, Vendor.AUTOTASK.value)}


def drop_clients() -> None:
    """Close pooled connections; the next piece of work builds them anew."""
    with _pool.lock:
        clients = [client for _identity, client in _pool.clients.values()]
        _pool.clients.clear()
    for client in clients:
        client.close()


def _client(
    vendor: Vendor,
    build: Callable[[Connection, Governor], Any],
    lane: Lane,
    subject: str,
    run_id: int | None,
    *,
    writes: bool | None,
    check_state: bool,
) -> Any:
    # The big columns are decrypted only when a client has to be built.
    state = Connection.objects.only("updated_at", "is_enabled", "paused_at", "paused_reason").first()
    if state is None:
        raise _incomplete()
    if check_state:
        _check_state(state, lane, writes=writes)
    identity: tuple[object, ...] = (state.updated_at, settings.REDIS_URL, settings.VENDOR_TIMEOUT_SECONDS)
    governor = get_governor()
    with _pool.lock:
        held = _pool.clients.get(vendor.value)
        if held is None or held[0] != identity:
            connection = Connection.objects.get()
            if not connection.is_complete:
                raise _incomplete()
            # The old one is not closed: a thread may be reading from it. It goes with its last user.
            held = (identity, build(connection, governor))
            _pool.clients[vendor.value] = held
    return held[1].with_context(
        lane=lane, subject=subject, run_id=run_id, before_write=require_running if check_state else None
    )


def require_running() -> None:
    """Make sure that the integration is on and not paused, just before something is written.

    Clients are made for minutes of work; a pause must hold from the moment it is asked for, whatever the lane.

    Raises:
        NotConnected: it is switched off or paused.
    """
    state = Connection.objects.only("is_enabled", "paused_at", "paused_reason").first()
    if state is None:
        raise _incomplete()
    _check_state(state, Lane.BACKGROUND, writes=True)


def _check_state(connection: Connection, lane: Lane, *, writes: bool | None) -> None:
    if not connection.is_enabled:
        raise NotConnected(
            "disabled",
            "The integration is switched off: nothing is read from or written to either vendor.",
            "Switch it on under Settings > Connection. What waits is done then, in order.",
        )
    if connection.paused_at is not None and (lane in _WRITING_LANES if writes is None else writes):
        why = f" ({connection.paused_reason})" if connection.paused_reason else ""
        raise NotConnected(
            "paused",
            f"The integration is paused{why}: alerts are stored, nothing is written.",
            "Resume it under Settings > Connection. What waits is done then, in order.",
        )


def _incomplete() -> NotConnected:
    return NotConnected(
        "incomplete",
        "The connection to Datto RMM and Autotask is not set up yet.",
        "Enter the credentials under Settings > Connection, or run `manage.py connect`.",
    )


def _build_datto(connection: Connection, governor: Governor) -> DattoRmmClient:
    account = fingerprint(connection.datto_api_url, connection.datto_api_key, connection.datto_api_secret)
    return DattoRmmClient(
        connection.datto_api_url,
        connection.datto_api_key,
        connection.datto_api_secret,
        governor=governor,
        token_store=RedisTokenStore(
            get_redis(), key("datto-token", account), encrypt=encrypt, decrypt=decrypt
        ),
        recorder=record_call,
        timeout_seconds=_timeouts(),
    )


def _build_autotask(connection: Connection, governor: Governor) -> AutotaskClient:
    return AutotaskClient(
        connection.autotask_zone_url,
        connection.autotask_username,
        connection.autotask_secret,
        connection.autotask_integration_code,
        governor=governor,
        zone_cache=RedisZoneCache(get_redis(), prefix=key("autotask-zone:")),
        recorder=record_call,
        timeout_seconds=_timeouts(),
    )


def _timeouts() -> tuple[float, float]:
    return (_CONNECT_SECONDS, float(settings.VENDOR_TIMEOUT_SECONDS))


def forget_datto_token() -> None:
    """Drop the shared Datto RMM token, so that the next call signs in; preflight proves the keys this way."""
    connection = Connection.objects.get()
    account = fingerprint(connection.datto_api_url, connection.datto_api_key, connection.datto_api_secret)
    get_redis().delete(key("datto-token", account))
    drop_clients()
