"""The control API of devices and of Autotask's rows, JSON in and out.

| route | values | answer |
|---|---|---|
| GET /control/devices | `q`, `siteUid`, `deleted=true` or `false`, `limit` | `{"total", "devices"}` |
| GET /control/devices/UID | | the device with all the double remembers |
| POST /control/devices | `siteUid`; `kind` (workstation, laptop, server, esxi, switch, firewall, accesspoint, printer, unknown), any field | 201 the device: an agent has installed itself |
| POST /control/devices/UID | any field, `siteUid`; `audit` true or false decides whether `lastAuditDate` moves | the device |
| POST /control/devices/UID/delete | | the device, now among "Deleted Devices" |
| POST /control/devices/UID/purge | | `{}`: it is in no list any more |
| POST /control/devices/UID/return | `siteUid` | the new device: other uid and id, same hardware |
| POST /control/devices/UID/rebuild | `old` (offline, delete, purge), any field | the new device: other uid and id, same host name and serial |
| POST /control/devices/UID/move | `siteUid` | the device |
| POST /control/devices/UID/rename | `hostname` | the device, audited |
| POST /control/devices/UID/retype | `category`, `type` | the device |
| POST /control/devices/UID/hardware | `memoryGb`, `diskGb`, `model`...; nothing doubles the memory | the device, audited |
| POST /control/devices/UID/user | `lastUser` | the device |
| POST /control/devices/UID/udf | `udf` such as `{"7": "Gold"}`; "" clears | the device |
| POST /control/devices/UID/motherboard | `serial` | the device with a new serial and first address, audited |
| POST /control/devices/UID/online, /offline, /audit | | the device |
| POST /control/devices/touch | `percent`, `seed`, `audit` | `{"touched", "deviceUids"}`: other last user and memory |
| GET, POST /control/udfs | `number`, `label`, `type` (STRING, NUMBER, DATE, BOOLEAN) | `{"udfs"}` |
| GET /control/cases | | named examples of this world |
| GET /control/writes | `?entity=ConfigurationItems` | accepted writes of the API, per object |
| DELETE /control/writes | | `{}`; counts from 0 again |
| GET /control/rows/ENTITY | `?field=value`, `limit` | `{"rows", "total"}` of the Autotask double |
| POST /control/rows/ENTITY | `fields`, `resourceId` | 201 `{"id"}`: a person creates it in Autotask's screens |
| POST /control/rows/ENTITY/ID | `fields`, `resourceId` | `{"id"}` |
| DELETE /control/rows/ENTITY/ID | `resourceId` | `{"id"}` |

Fields of a device: `hostname serial macs intIpAddress extIpAddress domain online deleted suspended lastUser
operatingSystem model manufacturer description memoryGb diskGb warranty category type deviceClass patchStatus udf`.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, make_response, request

from . import control_actions as act
from . import control_device_actions as devices
from .control import Sandbox
from .control_requests import body, limit

_ROWS_MAX = 1000


def register(blueprint: Blueprint, sandbox: Sandbox) -> None:
    """Add the routes to the control API."""
    _devices(blueprint, sandbox)
    _rows(blueprint, sandbox)

    @blueprint.get("/cases")
    def cases() -> Response:
        return jsonify(sandbox.cases)

    @blueprint.route("/udfs", methods=["GET", "POST"])
    def udfs() -> Response:
        if request.method == "POST":
            devices.label_udf(sandbox, body())
        return jsonify(udfs=devices.udf_rows(sandbox))

    @blueprint.get("/writes")
    def writes() -> Response:
        return jsonify(devices.writes(sandbox, request.args.get("entity", "")))

    @blueprint.delete("/writes")
    def forget_writes() -> Response:
        devices.forget_writes(sandbox)
        return jsonify({})


def _devices(blueprint: Blueprint, sandbox: Sandbox) -> None:
    datto = sandbox.datto

    @blueprint.get("/devices")
    def find_devices() -> Response:
        text, site = request.args.get("q", "").lower(), request.args.get("siteUid")
        deleted = {"true": True, "false": False}.get(request.args.get("deleted", ""))
        with datto.lock:
            fit = [
                device
                for device in datto.devices.values()
                if text in (device.hostname or "").lower()
                and site in (None, "", device.site_uid)
                and deleted in (None, bool(device.deleted))
            ]
            rows = [devices.device_row(sandbox, device) for device in fit[: limit()]]
        return jsonify(total=len(fit), devices=rows)

    @blueprint.post("/devices")
    def add_device() -> Response:
        return make_response(jsonify(devices.device_row(sandbox, devices.add_device(sandbox, body()))), 201)

    @blueprint.post("/devices/touch")
    def touch_devices() -> Response:
        uids = devices.touch_devices(sandbox, body())
        return jsonify(touched=len(uids), deviceUids=uids)

    @blueprint.get("/devices/<uid>")
    def get_device(uid: str) -> Response:
        return jsonify(devices.device_row(sandbox, devices.get_device(sandbox, uid)))

    @blueprint.post("/devices/<uid>")
    def change_device(uid: str) -> Response:
        return jsonify(devices.device_row(sandbox, devices.change_device(sandbox, uid, body())))

    @blueprint.post("/devices/<uid>/<action>")
    def act_on_device(uid: str, action: str) -> Response:
        device = devices.act_on_device(sandbox, uid, action, body())
        return jsonify({} if device is None else devices.device_row(sandbox, device))


def _rows(blueprint: Blueprint, sandbox: Sandbox) -> None:
    @blueprint.get("/rows/<entity>")
    def rows(entity: str) -> Response:
        equal = {name: _typed(text) for name, text in request.args.items() if name != "limit"}
        found = act.guarded(lambda: sandbox.autotask.find(entity, **equal))
        return jsonify(rows=found[: limit(_ROWS_MAX)], total=len(found))

    @blueprint.post("/rows/<entity>")
    def create_row(entity: str) -> Response:
        return make_response(jsonify(id=devices.write_row(sandbox, entity, None, body())), 201)

    @blueprint.post("/rows/<entity>/<int:number>")
    def update_row(entity: str, number: int) -> Response:
        return jsonify(id=devices.write_row(sandbox, entity, number, body()))

    @blueprint.delete("/rows/<entity>/<int:number>")
    def delete_row(entity: str, number: int) -> Response:
        devices.delete_row(sandbox, entity, number, body())
        return jsonify(id=number)


def _typed(text: str) -> Any:
    """Read a query text as the value a row holds: numbers and booleans, otherwise the text itself."""
    if text in {"true", "false"}:
        return text == "true"
    return int(text) if text.lstrip("-").isdigit() else text
