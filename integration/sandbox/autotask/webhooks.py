"""Webhooks: which change becomes an event, and delivering events signed, in order, with retries and shut-off."""

from __future__ import annotations

import json
from typing import Any, Final

from integration.sandbox.autotask.catalogue import ENTITIES
from integration.sandbox.autotask.catalogue.webhooks import FAMILIES
from integration.sandbox.autotask.database import Database, Event, webhook_fields
from integration.sandbox.autotask.delivery import Job, Lanes
from integration.sandbox.autotask.dotnet_json import dump, signature
from integration.sandbox.autotask.outgoing import SendHttp
from integration.sandbox.autotask.schema import Row

_SUBSCRIPTIONS: Final = {
    "Create": "isSubscribedToCreateEvents",
    "Update": "isSubscribedToUpdateEvents",
    "Delete": "isSubscribedToDeleteEvents",
}
_LOG_COLUMNS: Final = {"Companies": "accountWebhookID", "Contacts": "contactWebhookID"}
_LOG_TEXT_LENGTH: Final = 8000


def pascal_case(name: str) -> str:
    """Return the spelling of webhook field keys: companyID -> CompanyID."""
    return name[:1].upper() + name[1:]


class WebhookSender:
    """Listens to committed changes; keeps a sequence number and a failure count per webhook."""

    def __init__(self, database: Database, send_http: SendHttp) -> None:
        self._database = database
        self._send = send_http
        self.sequences: dict[str, int] = {}
        self.failures: dict[str, int] = {}
        self.lanes = Lanes("autotask-webhook", self._deliver)

    def on_event(self, event: Event) -> None:
        """Queue the event for every webhook that wants it; runs under the database's lock."""
        family = FAMILIES.get(event.entity)
        if family is None:
            return
        prefix = family[0]
        for hook in self._database.tables[f"{prefix}Webhooks"]:
            if not (hook.get("isActive") and hook.get("isReady") and hook.get(_SUBSCRIPTIONS[event.action])):
                continue
            excluded = self._database.tables[f"{prefix}WebhookExcludedResources"].where(
                "webhookID", hook["id"]
            )
            if event.actor.resource_id in {row.get("resourceID") for row in excluded}:
                continue
            fields = self._fields(event, prefix, hook["id"])
            if fields is not None:
                self._queue(event, hook, fields)

    def _fields(self, event: Event, prefix: str, hook_id: int) -> dict[str, Any] | None:
        """Return the payload's Fields, or None when no subscribed field changed."""
        if event.action == "Delete":
            return {}
        row = event.after or {}
        names = {number: found.name for number, found in webhook_fields(event.entity)}
        fields: dict[str, Any] = {}
        touched = event.action == "Create"
        for chosen in self._database.tables[f"{prefix}WebhookFields"].where("webhookID", hook_id):
            name = names[chosen["fieldID"]]
            hit = bool(chosen.get("isSubscribedField")) and (
                event.action == "Create" or name in event.changed
            )
            touched |= hit
            if hit or chosen.get("isDisplayAlwaysField"):
                fields[pascal_case(name)] = row.get(name)
        udf_table = self._database.tables.get(f"{prefix}WebhookUdfFields")
        definitions = {
            one["id"]: one["name"] for one in self._database.udf_definitions(ENTITIES[event.entity])
        }
        for chosen in udf_table.where("webhookID", hook_id) if udf_table is not None else ():
            name = definitions.get(chosen["udfFieldID"], "")
            hit = bool(chosen.get("isSubscribedField")) and (
                event.action == "Create" or name in event.changed
            )
            touched |= hit
            if hit or chosen.get("isDisplayAlwaysField"):
                fields[name] = (row.get("userDefinedFields") or {}).get(name)
        return fields if touched else None

    def _queue(self, event: Event, hook: Row, fields: dict[str, Any]) -> None:
        guid = hook["webhookGUID"]
        self.sequences[guid] = self.sequences.get(guid, 0) + 1
        payload = {
            "Action": event.action,
            "Guid": guid,
            "EntityType": ENTITIES[event.entity].object_name,
            "Id": event.row_id,
            "Fields": fields,
            "EventTime": self._database.now_utc().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "SequenceNumber": self.sequences[guid],
            "PersonID": event.actor.resource_id,
        }
        self.lanes.put(guid, {"target": event.entity, "hook_id": hook["id"], "payload": payload})

    def _deliver(self, guid: str, job: Job) -> bool:
        switches = self._database.switches
        body = dump(job["payload"])
        problem = "not tried"
        for attempt in range(switches.webhook_tries):
            if attempt and not self.lanes.pause(switches.webhook_pause_seconds * switches.time_scale):
                return False
            hook = self._hook(job)
            if hook is None or not hook.get("isActive"):
                return False
            headers = {
                "Content-Type": "application/json; charset=utf-8",
                "X-Hook-Signature": signature(hook.get("secretKey", ""), body),
            }
            problem = self._try(hook["webhookUrl"], body, headers)
            if not problem:
                self.failures[guid] = 0
                return True
        return self._give_up(guid, job, problem, body)

    def _try(self, url: str, body: bytes, headers: dict[str, str]) -> str:
        """Return what went wrong, or "" for a 2xx."""
        try:
            status = self._send(url, body, headers, self._database.switches.webhook_timeout_seconds)
        except (OSError, ValueError) as error:
            return f"{type(error).__name__}: {error}"
        return "" if status // 100 == 2 else f"The receiver answered HTTP {status}"  # noqa: PLR2004  any 2xx

    def _hook(self, job: Job) -> Row | None:
        with self._database.lock:
            return self._database.row(f"{FAMILIES[job['target']][0]}Webhooks", job["hook_id"])

    def _give_up(self, guid: str, job: Job, problem: str, body: bytes) -> bool:
        """Log the dropped event; return False when the webhook was switched off."""
        self.failures[guid] = self.failures.get(guid, 0) + 1
        database = self._database
        with database.lock:
            log = database.tables["WebhookEventErrorLogs"]
            column = _LOG_COLUMNS.get(job["target"], "")
            log.put(
                {
                    "id": log.new_id(),
                    **({column: job["hook_id"]} if column else {}),
                    "createDateTime": database.now(),
                    "errorMessage": problem[:_LOG_TEXT_LENGTH],
                    "payload": body.decode("ascii")[:_LOG_TEXT_LENGTH],
                    "sequenceNumber": job["payload"]["SequenceNumber"],
                }
            )
            if self.failures[guid] < database.switches.webhook_failures_until_disabled:
                return True
            hook = self._hook(job)
            if hook is None:
                return False
            database.tables[f"{FAMILIES[job['target']][0]}Webhooks"].put({**hook, "isActive": False})
        self.failures[guid] = 0
        notice = {
            "Action": "Deactivated",
            "Guid": guid,
            "Id": job["hook_id"],
            "EventTime": job["payload"]["EventTime"],
        }
        # Unsigned on purpose: receivers must not act on it without asking the API.
        self._try(hook["deactivationUrl"], json.dumps(notice).encode(), {"Content-Type": "application/json"})
        return False

    def to_state(self) -> dict[str, Any]:
        """Return counters and waiting events."""
        waiting = [job for jobs in self.lanes.waiting().values() for job in jobs]
        return {"sequences": dict(self.sequences), "failures": dict(self.failures), "waiting": waiting}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over counters and queue the waiting events again."""
        self.sequences = dict(state.get("sequences", {}))
        self.failures = dict(state.get("failures", {}))
        for job in state.get("waiting", []):
            self.lanes.put(job["payload"]["Guid"], job)
