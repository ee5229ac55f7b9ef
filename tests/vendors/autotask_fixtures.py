"""A small Autotask that keeps rows, pages by POST, and misbehaves when told to."""

from __future__ import annotations

import itertools
from typing import Any

from integration.vendors.autotask.client import AutotaskClient
from integration.vendors.autotask.zone import MemoryZoneCache
from integration.vendors.budget import Governor, Lane, autotask_policy
from integration.vendors.calls import CallContext
from tests.vendors.loopback import Loopback, Reply, Seen

USER = "api@example.com"
SECRET = "hunter2-hunter2"
CODE = "CODE123456"
BASE = "/atservicesrest"
API = f"{BASE}/V1.0"
TICKET = {"companyID": 1, "title": "Disk full", "status": 1, "priority": 3}


def errors(*texts, status=500, headers=None) -> Reply:
    return Reply(status, {"errors": list(texts)}, headers=headers or {})


class Double:
    """Entities are lists of rows; `script` holds replies for (method, path below V1.0), used up first."""

    def __init__(self, server: Loopback) -> None:
        self.server = server
        self.url = server.url + BASE
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.script: dict[tuple[str, str], list[Reply]] = {}
        self.secret = SECRET
        self.zone = {"zoneName": "Test", "url": self.url + "/", "webUrl": server.url + "/", "ci": 7}
        self.ids = itertools.count(9001)
        self.info: dict[str, dict[str, Any]] = {}
        server.handler = self.answer

    def calls(self, method=None, path=None):
        """API requests as (method, path below V1.0), zone lookups left out."""
        found = [
            (s.method, s.path.removeprefix(API + "/")) for s in self.server.seen if s.path.startswith(API)
        ]
        return [call for call in found if method in (None, call[0]) and path in (None, call[1])]

    def bodies(self, method, path):
        return [s.json() for s in self.server.seen if s.method == method and s.path == f"{API}/{path}"]

    def lookups(self):
        return [s for s in self.server.seen if s.path.endswith("/zoneInformation")]

    def answer(self, seen: Seen) -> Reply:
        if seen.path.lower() == f"{BASE}/v1.0/zoneinformation":
            assert "Secret" not in seen.headers, "the lookup is asked without credentials"
            if seen.query.get("user") != USER:
                return errors("Zone information could not be found")
            return Reply(200, self.zone)
        if seen.headers["UserName"] != USER or seen.headers["Secret"] != self.secret:
            return Reply(401, "")
        if seen.headers["ApiIntegrationCode"] != CODE:
            return Reply(401, "")
        path = seen.path.removeprefix(API + "/")
        replies = self.script.get((seen.method, path))
        if replies:
            return replies.pop(0)
        if seen.method == "GET" and path in self.info:
            return Reply(200, self.info[path])
        return self._rest(seen, path.split("/"))

    def _rest(self, seen: Seen, parts: list[str]) -> Reply:
        rows = self.rows.setdefault(parts[0], [])
        if parts[1:] == ["query", "count"]:
            return Reply(200, {"queryCount": len(self._found(rows, seen.json()))})
        if parts[1:] == ["query"]:
            if seen.method != "POST":
                return Reply(405, {"Message": "The requested resource does not support http method 'GET'."})
            return self._page(seen, parts[0], self._found(rows, seen.json()))
        if seen.method == "GET":
            return Reply(200, {"item": next((row for row in rows if row["id"] == int(parts[1])), None)})
        if seen.method == "DELETE":
            if not any(row["id"] == int(parts[-1]) for row in rows):
                return errors("No matching records found for the request.")
            rows[:] = [row for row in rows if row["id"] != int(parts[-1])]
            return Reply(200, {"itemId": int(parts[-1])})
        body = seen.json()
        if len(parts) == 3:
            rows = self.rows.setdefault(f"{parts[0].removesuffix('s')}{parts[2]}", [])
        if seen.method == "PATCH":
            row = next((row for row in rows if row["id"] == body["id"]), None)
            if row is None:
                return errors("No matching records found for the request.")
            row.update(body)
            return Reply(200, {"itemId": row["id"]})
        row = {**body, "id": next(self.ids)}
        if parts[0] == "TicketWebhooks" and len(parts) == 1:
            row["webhookGUID"] = f"guid-{row['id']}"
        if parts[0] == "TicketWebhooks" and parts[-1] == "Fields":
            hook = next(hook for hook in self.rows["TicketWebhooks"] if hook["id"] == int(parts[1]))
            hook["isReady"] = True
        rows.append(row)
        return Reply(200, {"itemId": row["id"]})

    def _found(self, rows, body):
        return [row for row in rows if all(_fits(row, condition) for condition in body["filter"])]

    def _page(self, seen: Seen, entity: str, rows: list[dict[str, Any]]) -> Reply:
        size, start = seen.json()["MaxRecords"], int(seen.query.get("from", 0))
        page = rows[start : start + size]
        following = None
        if start + size < len(rows):
            following = f"{self.server.url}{API}/{entity}/query?from={start + size}"
        details = {"count": len(page), "requestCount": size, "prevPageUrl": None, "nextPageUrl": following}
        return Reply(200, {"items": page, "pageDetails": details})


def _fits(row, condition):
    if "items" in condition:
        check = all if condition["op"] == "and" else any
        return check(_fits(row, item) for item in condition["items"])
    held, value = row.get(condition["field"]), condition.get("value")
    checks = {
        "exist": lambda: held is not None,
        "eq": lambda: held == value and type(held) is type(value),
        "in": lambda: held in value,
        "gte": lambda: held is not None and held >= value,
    }
    return checks[condition["op"]]()


def make_client(double: Double | None, redis_client, *, records=None, cache=None, patience=3.0, **settings):
    policy = autotask_policy(patience_seconds=dict.fromkeys(Lane, patience))
    return AutotaskClient(
        settings.pop("url", "") or double.url,  # type: ignore[union-attr]
        settings.pop("username", USER),
        settings.pop("secret", SECRET),
        settings.pop("integration_code", CODE),
        governor=Governor(redis_client, "test", {"autotask": policy}),
        zone_cache=cache if cache is not None else MemoryZoneCache(),
        recorder=(records if records is not None else []).append,
        # The urgent lane: no background pacing, no counter reads in between.
        context=settings.pop("context", CallContext(lane=Lane.NEW_TICKET)),
        timeout_seconds=(1, 2),
        **settings,
    )
