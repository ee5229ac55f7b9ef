"""Flask around the API: one route for every spelling of the path, JSON in and out, a list of recent calls."""

from __future__ import annotations

import json
import time
from collections import deque
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, Response, request
from flask.blueprints import BlueprintSetupState
from werkzeug.routing import BaseConverter

from integration.sandbox.autotask.api import Api, Call
from integration.sandbox.autotask.database import Database
from integration.sandbox.autotask.errors import RefusedError

_METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_SEEN: Final = 2000


class RootConverter(BaseConverter):
    """The zone prefix in any letter case."""

    regex = r"(?i:(?:zone\d+/)?atservicesrest)"
    part_isolating = False


class SeenRequests:
    """The last calls, without headers, bodies or query texts."""

    def __init__(self) -> None:
        self._calls: deque[dict[str, Any]] = deque(maxlen=_SEEN)

    def add(
        self, *, at: datetime, method: str, path: str, status: int, ms: float, user: str, error: str
    ) -> None:
        """Remember a call."""
        self._calls.append(
            {
                "at": at.isoformat(),
                "method": method,
                "path": path,
                "status": status,
                "ms": round(ms, 1),
                "user": user,
                "error": error,
            }
        )

    def latest(self, limit: int) -> list[dict[str, Any]]:
        """Return the newest calls, newest first."""
        return list(reversed(self._calls))[: max(0, limit)]

    def clear(self) -> None:
        """Forget all calls."""
        self._calls.clear()


def make_blueprint(api: Api, database: Database, seen: SeenRequests) -> Blueprint:
    """Return the blueprint; it may be registered on one app."""
    blueprint = Blueprint("autotask", __name__)

    def add_converter(state: BlueprintSetupState) -> None:
        state.app.url_map.converters["autotask_root"] = RootConverter

    def answer(root: str, rest: str) -> Response:
        started = time.perf_counter()
        call = Call(
            method=request.method,
            base_url=request.host_url.rstrip("/"),
            root=root,
            segments=tuple(segment for segment in rest.split("/") if segment),
            headers=dict(request.headers.items()),
            arguments=request.args.to_dict(),
            body=request.get_data(cache=False),
        )
        error = ""
        try:
            status, body = int(HTTPStatus.OK), api.answer(call)
        except RefusedError as refusal:
            status, body = refusal.status, {"errors": refusal.messages}
            error = str(refusal)
        user = request.headers.get("UserName", "")
        seen.add(
            at=database.now_utc(),
            method=request.method,
            path=f"/{root}/{rest}",
            status=status,
            ms=(time.perf_counter() - started) * 1000,
            user=user,
            error=error,
        )
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        return Response(text, status=status, content_type="application/json; charset=utf-8")

    # The converter must be known before the rule that uses it is added.
    blueprint.record(add_converter)
    blueprint.add_url_rule(
        "/<autotask_root:root>/<path:rest>",
        "answer",
        answer,
        methods=_METHODS,
        provide_automatic_options=False,
        strict_slashes=False,
    )
    return blueprint
