"""Site routes of the Datto double. There is no way to delete a site, and no way to write its Autotask company."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, Response, jsonify

from .api import ApiError, body, empty, host, page_of
from .double import DattoDouble
from .model import Site
from .routes_account import change_variable, drop_variable, new_variable
from .wire import interface_wire, site_wire

_NAME_MAX = 255
_PROXY_TYPES = ("http", "socks4", "socks5")


def get_real_site(double: DattoDouble, uid: str) -> Site:
    """Return a site; 404 for an unknown one and for system sites, which only the account list knows."""
    site = double.get_site(uid)
    if site.is_system:
        raise ApiError(404)
    return site


def _fields() -> dict[str, Any]:
    values = body(required=("name",))
    name = values["name"]
    if not isinstance(name, str) or not name.strip() or len(name) > _NAME_MAX:
        raise ApiError(400)
    for key, kind in (
        ("description", str),
        ("notes", str),
        ("onDemand", bool),
        ("splashtopAutoInstall", bool),
    ):
        if values.get(key) is not None and not isinstance(values[key], kind):
            raise ApiError(400)
    return values


def _write(site: Site, values: dict[str, Any]) -> None:
    site.name = values["name"]
    site.description = values.get("description", site.description)
    site.notes = values.get("notes", site.notes)
    if values.get("onDemand") is not None:
        site.on_demand = values["onDemand"]
    if values.get("splashtopAutoInstall") is not None:
        site.splashtop_auto_install = values["splashtopAutoInstall"]


def _proxy(values: Any) -> dict[str, Any] | None:
    if values is None:
        return None
    if not isinstance(values, dict) or values.get("type") not in _PROXY_TYPES or not values.get("host"):
        raise ApiError(400)
    return {key: values.get(key) for key in ("host", "port", "type", "username", "password")}


def register(blueprint: Blueprint, double: DattoDouble) -> None:
    """Add the routes."""

    def wire(site: Site) -> Response:
        return jsonify(site_wire(site, double.site_counts(site.uid), double.account_uid, host()))

    @blueprint.put("/api/v2/site", endpoint="site-create")
    def create() -> Response:
        values = _fields()
        with double.lock:
            site = Site(id=double.take_id(), uid=str(uuid.uuid4()), name="")
            _write(site, values)
            site.proxy = _proxy(values.get("proxySettings"))
            double.sites[site.uid] = site
            double.devices_by_site[site.uid] = {}
            double.changed_sites.add(site.uid)
            double.note_activity("USER", "site", "create", site)
            double.changed()
            return wire(site)

    @blueprint.get("/api/v2/site/<uid>")
    def one(uid: str) -> Response:
        with double.lock:
            return wire(get_real_site(double, uid))

    @blueprint.post("/api/v2/site/<uid>", endpoint="site-update")
    def update(uid: str) -> Response:
        with double.lock:
            site = get_real_site(double, uid)
            _write(site, _fields())
            double.changed_sites.add(uid)
            double.changed()
            return wire(site)

    @blueprint.get("/api/v2/site/<uid>/devices/network-interface")
    def interfaces(uid: str) -> Response:
        with double.lock:
            site = get_real_site(double, uid)
            rows = [double.devices[device] for device in double.devices_by_site[uid]]
            return page_of(double, "devices", rows, lambda device: interface_wire(device, site))

    @blueprint.get("/api/v2/site/<uid>/filters")
    def filters(uid: str) -> Response:
        get_real_site(double, uid)
        return page_of(double, "filters", [])

    _settings(blueprint, double)
    _variables(blueprint, double)


def _settings(blueprint: Blueprint, double: DattoDouble) -> None:
    def wire(site: Site) -> Response:
        general = {
            "name": site.name,
            "uid": site.uid,
            "description": site.description,
            "onDemand": site.on_demand,
        }
        return jsonify(generalSettings=general, proxySettings=site.proxy, mailRecipients=site.mail_recipients)

    @blueprint.get("/api/v2/site/<uid>/settings")
    def settings(uid: str) -> Response:
        return wire(get_real_site(double, uid))

    @blueprint.post("/api/v2/site/<uid>/settings/proxy", endpoint="site-proxy-create")
    def set_proxy(uid: str) -> Response:
        with double.lock:
            site = get_real_site(double, uid)
            site.proxy = _proxy(body())
            double.changed_sites.add(uid)
        double.changed()
        return wire(site)

    @blueprint.delete("/api/v2/site/<uid>/settings/proxy", endpoint="site-proxy-delete")
    def drop_proxy(uid: str) -> Response:
        with double.lock:
            site = get_real_site(double, uid)
            had, site.proxy = site.proxy, None
            double.changed_sites.add(uid)
        double.changed()
        return empty() if had else Response(status=204)


def _variables(blueprint: Blueprint, double: DattoDouble) -> None:
    def store(uid: str) -> dict[int, dict[str, Any]]:
        site = get_real_site(double, uid)
        double.changed_sites.add(uid)
        return site.variables

    @blueprint.get("/api/v2/site/<uid>/variables")
    def variables(uid: str) -> Response:
        return page_of(double, "variables", list(get_real_site(double, uid).variables.values()))

    @blueprint.put("/api/v2/site/<uid>/variable", endpoint="site-variable-create")
    def create(uid: str) -> Response:
        new_variable(double, store(uid))
        return empty()

    @blueprint.post("/api/v2/site/<uid>/variable/<int:variable>", endpoint="site-variable-update")
    def update(uid: str, variable: int) -> Response:
        change_variable(double, store(uid), variable)
        return empty()

    @blueprint.delete("/api/v2/site/<uid>/variable/<int:variable>", endpoint="site-variable-delete")
    def delete(uid: str, variable: int) -> Response:
        drop_variable(double, store(uid), variable)
        return empty()
