"""Account, users, components, variables, filters, activity logs and system routes of the Datto double."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, request

from .api import PAGE_CAP, ApiError, body, contains, empty, host, page_of, whole_number
from .double import DattoDouble
from .limits import OPERATIONS
from .wire import site_wire

_DEFAULT_WINDOW_SECONDS = 15 * 60
FILTERS: tuple[dict[str, Any], ...] = (
    {"id": 1, "name": "All devices", "class": None},
    {"id": 2, "name": "Servers", "class": "Server"},
    {"id": 3, "name": "Workstations", "class": "Desktop"},
    {"id": 4, "name": "Laptops", "class": "Laptop"},
    {"id": 5, "name": "Network devices", "class": "Network Device"},
)


def filter_wire(row: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return a Filter."""
    return {
        "id": row["id"],
        "name": row["name"],
        "description": None,
        "type": kind,
        "dateCreate": None,
        "lastUpdated": None,
    }


def register(blueprint: Blueprint, double: DattoDouble) -> None:
    """Add the routes."""

    @blueprint.get("/api/v2/account")
    def account() -> Response:
        with double.lock:
            total = len(double.devices)
            online = sum(1 for device in double.devices.values() if device.online)
            on_demand = sum(
                double.site_counts(uid)[0] for uid, site in double.sites.items() if site.on_demand
            )
        return jsonify(
            id=1,
            uid=double.account_uid,
            name=double.account_name,
            currency="USD",
            descriptor={"bilingEmail": "billing@msp.example", "deviceLimit": total + 500, "timeZone": "UTC"},
            devicesStatus={
                "numberOfDevices": total,
                "numberOfOnlineDevices": online,
                "numberOfOfflineDevices": total - online,
                "numberOfOnDemandDevices": on_demand,
                "numberOfManagedDevices": total - on_demand,
            },
        )

    @blueprint.get("/api/v2/account/sites")
    def sites() -> Response:
        wanted = request.args.get("siteName")
        with double.lock:
            rows = [site for site in double.sites.values() if contains(site.name, wanted)]
            return page_of(
                double,
                "sites",
                rows,
                lambda s: site_wire(s, double.site_counts(s.uid), double.account_uid, host()),
            )

    @blueprint.get("/api/v2/account/users")
    def users() -> Response:
        return page_of(double, "users", double.users)

    @blueprint.get("/api/v2/account/components")
    def components() -> Response:
        return page_of(double, "components", double.components)

    @blueprint.get("/api/v2/account/dnet-site-mappings")
    def dnet() -> Response:
        return page_of(double, "dnetSiteMappings", [])

    @blueprint.get("/api/v2/filter/default-filters")
    def default_filters() -> Response:
        return page_of(double, "filters", FILTERS, lambda row: filter_wire(row, "rmm_default"))

    @blueprint.get("/api/v2/filter/custom-filters")
    def custom_filters() -> Response:
        return page_of(double, "filters", [])

    _variables(blueprint, double)
    _system(blueprint, double)
    _activity(blueprint, double)


def _variables(blueprint: Blueprint, double: DattoDouble) -> None:
    @blueprint.get("/api/v2/account/variables")
    def variables() -> Response:
        return page_of(double, "variables", list(double.variables.values()))

    @blueprint.put("/api/v2/account/variable", endpoint="account-variable-create")
    def create() -> Response:
        new_variable(double, double.variables)
        return empty()

    @blueprint.post("/api/v2/account/variable/<int:variable>", endpoint="account-variable-update")
    def update(variable: int) -> Response:
        change_variable(double, double.variables, variable)
        return empty()

    @blueprint.delete("/api/v2/account/variable/<int:variable>", endpoint="account-variable-delete")
    def delete(variable: int) -> Response:
        drop_variable(double, double.variables, variable)
        return empty()


def new_variable(double: DattoDouble, store: dict[int, dict[str, Any]]) -> None:
    """Create a variable from the request's body."""
    values = body(required=("name",))
    number = double.take_id()
    store[number] = {
        "id": number,
        "name": values["name"],
        "value": values.get("value"),
        "masked": bool(values.get("masked")),
    }
    double.changed()


def change_variable(double: DattoDouble, store: dict[int, dict[str, Any]], number: int) -> None:
    """Update a variable from the request's body; 404 when there is none."""
    values = body(required=("name",))
    if number not in store:
        raise ApiError(404)
    store[number].update(name=values["name"], value=values.get("value"))
    double.changed()


def drop_variable(double: DattoDouble, store: dict[int, dict[str, Any]], number: int) -> None:
    """Delete a variable; 404 when there is none."""
    if store.pop(number, None) is None:
        raise ApiError(404)
    double.changed()


def _system(blueprint: Blueprint, double: DattoDouble) -> None:
    started = datetime.now(tz=UTC).isoformat()

    @blueprint.get("/api/v2/system/status")
    def status() -> Response:
        return jsonify(version="sandbox-1", status="OK", started=started)

    @blueprint.get("/api/v2/system/pagination")
    def pagination() -> Response:
        return jsonify(max=PAGE_CAP)

    @blueprint.get("/api/v2/system/request_rate")
    def request_rate() -> Response:
        rules, limiter = double.settings, double.limiter
        with double.lock:
            answer: dict[str, Any] = {
                "slidingTimeWindowSizeSeconds": int(rules.window_seconds),
                "accountUid": double.account_uid,
                "accountCount": limiter.used("read") + rules.strangers_reads_per_minute,
                "accountRateLimit": rules.read_limit,
                "accountCutOffRatio": rules.cut_off_ratio,
            }
            if rules.report_write_limits:
                answer["accountWriteRateLimit"] = rules.write_limit
                answer["accountWriteCount"] = limiter.used("write")
                answer["operationWriteStatus"] = {
                    name: {"limit": limiter.operation_limit(name), "count": limiter.used(name)}
                    for name in OPERATIONS
                }
        return jsonify(answer)


def _activity(blueprint: Blueprint, double: DattoDouble) -> None:
    @blueprint.get("/api/v2/activity-logs")
    def activity_logs() -> Response:
        with double.lock:
            rows = [row for row in double.activities if _wanted(row)]
        if request.args.get("order", "desc") == "desc":
            rows.reverse()
        size = min(whole_number("size", PAGE_CAP) or PAGE_CAP, PAGE_CAP)
        after = request.args.getlist("searchAfter")
        start = int(after[-1]) if after and after[-1].isdigit() else 0
        if request.args.get("page") == "previous":
            start = max(0, start - 2 * size)
        chosen = rows[start : start + size]
        return jsonify(
            pageDetails={
                "count": len(chosen),
                "totalCount": len(rows),
                "prevPageUrl": _turn("previous", start) if start else None,
                "nextPageUrl": _turn("next", start + size) if start + size < len(rows) else None,
            },
            activities=chosen,
            error=None,
        )


def _turn(way: str, position: int) -> str:
    args = {**request.args.to_dict(), "page": way, "searchAfter": str(position)}
    return f"{host()}{request.path}?{urlencode(args)}"


def _many(name: str) -> list[str]:
    return [part for text in request.args.getlist(name) for part in text.split(",") if part]


def _instant(name: str, default: float) -> float:
    text = request.args.get(name)
    if text is None:
        return default
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError as error:
        raise ApiError(400) from error


def _wanted(row: dict[str, Any]) -> bool:
    """Apply the filters; without `from` only the last 15 minutes are looked at."""
    now = time.time()
    if not _instant("from", now - _DEFAULT_WINDOW_SECONDS) <= row["date"] <= _instant("until", now):
        return False
    site = str((row["site"] or {}).get("id"))
    checks = (
        ("entities", row["entity"].lower()),
        ("categories", row["category"]),
        ("actions", row["action"]),
        ("siteIds", site),
        ("userIds", str(row["user"]["id"])),
    )
    return all(
        not _many(name) or value in [w.lower() for w in _many(name)] for name, value in checks
    ) and contains(f"{row['hostname']} {row['details']}", request.args.get("searchQuery"))
