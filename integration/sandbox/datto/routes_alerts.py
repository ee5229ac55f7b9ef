"""Alert routes of the Datto double."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify

from .api import ApiError, empty, flag, page_of
from .double import DattoDouble
from .model import Alert
from .routes_sites import get_real_site
from .seed import now_ms
from .wire import alert_wire


def register(blueprint: Blueprint, double: DattoDouble) -> None:
    """Add the routes."""
    _lists(blueprint, double)
    _single(blueprint, double)


def _lists(blueprint: Blueprint, double: DattoDouble) -> None:
    def wire(alert: Alert) -> dict[str, Any]:
        return alert_wire(alert, double.settings)

    def open_page(*, device_uid: str = "", site_uid: str = "") -> Response:
        muted = flag("muted")
        with double.lock:
            rows = [
                alert
                for alert in double.open_alerts()
                if (not device_uid or alert.device_uid == device_uid)
                and (not site_uid or alert.site_uid == site_uid)
                and (muted is None or bool(alert.muted) is muted)
            ]
            return page_of(double, "alerts", rows, wire)

    def nothing_muted() -> bool:
        # Muting is dead, so no resolved alert is muted.
        return flag("muted") is True

    @blueprint.get("/api/v2/account/alerts/open")
    def account_open() -> Response:
        return open_page()

    @blueprint.get("/api/v2/site/<uid>/alerts/open")
    def site_open(uid: str) -> Response:
        get_real_site(double, uid)
        return open_page(site_uid=uid)

    @blueprint.get("/api/v2/device/<uid>/alerts/open")
    def device_open(uid: str) -> Response:
        double.get_device(uid)
        return open_page(device_uid=uid)

    @blueprint.get("/api/v2/account/alerts/resolved")
    def account_resolved() -> Response:
        return page_of(double, "alerts", [] if nothing_muted() else double.resolved_alerts, wire)

    @blueprint.get("/api/v2/site/<uid>/alerts/resolved")
    def site_resolved(uid: str) -> Response:
        get_real_site(double, uid)
        uids = list(double.devices_by_site[uid])
        if nothing_muted():
            return page_of(double, "alerts", [])
        return page_of(
            double, "alerts", lambda start, n: double.resolved_alerts_of(uids, start, n, uid), wire
        )

    @blueprint.get("/api/v2/device/<uid>/alerts/resolved")
    def device_resolved(uid: str) -> Response:
        double.get_device(uid)
        if nothing_muted():
            return page_of(double, "alerts", [])
        return page_of(double, "alerts", lambda start, n: double.resolved_alerts_of([uid], start, n), wire)


def _single(blueprint: Blueprint, double: DattoDouble) -> None:
    def find(uid: str) -> Alert:
        alert = double.find_alert(uid)
        if alert is None or alert.visible_from > now_ms():
            raise ApiError(double.settings.unknown_alert_status)
        return alert

    @blueprint.get("/api/v2/alert/<uid>")
    def one(uid: str) -> Response:
        with double.lock:
            return jsonify(alert_wire(find(uid), double.settings))

    @blueprint.post("/api/v2/alert/<uid>/resolve", endpoint="alert-resolve")
    def resolve(uid: str) -> Response:
        find(uid)
        double.resolve_alert(uid, by=double.settings.api_user_name)
        return empty()

    @blueprint.post("/api/v2/alert/<uid>/mute")
    def mute(uid: str) -> Response:
        find(uid)
        return empty()

    @blueprint.post("/api/v2/alert/<uid>/unmute")
    def unmute(uid: str) -> Response:
        find(uid)
        return empty()

    @blueprint.post("/api/v2/user/resetApiKeys", endpoint="user-reset-keys")
    def reset_keys() -> Response:
        # The real call makes the very keys useless that it is made with; the demo keys are fixed.
        raise ApiError(403)
