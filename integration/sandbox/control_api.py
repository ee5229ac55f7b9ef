"""The machine control API of the sandbox, JSON in and out. Errors: `{"error": text, "field": name}` with 400, 404, 409.

| route | values | answer |
|---|---|---|
| GET /control/state | | counts, active faults and storms |
| GET /control/usage | | budgets and request counters |
| GET /control/alerts | `?open=false` adds resolved ones raised here; `q`, `limit` | `{"total", "alerts"}` |
| POST /control/alerts | `deviceUid` or `device` or `siteUid`; `contextClass`, `subject`, `name`, `priority`, `diagnostics`, `message`, `context`, `autoresolveMins`, `createsTicket`, `ticketNumber` | `{"alertUid"}` |
| GET /control/alerts/UID | | the alert with `label`, `message`, `responseActions` |
| POST /control/alerts/UID/odd | fields to send instead of the right ones; `{"absent": true}` leaves one out; `{}` mends it | `{}` |
| POST /control/alerts/UID/resolve | `by` | `{"resolved": false when it was already}` |
| GET /control/tickets | `externalID`, `q`, `limit` | `{"total", "tickets"}` with labels |
| GET /control/tickets/ID | | the ticket and its `notes` |
| POST /control/tickets/ID/complete | `resolution`, `resourceId` | `{"id"}` |
| POST /control/tickets/ID/reopen, /delete | `resourceId` | `{"id"}` |
| POST /control/tickets/ID/note | `text`, `resourceId` | `{"id"}` |
| POST /control/tickets/ID/assign | `assignTo`, `roleId`, `resourceId` | `{"id"}` |
| POST /control/storm | `count`, `seconds`, `siteUids`, `contextClass`, `priority`, `resolveAfterSeconds` | `{"id"}` |
| DELETE /control/storm | | `{}`; ends every storm |
| GET /control/faults | | `{"faults"}` |
| POST /control/faults | `kind`, `vendor`, `method`, `path`, `ms`, `jitter_ms`, `retry_after`, `count`, `seconds` | `{"id", "words"}` |
| DELETE /control/faults, /control/faults/ID | | `{}` |
| GET /control/webhook | | `{"config", "deliveries", "pending"}` |
| POST /control/webhook | `url`, `headers`, `raised_body`, `resolved_body`, `copies`, `drop_next`, `delay_ms`, `resolved_first`, `timeout_seconds` | the configuration |
| POST /control/webhook/test | | the delivery |
| GET /control/callout | | `{"callouts", "deliveries"}` |
| POST /control/callout | `url` ("" removes), `username`, `password`, `onStatus`, `udf`, `credentials`, `keepOthers` | `{"id"}` |
| GET /control/requests | `?vendor=datto_rmm` or `autotask`, `limit` | `{"requests", "counters"}` |
| GET, POST /control/settings | `{"datto_rmm": {switch: value}, "autotask": {switch: value}}` | all switches |
| GET /control/sites | | `{"sites"}` with `companyId` where the site truly belongs |
| POST /control/picklist/deactivate | `entity`, `field`, `value` | `{}` |
| POST /control/reset | `profile`, `seed` | counts as in /control/state |

Devices and Autotask's rows: see `control_device_api`.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, jsonify, make_response, request

from . import control_actions as act
from . import control_device_api
from . import control_views as views
from .control import Sandbox
from .control_actions import ControlError
from .control_requests import body, limit
from .datto.wire import alert_wire


def make_blueprint(sandbox: Sandbox) -> Blueprint:
    """Return the blueprint of `/control/...`."""
    blueprint = Blueprint("control", __name__, url_prefix="/control")

    @blueprint.errorhandler(ControlError)
    def refuse(error: ControlError) -> Response:
        return make_response(jsonify(error=error.message, field=error.field), error.status)

    for add in (_general, _alerts, _tickets, _faults, _outgoing, _data, control_device_api.register):
        add(blueprint, sandbox)
    return blueprint


def _general(blueprint: Blueprint, sandbox: Sandbox) -> None:
    @blueprint.get("/state")
    def state() -> Response:
        return jsonify(views.state(sandbox))

    @blueprint.get("/usage")
    def usage() -> Response:
        return jsonify(views.usage(sandbox))

    @blueprint.get("/requests")
    def requests() -> Response:
        vendor = request.args.get("vendor")
        if vendor not in (None, "", "datto_rmm", "autotask"):
            raise ControlError("vendor: choose datto_rmm or autotask.", field="vendor")
        return jsonify(
            requests=sandbox.requests.recent(vendor or None, limit()), counters=sandbox.requests.counters()
        )

    @blueprint.route("/settings", methods=["GET", "POST"])
    def settings() -> Response:
        return jsonify(act.change_settings(sandbox, body() if request.method == "POST" else {}))

    @blueprint.post("/reset")
    def reset() -> Response:
        values = body()
        act.guarded(lambda: sandbox.reset(profile=values.get("profile"), seed=act.whole(values, "seed")))
        return jsonify(views.state(sandbox))


def _alerts(blueprint: Blueprint, sandbox: Sandbox) -> None:
    @blueprint.get("/alerts")
    def alerts() -> Response:
        total, rows = views.open_alerts(sandbox, request.args.get("q", ""), limit())
        if request.args.get("open") == "false":
            with sandbox.datto.lock:
                done = [
                    sandbox.datto.alerts[uid] for uid in list(sandbox.datto.resolved_uids)[::-1][: limit()]
                ]
            rows += [views.alert_row(alert) for alert in done]
            total += len(done)
        return jsonify(total=total, alerts=rows)

    @blueprint.post("/alerts")
    def raise_alert() -> Response:
        return make_response(jsonify(alertUid=act.raise_alert(sandbox, body())), 201)

    @blueprint.get("/alerts/<uid>")
    def alert(uid: str) -> Response:
        found = act.guarded(lambda: sandbox.datto.get_alert(uid))
        return jsonify({**views.alert_row(found), **alert_wire(found, sandbox.datto.settings)})

    @blueprint.post("/alerts/<uid>/resolve")
    def resolve(uid: str) -> Response:
        return jsonify(resolved=act.resolve_alert(sandbox, uid, body()))

    @blueprint.post("/alerts/<uid>/odd")
    def odd(uid: str) -> Response:
        act.make_odd(sandbox, uid, body())
        return jsonify({})

    @blueprint.post("/storm")
    def storm() -> Response:
        return make_response(jsonify(id=act.make_storm(sandbox, body())), 201)

    @blueprint.delete("/storm")
    def end_storms() -> Response:
        sandbox.storms.stop()
        return jsonify({})


def _tickets(blueprint: Blueprint, sandbox: Sandbox) -> None:
    @blueprint.get("/tickets")
    def tickets() -> Response:
        args = request.args
        total, rows = views.tickets(
            sandbox, args.get("q", ""), limit(), external_id=args.get("externalID", "")
        )
        return jsonify(total=total, tickets=rows)

    @blueprint.get("/tickets/<int:number>")
    def ticket(number: int) -> Response:
        row = sandbox.autotask.get("Tickets", number)
        if row is None:
            raise ControlError(f"There is no ticket {number} in Autotask.", status=404)
        return jsonify({**views.ticket_rows(sandbox, [row])[0], "notes": views.notes_of(sandbox, number)})

    @blueprint.post("/tickets/<int:number>/<action>")
    def change(number: int, action: str) -> Response:
        act.change_ticket(sandbox, number, action, body())
        return jsonify(id=number)


def _faults(blueprint: Blueprint, sandbox: Sandbox) -> None:
    @blueprint.get("/faults")
    def faults() -> Response:
        return jsonify(faults=sandbox.faults.to_json())

    @blueprint.post("/faults")
    def add() -> Response:
        return make_response(jsonify(act.add_fault(sandbox, body())), 201)

    @blueprint.delete("/faults")
    def clear() -> Response:
        sandbox.faults.clear()
        return jsonify({})

    @blueprint.delete("/faults/<int:number>")
    def remove(number: int) -> Response:
        if not sandbox.faults.remove(number):
            raise ControlError(f"There is no fault {number}.", status=404)
        return jsonify({})


def _outgoing(blueprint: Blueprint, sandbox: Sandbox) -> None:
    sender = sandbox.datto.webhooks

    @blueprint.get("/webhook")
    def webhook() -> Response:
        return jsonify(
            config=sender.to_state(), deliveries=list(sender.log)[::-1][: limit()], pending=sender.pending
        )

    @blueprint.post("/webhook")
    def set_webhook() -> Response:
        return jsonify(act.set_webhook(sandbox, body()))

    @blueprint.post("/webhook/test")
    def test_webhook() -> Response:
        return jsonify(act.guarded(sender.send_test))

    @blueprint.get("/callout")
    def callout() -> Response:
        return jsonify(callouts=sandbox.autotask.callouts(), deliveries=sandbox.autotask.callout_log(limit()))

    @blueprint.post("/callout")
    def set_callout() -> Response:
        return jsonify(id=act.set_callout(sandbox, body()))


def _data(blueprint: Blueprint, sandbox: Sandbox) -> None:
    datto = sandbox.datto

    @blueprint.get("/sites")
    def sites() -> Response:
        with datto.lock:
            rows = [
                {
                    "uid": site.uid,
                    "id": site.id,
                    "name": site.name,
                    "devices": len(datto.devices_by_site[site.uid]),
                    "autotaskCompanyId": site.autotask_company_id,
                    "companyId": sandbox.true_companies.get(site.uid),
                }
                for site in datto.sites.values()
            ]
        return jsonify(sites=rows)

    @blueprint.post("/picklist/deactivate")
    def deactivate() -> Response:
        values = body()
        number = act.whole(values, "value")
        if number is None:
            raise ControlError("value: give the picklist value.", field="value")
        deactivate_value: Callable[[str, str, int], None] = sandbox.autotask.deactivate_picklist_value
        act.guarded(lambda: deactivate_value(str(values.get("entity")), str(values.get("field")), number))
        sandbox.state.mark()
        return jsonify({})
