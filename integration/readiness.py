"""Is this installation fit for work? What `/readyz`, `/metrics` and the health page are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from django.db import DatabaseError
from django.db import connection as database
from django.utils import timezone
from redis.exceptions import RedisError

from integration import heartbeats
from integration.redis_store import get_redis
from integration.registries import Backlog, read_backlogs

#: Due work older than this, while the vendor answers, means that something is stuck.
BACKLOG_SECONDS: Final = 900


@dataclass(slots=True)
class Readiness:
    """What was found.

    Attributes:
        checks: name -> {"ok": bool, ...} as `/readyz` answers.
    """

    checks: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def is_ready(self) -> bool:
        """True when every check is fine."""
        return all(check["ok"] for check in self.checks.values())


def check_readiness() -> Readiness:
    """Look at database, Redis, workers, scheduler and backlogs. Never raises; says what is wrong in words."""
    found = Readiness()
    found.checks["database"] = _database()
    found.checks["redis"] = _redis()
    if found.checks["redis"]["ok"]:
        found.checks["worker"], found.checks["beat"] = _worker(), _beat()
    if found.checks["database"]["ok"]:
        found.checks["backlog"] = _backlog()
    return found


def _database() -> dict[str, Any]:
    try:
        with database.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return {"ok": False, "detail": f"The database does not answer ({type(error).__name__})."}
    return {"ok": True}


def _redis() -> dict[str, Any]:
    try:
        get_redis().ping()
    except RedisError as error:
        return {"ok": False, "detail": f"Redis does not answer ({type(error).__name__})."}
    return {"ok": True}


def _worker() -> dict[str, Any]:
    signs = heartbeats.read_workers()
    alive = [sign for sign in signs if sign.age_seconds <= heartbeats.ALIVE_SECONDS]
    if not alive:
        return {"ok": False, "workers": 0, "detail": "No worker shows a sign of life."}
    missing = {"alerts", "tickets", "sync"} - {queue for sign in alive for queue in sign.queues}
    answer: dict[str, Any] = {
        "ok": not missing,
        "workers": len(alive),
        "age_seconds": round(min(sign.age_seconds for sign in alive), 1),
    }
    if missing:
        answer["detail"] = f"No worker serves: {', '.join(sorted(missing))}."
    return answer


def _beat() -> dict[str, Any]:
    age = heartbeats.read_beat_age()
    if age is None or age > heartbeats.ALIVE_SECONDS:
        return {"ok": False, "detail": "The scheduler shows no sign of life."}
    return {"ok": True, "age_seconds": round(age, 1)}


def _backlog() -> dict[str, Any]:
    backlogs = read_backlogs()
    ages = {name: backlog_age(backlog) for name, backlog in backlogs.items()}
    stuck = [
        name for name, age in ages.items() if age > BACKLOG_SECONDS and not backlogs[name].waits_for_vendor
    ]
    answer: dict[str, Any] = {
        "ok": not stuck,
        "count": sum(backlog.count for backlog in backlogs.values()),
        "age_seconds": round(max(ages.values(), default=0.0), 1),
    }
    if stuck:
        answer["detail"] = f"Work is stuck: {', '.join(stuck)}."
    return answer


def backlog_age(backlog: Backlog) -> float:
    """Return how long the oldest row has been due, in seconds."""
    if backlog.oldest_at is None:
        return 0.0
    return max(0.0, (timezone.now() - backlog.oldest_at).total_seconds())
