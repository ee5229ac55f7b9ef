"""The token endpoint of the Datto double: `POST /auth/oauth/token`, outside `/api`."""

from __future__ import annotations

import hmac
import secrets
import time

from flask import Blueprint, Response, jsonify, make_response, request

from .double import DattoDouble


def register(blueprint: Blueprint, double: DattoDouble) -> None:
    """Add the token route."""

    @blueprint.post("/auth/oauth/token")
    def token() -> Response:
        client = request.authorization
        if client is None or (client.username, client.password) != ("public-client", "public"):
            return _refuse(401, "invalid_client", "Bad client credentials")
        if request.form.get("grant_type") != "password":
            return _refuse(400, "unsupported_grant_type", "Unsupported grant type")
        user, password = request.form.get("username", ""), request.form.get("password", "")
        if password != password.strip() or user != user.strip():
            # A pasted line break is refused with another status than a wrong secret.
            return _refuse(401, "unauthorized", "Bad credentials")
        if not _same(user, double.api_key) or not _same(password, double.api_secret):
            return _refuse(400, "invalid_grant", "Bad credentials")
        lifetime = double.settings.token_lifetime_seconds
        fresh = secrets.token_urlsafe(32)
        with double.lock:
            now = time.time()
            double.tokens = {known: until for known, until in double.tokens.items() if until > now}
            double.tokens[fresh] = now + lifetime
        double.changed()
        return jsonify(
            access_token=fresh,
            token_type="bearer",  # noqa: S106 - the kind of token, not a secret
            refresh_token=secrets.token_urlsafe(32),
            expires_in=lifetime,
            scope="read write",
            jti=secrets.token_hex(8),
        )


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _refuse(status: int, error: str, description: str) -> Response:
    return make_response(jsonify(error=error, error_description=description), status)
