"""Reads the requests of the control API."""

from __future__ import annotations

from typing import Any

from flask import request

from .control_actions import ControlError, whole

_LIMIT_MAX = 1000


def body() -> dict[str, Any]:
    """Return the JSON object sent, an empty one when nothing was.

    Raises:
        ControlError: it is not a JSON object.
    """
    if not request.get_data(cache=True):
        return {}
    value = request.get_json(force=True, silent=True)
    if not isinstance(value, dict):
        raise ControlError("The body must be a JSON object.")
    return value


def limit(default: int = 100) -> int:
    """Return `?limit=`, between 1 and 1000."""
    wanted = whole(request.args.to_dict(), "limit", default) or default
    return max(1, min(_LIMIT_MAX, wanted))
