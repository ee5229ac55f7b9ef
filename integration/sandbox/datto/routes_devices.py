"""Device and audit routes of the Datto double."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Blueprint, Response, jsonify, request

from .api import ApiError, body, contains, empty, host, page_of, whole_number
from .audit import device_audit, esxi_audit, network_audit, patches_of, printer_audit, software_of
from .double import DattoDouble
from .model import Device, UdfLabel
from .routes_account import FILTERS
from .routes_sites import get_real_site
from .udfs import UDF_COUNT, kept_text
from .wire import device_wire

_UDF_MAX = 255
_MOST_MACHINES = 3
_MAC = re.compile(r"[0-9A-Fa-f]{12}")
_INSTALL_STATUS = ("INSTALLED", "APPROVED_PENDING", "NOT_APPROVED")


def register(blueprint: Blueprint, double: DattoDouble) -> None:
    """Add the routes."""
    for version in ("v2", "v3"):
        _reading(blueprint, double, version)
    _writing(blueprint, double)
    _audits(blueprint, double)
    _patches(blueprint, double)


def _selected(double: DattoDouble, devices: list[Device]) -> list[Device]:
    """Apply the list filters; a filterId decides alone."""
    if "filterId" in request.args:
        number = whole_number("filterId", 0)
        row = next((row for row in FILTERS if row["id"] == number), None)
        if row is None:
            raise ApiError(404)
        return [device for device in devices if contains(device.category, row["class"])]
    args = request.args
    if not any(args.get(name) for name in ("hostname", "deviceType", "operatingSystem", "siteName")):
        return devices
    return [
        device
        for device in devices
        if contains(device.hostname, args.get("hostname"))
        and contains(device.category, args.get("deviceType"))
        and contains(device.operating_system, args.get("operatingSystem"))
        and contains(double.sites[device.site_uid].name, args.get("siteName"))
    ]


def _by_mac(double: DattoDouble, mac: str) -> list[Device]:
    if not _MAC.fullmatch(mac):
        raise ApiError(404)
    found = [double.devices[uid] for uid in double.device_uids_by_mac.get(mac.upper(), [])]
    if not found:
        raise ApiError(404)
    return found


def _reading(blueprint: Blueprint, double: DattoDouble, version: str) -> None:
    root, v3 = f"/api/{version}", version == "v3"

    def wire(device: Device) -> dict[str, Any]:
        site = double.sites[device.site_uid]
        return device_wire(device, site, double.settings, host(), labels=double.udf_labels if v3 else None)

    def account_devices() -> Response:
        with double.lock:
            return page_of(double, "devices", _selected(double, list(double.devices.values())), wire)

    def site_devices(uid: str) -> Response:
        with double.lock:
            get_real_site(double, uid)
            rows = [double.devices[device] for device in double.devices_by_site[uid]]
            return page_of(double, "devices", _selected(double, rows), wire)

    def one(uid: str) -> Response:
        with double.lock:
            return jsonify(wire(double.get_device(uid)))

    def by_id(number: int) -> Response:
        with double.lock:
            return jsonify(wire(double.get_device(double.device_uids_by_id.get(number, ""))))

    def by_mac(mac: str) -> Response:
        with double.lock:
            return jsonify([wire(device) for device in _by_mac(double, mac)])

    blueprint.get(f"{root}/account/devices", endpoint=f"{version}-account-devices")(account_devices)
    blueprint.get(f"{root}/site/<uid>/devices", endpoint=f"{version}-site-devices")(site_devices)
    blueprint.get(f"{root}/device/<uid>", endpoint=f"{version}-device")(one)
    blueprint.get(f"{root}/device/id/<int:number>", endpoint=f"{version}-device-id")(by_id)
    blueprint.get(f"{root}/device/macAddress/<mac>", endpoint=f"{version}-device-mac")(by_mac)


def _writing(blueprint: Blueprint, double: DattoDouble) -> None:
    @blueprint.put("/api/v2/device/<uid>/site/<site_uid>", endpoint="device-move")
    def move(uid: str, site_uid: str) -> Response:
        with double.lock:
            double.move_device(double.get_device(uid), get_real_site(double, site_uid))
        return empty()

    @blueprint.post("/api/v2/device/<uid>/udf", endpoint="device-udf-set")
    def set_udf(uid: str) -> Response:
        with double.lock:
            device = double.get_device(uid)
            write_udfs(device, body())
            double.changed_devices.add(uid)
        double.changed()
        return empty()

    def set_udfs(uid: str) -> Response:
        with double.lock:
            device = double.get_device(uid)
            write_udf_items(device, body().get("udfs"), double.udf_labels)
            double.changed_devices.add(uid)
        double.changed()
        return empty()

    blueprint.post("/api/v3/device/<uid>/udf", endpoint="v3-device-udf-set")(set_udfs)

    @blueprint.post("/api/v2/device/<uid>/warranty", endpoint="device-warranty-create")
    def warranty(uid: str) -> Response:
        values = body()
        if "warrantyDate" not in values:
            raise ApiError(400)
        with double.lock:
            device = double.get_device(uid)
            device.warranty = _day(values["warrantyDate"])
            double.changed_devices.add(uid)
        double.changed()
        return empty()


def _day(value: Any) -> str | None:
    """Return a `yyyy-mm-dd` text or None; 400 on anything else."""
    if value is None:
        return None
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError) as error:
        raise ApiError(400) from error


def write_udfs(device: Device, values: dict[str, Any]) -> None:
    """Write V2 fields `{"udf1": text...}`: unnamed ones stay, empty or null clears; 400 on a wrong name or value."""
    clean: dict[int, str] = {}
    for name, value in values.items():
        match = re.fullmatch(r"udf(\d{1,3})", name)
        if match is None or not 1 <= int(match.group(1)) <= UDF_COUNT:
            raise ApiError(400)
        if value is not None and not isinstance(value, str):
            raise ApiError(400)
        if value and len(value) > _UDF_MAX:
            raise ApiError(400)
        clean[int(match.group(1))] = value or ""
    if not clean:
        raise ApiError(400)
    _store(device, clean)


def write_udf_items(device: Device, items: Any, labels: dict[int, UdfLabel]) -> None:
    """Write V3 items `[{"ordinal", one of the value fields}]`; all of them null removes the field; 400 on a wrong type."""
    if not isinstance(items, list) or not items:
        raise ApiError(400)
    clean: dict[int, str] = {}
    for item in items:
        ordinal = item.get("ordinal") if isinstance(item, dict) else None
        if type(ordinal) is not int or not 1 <= ordinal <= UDF_COUNT:
            raise ApiError(400)
        try:
            clean[ordinal] = kept_text(item, labels.get(ordinal))[:_UDF_MAX]
        except ValueError as error:
            raise ApiError(400) from error
    _store(device, clean)


def _store(device: Device, values: dict[int, str]) -> None:
    for number, value in values.items():
        if value:
            device.udf[number] = value
        else:
            device.udf.pop(number, None)


def _audit_of(device: Device) -> dict[str, Any]:
    """Return the audit of a device of class "device"; 400 for every other class."""
    if device.device_class != "device":
        raise ApiError(400)
    return (
        network_audit(device, host()) if device.category == "Network Device" else device_audit(device, host())
    )


def _machines_on(double: DattoDouble, host: Device) -> list[str]:
    """Return host names of the site's servers that run on a host; the site's hosts share them out."""
    here = [double.devices[uid] for uid in list(double.devices_by_site.get(host.site_uid, {}))]
    hosts = sorted(one.id for one in here if one.device_class == "esxihost")
    servers = [
        one.hostname
        for one in sorted(here, key=lambda one: one.id)
        if one.device_class == "device" and one.category == "Server" and one.hostname and not one.deleted
    ]
    return servers[hosts.index(host.id) :: len(hosts)][:_MOST_MACHINES] if host.id in hosts else []


def _audits(blueprint: Blueprint, double: DattoDouble) -> None:
    def esxi(device: Device, address: str) -> dict[str, Any]:
        return esxi_audit(device, address, _machines_on(double, device))

    def classed(name: str, make: Callable[[Device, str], dict[str, Any]]) -> None:
        def audit(uid: str) -> Response:
            device = double.get_device(uid)
            if device.device_class != name:
                raise ApiError(400)
            return jsonify(make(device, host()))

        blueprint.get(f"/api/v2/audit/{name}/<uid>", endpoint=f"audit-{name}")(audit)

    classed("esxihost", esxi)
    classed("printer", printer_audit)

    @blueprint.get("/api/v2/audit/device/<uid>")
    def device(uid: str) -> Response:
        return jsonify(_audit_of(double.get_device(uid)))

    @blueprint.get("/api/v2/audit/device/macAddress/<mac>")
    def device_by_mac(mac: str) -> Response:
        return jsonify([_audit_of(device) for device in _by_mac(double, mac)])

    @blueprint.get("/api/v2/audit/device/<uid>/software")
    def software(uid: str) -> Response:
        device = double.get_device(uid)
        if device.device_class != "device":
            raise ApiError(400)
        return page_of(double, "software", software_of(device))


def _patches(blueprint: Blueprint, double: DattoDouble) -> None:
    def wanted() -> str | None:
        status = request.args.get("installStatus")
        if status is not None and status not in _INSTALL_STATUS:
            raise ApiError(400)
        return status

    @blueprint.get("/api/v2/device/<uid>/patches")
    def device_patches(uid: str) -> Response:
        status = wanted()
        rows = [row for row in patches_of(double.get_device(uid)) if status in (None, row["installStatus"])]
        return page_of(double, "patches", rows)

    @blueprint.get("/api/v2/site/<uid>/patches")
    def site_patches(uid: str) -> Response:
        status = wanted()
        with double.lock:
            get_real_site(double, uid)
            counted: dict[tuple[str, str], dict[str, Any]] = {}
            for device_uid in double.devices_by_site[uid]:
                for row in patches_of(double.devices[device_uid]):
                    if status in (None, row["installStatus"]):
                        key = (row["title"], row["installStatus"])
                        found = counted.setdefault(key, {**row, "totalDevices": 0})
                        found.pop("manualOverride", None)
                        found["totalDevices"] += 1
        return page_of(double, "patches", list(counted.values()))
