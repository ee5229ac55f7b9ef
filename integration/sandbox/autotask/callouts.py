"""Extension callouts: form posts fired by workflow rules on tickets, with Autotask's odd timestamps."""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from integration.sandbox.autotask.catalogue import ENTITIES
from integration.sandbox.autotask.database import Database, Event
from integration.sandbox.autotask.delivery import Job, Lanes
from integration.sandbox.autotask.outgoing import SendHttp
from integration.sandbox.autotask.schema import Row

_LOCAL: Final = ZoneInfo("America/New_York")
_LOG_LENGTH: Final = 500


def odd_timestamp(kept: str) -> str:
    """Return a time as callouts write it: local, 8 fraction digits, an offset with seconds.

    For example `2024-01-31T08:05:09.12300000-05:00:00`, which strict parsers refuse.
    """
    local = datetime.fromisoformat(kept).astimezone(_LOCAL)
    offset = local.utcoffset()
    minutes = int(offset.total_seconds() // 60) if offset is not None else 0
    sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
    fraction = f"{local.microsecond * 100:08d}"
    return f"{local:%Y-%m-%dT%H:%M:%S}.{fraction}{sign}{minutes // 60:02d}:{minutes % 60:02d}:00"


class CalloutSender:
    """Fires callouts on tickets created or edited by anybody; there is no retry and no signature."""

    def __init__(self, database: Database, send_http: SendHttp) -> None:
        self._database = database
        self._send = send_http
        self.callouts: list[dict[str, Any]] = []
        self.log: deque[dict[str, Any]] = deque(maxlen=_LOG_LENGTH)
        self.lanes = Lanes("autotask-callout", self._deliver)

    def add(
        self,
        url: str,
        *,
        username: str,
        password: str,
        on_status: Iterable[int | str],
        udf: str,
        credentials: str,
    ) -> int:
        """Define a callout and return its number; `on_status` holds ids or labels, empty means every edit.

        Raises:
            ValueError: when the address or the credentials' kind is not usable.
        """
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"callout url {url!r}: give an http or https address")
        if credentials not in {"basic", "form"}:
            raise ValueError(f"callout credentials {credentials!r}: use basic or form")
        with self._database.lock:
            number = max((one["id"] for one in self.callouts), default=0) + 1
            self.callouts.append(
                {
                    "id": number,
                    "url": url,
                    "username": username,
                    "password": password,
                    "on_status": list(on_status),
                    "udf": udf,
                    "credentials": credentials,
                    "is_active": True,
                }
            )
        return number

    def remove(self, number: int) -> bool:
        """Take a callout away; False when there was none of this number."""
        with self._database.lock:
            before = len(self.callouts)
            self.callouts = [one for one in self.callouts if one["id"] != number]
            return len(self.callouts) < before

    def on_event(self, event: Event) -> None:
        """Queue the ticket for every callout whose conditions it meets."""
        if event.entity != "Tickets" or event.after is None:
            return
        status = self._status_label(event.after)
        for callout in self.callouts:
            wanted = {str(one).lower() for one in callout["on_status"]}
            if not callout["is_active"] or (
                wanted and not wanted & {str(event.after["status"]), status.lower()}
            ):
                continue
            if callout["udf"] and not (event.after.get("userDefinedFields") or {}).get(callout["udf"]):
                continue
            form = {
                "id": event.row_id,
                "number": event.after.get("ticketNumber", ""),
                "status": status,
                "created_datetime": odd_timestamp(event.after["createDate"]),
                "last_activity_datetime": odd_timestamp(event.after["lastActivityDate"]),
                "domain": "sandbox.example",
            }
            self.lanes.put(str(callout["id"]), {"callout": callout["id"], "form": form})

    def _status_label(self, ticket: Row) -> str:
        for one in self._database.picklist(ENTITIES["Tickets"], "status"):
            if one["value"] == ticket.get("status"):
                return str(one["label"])
        return ""

    def _deliver(self, _lane: str, job: Job) -> bool:
        callout = next((one for one in self.callouts if one["id"] == job["callout"]), None)
        if callout is None:
            return False
        form, headers = dict(job["form"]), {"Content-Type": "application/x-www-form-urlencoded"}
        if callout["username"] and callout["credentials"] == "basic":
            pair = f"{callout['username']}:{callout['password']}".encode()
            headers["Authorization"] = "Basic " + base64.b64encode(pair).decode("ascii")
        elif callout["username"]:
            form |= {"username": callout["username"], "password": callout["password"]}
        entry = {
            "callout": callout["id"],
            "ticket_id": form["id"],
            "status": form["status"],
            "at": self._database.now(),
        }
        try:
            # The colons of the timestamps go out as they are, as recorded from the real service.
            body = urlencode(form, safe=":").encode("ascii")
            timeout = self._database.switches.webhook_timeout_seconds
            answer: int | str = self._send(callout["url"], body, headers, timeout)
        except (OSError, ValueError) as error:
            answer = f"{type(error).__name__}: {error}"
        self.log.append({**entry, "answer": answer})
        return True
