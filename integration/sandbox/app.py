"""Puts the sandbox together as one WSGI application: both vendors, the control API, the control page, faults in front."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response, jsonify, make_response, request
from werkzeug.exceptions import HTTPException

from . import control_api, control_page
from .control import Sandbox
from .datto import API_PREFIX, error_response, install
from .faults import FaultMiddleware

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_BODY_MAX = 16 * 1024 * 1024
_CSP = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"


def create_app(sandbox: Sandbox) -> Flask:
    """Return the Flask application for a started sandbox, with the fault middleware around it."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = _BODY_MAX
    # Answers keep the order the vendors use and carry non-ASCII text as it is.
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask types the provider by its base class
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # as above
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    @app.before_request
    def own_pages_only() -> Response | None:
        """Refuse changes that another web page sends through the person's browser."""
        foreign = request.headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"}
        if foreign and request.method not in {"GET", "HEAD"}:
            return make_response(jsonify(error="Changes are accepted from the sandbox's own page only."), 403)
        return None

    install(app, sandbox.datto)
    app.register_blueprint(sandbox.autotask.blueprint())
    app.register_blueprint(control_api.make_blueprint(sandbox))
    app.register_blueprint(control_page.make_blueprint(sandbox))

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        status = error.code or 500
        if request.path.startswith(API_PREFIX):
            return error_response(status)
        if request.path.startswith("/control/"):
            return make_response(jsonify(error=error.description, field=""), status)
        answer = error.get_response()
        return make_response(answer.get_data(), status, dict(answer.headers))

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = _CSP
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    def on_write(vendor: str) -> None:
        if vendor == "autotask":
            sandbox.state.mark()

    inner: WSGIApplication = app.wsgi_app
    app.wsgi_app = FaultMiddleware(inner, sandbox.faults, sandbox.requests, on_write)  # type: ignore[method-assign]  # Flask's documented way to add middleware
    return app
