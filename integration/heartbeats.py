"""Signs of life of workers and of the scheduler, in Redis: `/readyz`, metrics and pages read them.

A worker writes from its own event loop, so a worker that hangs stops writing; the scheduler writes when it sends
something, which it does every few seconds as long as it works.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any, Final

import structlog
from celery.signals import beat_embedded_init, beat_init, before_task_publish, worker_ready, worker_shutdown
from redis.exceptions import RedisError

from integration.redis_store import get_redis, key

log = structlog.get_logger(__name__)

#: Older than this, a worker or the scheduler is taken to be gone.
ALIVE_SECONDS: Final = 60
_EVERY_SECONDS: Final = 5
_QUEUES: Final = ("alerts", "tickets", "sync")


@dataclass(frozen=True, slots=True)
class WorkerSign:
    """One worker's last sign of life."""

    name: str
    queues: tuple[str, ...]
    age_seconds: float


class _Beat:
    """Whether this process is the scheduler, and when it last wrote."""

    is_here = False
    written_at = 0.0


def write_worker(name: str, queues: list[str]) -> None:
    """Note that a worker lives; Redis trouble is logged, never raised into a worker's loop."""
    _write(key("worker", name), {"at": time.time(), "queues": queues})


def write_beat() -> None:
    """Note that the scheduler lives."""
    _write(key("beat"), {"at": time.time()})


def read_workers() -> list[WorkerSign]:
    """Return the workers that showed a sign of life lately.

    Raises:
        RedisError: Redis does not answer.
    """
    client = get_redis()
    signs = []
    prefix = key("worker", "")
    for raw_name in client.scan_iter(match=f"{prefix}*", count=500):
        held = _parse(client.get(raw_name))
        if held is not None:
            name = raw_name.decode() if isinstance(raw_name, bytes) else str(raw_name)
            age = max(0.0, time.time() - float(held["at"]))
            signs.append(WorkerSign(name.removeprefix(prefix), tuple(held.get("queues", ())), age))
    return sorted(signs, key=lambda sign: sign.name)


def read_beat_age() -> float | None:
    """Return seconds since the scheduler's last sign of life, None when there was none lately.

    Raises:
        RedisError: Redis does not answer.
    """
    held = _parse(get_redis().get(key("beat")))
    return None if held is None else max(0.0, time.time() - float(held["at"]))


def read_queue_lengths() -> dict[str, int]:
    """Return how many messages wait per queue.

    Raises:
        RedisError: Redis does not answer.
    """
    client = get_redis()
    return {queue: int(client.llen(f"{key('celery')}:{queue}")) for queue in _QUEUES}


def _write(name: str, value: dict[str, Any]) -> None:
    try:
        get_redis().set(name, json.dumps(value), ex=ALIVE_SECONDS * 2)
    except RedisError as error:
        log.warning("sign of life could not be written", error=type(error).__name__)


def _parse(raw: object) -> dict[str, Any] | None:
    if not isinstance(raw, bytes | str):
        return None
    value = json.loads(raw)
    return value if isinstance(value, dict) else None


@worker_ready.connect
def _start_worker_sign(sender: Any = None, **_: Any) -> None:
    queues = sorted(sender.app.amqp.queues.consume_from) if sender is not None else []

    def write() -> None:
        write_worker(sender.hostname, queues)

    write()
    sender.timer.call_repeatedly(_EVERY_SECONDS, write)


@worker_shutdown.connect
def _end_worker_sign(sender: Any = None, **_: Any) -> None:
    try:
        get_redis().delete(key("worker", str(getattr(sender, "hostname", ""))))
    except RedisError:
        return  # the key ends by itself


@beat_init.connect
@beat_embedded_init.connect
def _mark_beat(**_: Any) -> None:
    _Beat.is_here = True
    write_beat()


@before_task_publish.connect
def _write_beat_sign(**_: Any) -> None:
    if _Beat.is_here and time.monotonic() - _Beat.written_at > _EVERY_SECONDS:
        _Beat.written_at = time.monotonic()
        write_beat()
