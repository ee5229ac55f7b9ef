"""The Datto RMM half of the sandbox: `DattoDouble` holds the records, `install` puts its HTTP routes on an app."""

from __future__ import annotations

from flask import Blueprint, Flask

from . import auth, routes_account, routes_alerts, routes_devices, routes_jobs, routes_sites
from .api import API_PREFIX, error_response, guard
from .double import DattoDouble
from .seed import DattoSeed, NotFoundError

__all__ = ["API_PREFIX", "DattoDouble", "DattoSeed", "NotFoundError", "error_response", "install"]


def install(app: Flask, double: DattoDouble) -> None:
    """Serve the double under `/auth/oauth/token` and `/api/v2|v3/...`."""
    guard(app, double)
    for part in (auth, routes_account, routes_sites, routes_devices, routes_alerts, routes_jobs):
        blueprint = Blueprint(f"datto_{part.__name__.rpartition('.')[2]}", __name__)
        part.register(blueprint, double)
        app.register_blueprint(blueprint)
