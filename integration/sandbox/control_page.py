"""The sandbox's control page in the browser: what both vendors hold, and forms that act on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, jsonify, make_response, redirect, render_template, request

from . import control_actions as act
from . import control_page_devices
from . import control_views as views
from .control import Sandbox
from .control_actions import ControlError
from .datto.double import PRIORITIES
from .datto.webhooks import WebhookConfig
from .datto.wire import alert_wire
from .faults import KINDS
from .world_profiles import PROFILES

_ROWS = 50
_SUGGESTIONS = 30
_FAULT_WORDS = {
    "latency": "Answer late",
    "429": "429 Too Many Requests",
    "500": "500 server error",
    "503": "503 with an HTML page",
    "outage": "Outage: close without an answer",
    "cut_after_store": "Store, then cut the connection",
    "slow_body": "Send the body slowly",
}


def make_blueprint(sandbox: Sandbox) -> Blueprint:
    """Return the blueprint of the control page."""
    blueprint = Blueprint("page", __name__)
    _pages(blueprint, sandbox)
    _feeds(blueprint, sandbox)
    _forms(blueprint, sandbox)
    blueprint.add_app_template_filter(_clock, "clock")
    return blueprint


def _clock(value: Any) -> str:
    """Return an instant (epoch milliseconds or ISO text) as readable UTC; "" for none."""
    if value in (None, ""):
        return ""
    moment = (
        datetime.fromtimestamp(value / 1000, tz=UTC)
        if isinstance(value, int)
        else datetime.fromisoformat(str(value))
    )
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _live(sandbox: Sandbox) -> dict[str, Any]:
    """Return everything on the page that moves, for the first rendering and for each poll alike."""
    text_alerts, text_tickets = request.args.get("aq", ""), request.args.get("tq", "")
    open_total, alerts = views.open_alerts(sandbox, text_alerts, _ROWS)
    ticket_total, tickets = views.tickets(sandbox, text_tickets, _ROWS)
    sender = sandbox.datto.webhooks
    return {
        "open_total": open_total,
        "alerts": alerts,
        "ticket_total": ticket_total,
        "tickets": tickets,
        "aq": text_alerts,
        "tq": text_tickets,
        "faults": sandbox.faults.to_json(),
        "storms": sandbox.storms.running(),
        "usage": views.usage(sandbox),
        "requests": sandbox.requests.recent(limit=25),
        "deliveries": list(sender.log)[::-1][:8],
        "callout_deliveries": sandbox.autotask.callout_log(8),
        "webhook": sender.config,
        "state_error": sandbox.state.last_error,
    }


def _choices(sandbox: Sandbox) -> dict[str, Any]:
    with sandbox.datto.lock:
        sites = sorted(
            (site.name.strip(), site.uid) for site in sandbox.datto.sites.values() if not site.is_system
        )
    return {
        "sites": sites,
        "monitors": act.monitor_choices(),
        "priorities": PRIORITIES,
        **control_page_devices.choices(),
        "people": sorted(views.resource_names(sandbox).items()),
        "fault_kinds": [(kind, _FAULT_WORDS[kind]) for kind in KINDS],
        "profiles": PROFILES,
        "profile": sandbox.profile,
        "seed": sandbox.seed,
        "callouts": sandbox.autotask.callouts(),
        "message": request.args.get("message", ""),
        "error": request.args.get("error", ""),
        "login": sandbox.options.credentials,
        "address": sandbox.options.public_url,
    }


def _pages(blueprint: Blueprint, sandbox: Sandbox) -> None:
    @blueprint.get("/")
    def index() -> str:
        return render_template("index.html", **_choices(sandbox), **_live(sandbox))

    @blueprint.get("/tickets/<int:number>")
    def ticket(number: int) -> str:
        row = sandbox.autotask.get("Tickets", number)
        if row is None:
            abort(404, "There is no such ticket. It may have been deleted.")
        shown = views.ticket_rows(sandbox, [row])[0]
        return render_template(
            "ticket.html",
            ticket=shown,
            fields=row,
            notes=views.notes_of(sandbox, number),
            **_choices(sandbox),
        )

    @blueprint.get("/alerts/<uid>")
    def alert(uid: str) -> str:
        found = sandbox.datto.find_alert(uid)
        if found is None:
            abort(404, "There is no such alert.")
        with sandbox.datto.lock:
            wire = alert_wire(found, sandbox.datto.settings)
        return render_template("alert.html", alert=views.alert_row(found), wire=wire, **_choices(sandbox))


def _feeds(blueprint: Blueprint, sandbox: Sandbox) -> None:
    @blueprint.get("/feed")
    def feed() -> Response:
        live = _live(sandbox)
        parts = ("banner", "alerts", "tickets", "usage", "requests", "deliveries")
        html = {part: render_template(f"part_{part}.html", **live) for part in parts}
        return jsonify(html=html, counts={"alerts": live["open_total"], "tickets": live["ticket_total"]})

    @blueprint.get("/suggest/devices")
    def suggest() -> Response:
        text, site = request.args.get("q", "").lower().strip(), request.args.get("site", "")
        names: list[str] = []
        with sandbox.datto.lock:
            for device in sandbox.datto.devices.values():
                if device.deleted or (site and device.site_uid != site):
                    continue
                label = f"{device.hostname} ({sandbox.datto.sites[device.site_uid].name})"
                if text in label.lower():
                    names.append(label)
                if len(names) >= _SUGGESTIONS:
                    break
        return jsonify(devices=names)


def _forms(blueprint: Blueprint, sandbox: Sandbox) -> None:
    @blueprint.post("/do/<action>")
    def do(action: str) -> Response:
        values = {name: text.strip() if "\n" not in text else text for name, text in request.form.items()}
        doer = _ACTIONS.get(action)
        if doer is None:
            return _answer(error=f"{action}: no such action.", status=404)
        try:
            message = doer(sandbox, values)
        except ControlError as error:
            return _answer(error=error.message, field=error.field, status=error.status)
        return _answer(message=message)


def _answer(*, message: str = "", error: str = "", field: str = "", status: int = 200) -> Response:
    """Return JSON to the page's script, a redirect with the outcome to a browser without it."""
    if request.accept_mimetypes.best == "application/json":
        return make_response(jsonify(message=message, error=error, field=field), status)
    back = request.form.get("back", "/")
    target = back if back.startswith("/") and not back.startswith("//") and "\\" not in back else "/"
    outcome = urlencode({"error": error} if error else {"message": message})
    return make_response(redirect(f"{target}?{outcome}", 303))


def _raise(sandbox: Sandbox, values: dict[str, Any]) -> str:
    text = values.pop("text", "")
    if text:
        values.update(message=text, diagnostics=text)
    if not values.get("device"):
        raise ControlError("Choose a device.", field="device")
    uid = act.raise_alert(sandbox, values)
    alert = sandbox.datto.get_alert(uid)
    return f"{alert.label} alert raised on {alert.device_name}."


def _resolve(sandbox: Sandbox, values: dict[str, Any]) -> str:
    done = act.resolve_alert(sandbox, values.get("alertUid", ""), values)
    return "Alert resolved." if done else "The alert was resolved already."


def _ticket(verb: str, said: str) -> Callable[[Sandbox, dict[str, Any]], str]:
    def run(sandbox: Sandbox, values: dict[str, Any]) -> str:
        number = act.whole(values, "ticketId")
        if number is None:
            raise ControlError("ticketId: which ticket?", field="ticketId")
        row = sandbox.autotask.get("Tickets", number) or {}
        act.change_ticket(sandbox, number, verb, values)
        return f"Ticket {row.get('ticketNumber', number)} {said}."

    return run


def _storm(sandbox: Sandbox, values: dict[str, Any]) -> str:
    values["siteUids"] = [values["siteUid"]] if values.get("siteUid") else []
    act.make_storm(sandbox, values)
    return f"Storm started: {values.get('count') or 40} alerts over {values.get('seconds') or 120} s."


def _end_storms(sandbox: Sandbox, _values: dict[str, Any]) -> str:
    sandbox.storms.stop()
    return "Storms stopped."


def _fault(sandbox: Sandbox, values: dict[str, Any]) -> str:
    return f"On: {act.add_fault(sandbox, values)['words']}."


def _faults_off(sandbox: Sandbox, _values: dict[str, Any]) -> str:
    sandbox.faults.clear()
    return "All faults are off."


def _webhook(sandbox: Sandbox, values: dict[str, Any]) -> str:
    header = values.pop("header", "")
    name, colon, text = header.partition(":")
    if header and not colon:
        raise ControlError("header: write it as Name: value.", field="header")
    change: dict[str, Any] = {
        "url": values.get("url", ""),
        "headers": {name.strip(): text.strip()} if header else {},
        "copies": act.whole(values, "copies", 1),
        "drop_next": act.whole(values, "drop_next", 0),
        "delay_ms": act.whole(values, "delay_ms", 0),
        "resolved_first": "resolved_first" in values,
    }
    bodies = WebhookConfig()
    change["raised_body"] = values.get("raised_body") or bodies.raised_body
    change["resolved_body"] = values.get("resolved_body", bodies.resolved_body)
    act.set_webhook(sandbox, change)
    return "Webhook saved." if change["url"] else "Webhooks are off."


def _test_webhook(sandbox: Sandbox, _values: dict[str, Any]) -> str:
    outcome = act.guarded(sandbox.datto.webhooks.send_test)["outcome"]
    if not outcome.startswith("2"):
        raise ControlError(f"The test was sent and failed: {outcome}.", field="url")
    return f"Test sent, answer {outcome}."


def _callout(sandbox: Sandbox, values: dict[str, Any]) -> str:
    number = act.set_callout(sandbox, values)
    return "Callout saved." if number else "Callouts are off."


def _reset(sandbox: Sandbox, values: dict[str, Any]) -> str:
    act.guarded(lambda: sandbox.reset(profile=values.get("profile") or None, seed=act.whole(values, "seed")))
    return f"Fresh world of profile {sandbox.profile}, seed {sandbox.seed}."


def _limits(sandbox: Sandbox, values: dict[str, Any]) -> str:
    datto = {
        name: act.whole(values, name, getattr(sandbox.datto.settings, name))
        for name in ("read_limit", "strangers_reads_per_minute")
    }
    autotask = {
        name: act.whole(values, name, getattr(sandbox.autotask.switches, name))
        for name in ("hourly_limit", "strangers_calls_per_hour")
    }
    act.change_settings(sandbox, {"datto_rmm": datto, "autotask": autotask})
    return "Limits saved."


_ACTIONS: dict[str, Callable[[Sandbox, dict[str, Any]], str]] = {
    "raise": _raise,
    "resolve": _resolve,
    "complete": _ticket("complete", "completed"),
    "reopen": _ticket("reopen", "reopened"),
    "note": _ticket("note", "has a new note"),
    "assign": _ticket("assign", "assigned"),
    "delete": _ticket("delete", "deleted"),
    "storm": _storm,
    "end-storms": _end_storms,
    "fault": _fault,
    "faults-off": _faults_off,
    "webhook": _webhook,
    "test-webhook": _test_webhook,
    "callout": _callout,
    "limits": _limits,
    "reset": _reset,
    **control_page_devices.FORMS,
}
