"""The double as one object: what the sandbox process, the control page and tests talk to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint

from integration.sandbox.autotask.api import Api
from integration.sandbox.autotask.blueprint import SeenRequests, make_blueprint
from integration.sandbox.autotask.callouts import CalloutSender
from integration.sandbox.autotask.catalogue import ENTITIES
from integration.sandbox.autotask.database import ApiUser, Database
from integration.sandbox.autotask.limits import Limits
from integration.sandbox.autotask.outgoing import SendHttp, send_over_http
from integration.sandbox.autotask.person import Person
from integration.sandbox.autotask.picklists import picklist_values
from integration.sandbox.autotask.schema import Row
from integration.sandbox.autotask.settings import Switches
from integration.sandbox.autotask.store import Table
from integration.sandbox.autotask.webhooks import WebhookSender
from integration.sandbox.autotask.workflow import check_rule
from integration.sandbox.autotask.writer import Writer
from integration.sandbox.autotask.zone import Zone

_OPERATIONS = frozenset({"create", "update", "delete", "query"})


class AutotaskDouble:
    """A stateful, validating Autotask. Every method may be called from any thread.

    `public_url` is scheme, host and port; `clock` gives aware datetimes; `time_scale` multiplies every pause.
    """

    def __init__(
        self,
        *,
        public_url: str,
        clock: Callable[[], datetime],
        send_http: SendHttp = send_over_http,
        thread_limit: int = 3,
        hourly_limit: int = 10_000,
        latency_tiers: bool = True,
        time_scale: float = 1.0,
    ) -> None:
        switches = Switches(
            thread_limit=thread_limit,
            hourly_limit=hourly_limit,
            latency_tiers=latency_tiers,
            time_scale=time_scale,
        )
        self._database = Database(clock=clock, switches=switches)
        self._writer = Writer(self._database)
        self._limits = Limits(self._database)
        self._webhooks = WebhookSender(self._database, send_http)
        self._callouts = CalloutSender(self._database, send_http)
        self._database.listeners += [self._webhooks.on_event, self._callouts.on_event]
        self._seen = SeenRequests()
        self.zone = Zone(public_url)

    @property
    def switches(self) -> Switches:
        """Return the settings of the simulated database; assign to its attributes."""
        return self._database.switches

    def blueprint(self) -> Blueprint:
        """Return the blueprint that serves every path of the API, in any letter case."""
        api = Api(self._database, self._writer, self._limits, self.zone)
        return make_blueprint(api, self._database, self._seen)

    def seed(self, entity: str, rows: Iterable[dict[str, Any]]) -> None:
        """Load rows as they are, with their ids; no rules, no events.

        Raises:
            ValueError: naming the entity and the key or date that is wrong.
        """
        self._database.table(entity)
        with self._database.lock:
            for row in rows:
                self._database.store_row(ENTITIES[entity], row)

    def set_picklist(
        self, entity: str, field: str, values: Iterable[Mapping[str, Any] | tuple[Any, ...]]
    ) -> None:
        """Replace the values of a picklist.

        Raises:
            ValueError: when there is no such picklist field or a value is incomplete.
        """
        self._database.table(entity)
        found = ENTITIES[entity].find_field(field)
        if found is None or not found.picklist:
            raise ValueError(f"{entity}.{field}: no picklist field of this name")
        with self._database.lock:
            self._database.picklists.setdefault(entity, {})[found.name] = picklist_values(values)

    def deactivate_picklist_value(self, entity: str, field: str, value: int) -> None:
        """Make a value inactive: rows keep it, new writes with it are refused.

        Raises:
            ValueError: when the picklist has no such value.
        """
        with self._database.lock:
            for one in self._database.picklists.get(entity, {}).get(field, []):
                if one["value"] == value:
                    one["isActive"] = False
                    return
        raise ValueError(f"{entity}.{field}: no picklist value {value}")

    def add_api_user(
        self,
        username: str,
        secret: str,
        integration_code: str,
        resource_id: int,
        vendor: str = "",
        *,
        legacy_threads: bool = False,
        protected_data: bool = True,
    ) -> None:
        """Let somebody log in; vendor "Datto RMM" may write rmm* and datto* fields.

        `legacy_threads` is an integration from before 2023.1: slowed instead of refused beyond three threads.
        `protected_data` is False for a user who may neither see nor write protected UDFs.
        """
        user = ApiUser(
            username, secret, integration_code, resource_id, vendor, legacy_threads, protected_data
        )
        with self._database.lock:
            self._database.users[username.strip().lower()] = user
            resource = self._database.table("Resources").rows.get(resource_id)
        if resource is not None:
            # As in Autotask, an API user is a resource whose user name is the login.
            self.seed("Resources", [{**resource, "userName": username.strip(), "email": username.strip()}])

    def all(self, entity: str) -> list[Row]:
        """Return copies of all rows, ordered by id; they hold only what is not null."""
        with self._database.lock:
            return [dict(row) for row in self._database.table(entity)]

    def get(self, entity: str, row_id: int) -> Row | None:
        """Return a copy of one row, or None."""
        with self._database.lock:
            row = self._database.table(entity).rows.get(row_id)
            return None if row is None else dict(row)

    def find(self, entity: str, **equal: Any) -> list[Row]:
        """Return copies of the rows whose fields equal the given values, ordered by id."""
        with self._database.lock:
            table = self._database.table(entity)
            first = next((name for name in equal if table.has_index(name)), None)
            rows: Iterable[Row] = table if first is None else table.where(first, equal[first])
            return [dict(row) for row in rows if all(row.get(name) == value for name, value in equal.items())]

    def act_as_person(self, resource_id: int) -> Person:
        """Return a handle that changes things as this resource would in Autotask's screens."""
        return Person(self._database, self._writer, resource_id)

    def add_callout(
        self,
        url: str,
        username: str = "",
        password: str = "",
        on_status: Iterable[int | str] = (),
        *,
        udf: str = "",
        credentials: str = "basic",
    ) -> int:
        """Define an extension callout and return its number.

        `on_status` holds status ids or labels (empty: every create and edit), `udf` limits it to tickets with a value
        there, `credentials` is "basic" or "form".
        """
        return self._callouts.add(
            url, username=username, password=password, on_status=on_status, udf=udf, credentials=credentials
        )

    def remove_callout(self, number: int) -> bool:
        """Take a callout away; False when there was none of this number."""
        return self._callouts.remove(number)

    def add_workflow_rule(
        self,
        name: str,
        *,
        on: str = "any",
        when: dict[str, Any] | None = None,
        assign: dict[str, Any] | None = None,
        put_back: Iterable[str] = (),
    ) -> None:
        """Add a rule that runs after ticket writes.

        `on` is create, update or any; `when` must equal the ticket after the write; `assign` sets fields; `put_back`
        restores fields to what they were before the write.
        """
        rule = {"name": name, "on": on, "when": when or {}, "set": assign or {}, "put_back": list(put_back)}
        with self._database.lock:
            self._database.workflow_rules.append(check_rule(rule))

    def clear_workflow_rules(self) -> None:
        """Remove every workflow rule."""
        with self._database.lock:
            self._database.workflow_rules.clear()

    def deny(self, entity: str, operation: str) -> None:
        """Take a right away from API users; operation is create, update, delete or query."""
        self._database.table(entity)
        if operation not in _OPERATIONS:
            raise ValueError(f"operation {operation!r}: use one of {sorted(_OPERATIONS)}")
        with self._database.lock:
            if f"{entity}:{operation}" not in self.switches.denied:
                self.switches.denied.append(f"{entity}:{operation}")

    def allow(self, entity: str, operation: str) -> None:
        """Give a right back."""
        with self._database.lock:
            self.switches.denied = [one for one in self.switches.denied if one != f"{entity}:{operation}"]

    def move_zone(self, number: int) -> None:
        """Move the database to another zone: the old address answers 401, the lookup tells the new one."""
        self.zone.move(number)

    def requests_seen(self, limit: int = 100) -> list[dict[str, Any]]:
        """Return the newest calls, newest first: at, method, path, status, ms, user, error. No secrets."""
        return self._seen.latest(limit)

    def forget_requests(self) -> None:
        """Empty the list of calls."""
        self._seen.clear()

    def counters(self) -> dict[str, Any]:
        """Return calls of this hour, the limit, threads now and the most there were, per entity."""
        return {
            "requests_this_hour": self._limits.used_this_hour(),
            "hourly_limit": self.switches.hourly_limit,
            "threads_now": self._limits.threads_now(),
            "most_threads": dict(self._limits.most_threads),
        }

    def writes(self) -> dict[str, dict[str, Any]]:
        """Return the API's accepted writes by entity: create, update, delete, unchanged, and the writes per object id.

        `unchanged` are the updates among them that changed nothing; each of them still costs a history version.
        """
        counted: dict[str, dict[str, Any]] = {}
        with self._database.lock:
            for (entity, verb, row_id), times in self._database.writes.items():
                row = counted.setdefault(
                    entity, {"create": 0, "update": 0, "delete": 0, "unchanged": 0, "objects": {}}
                )
                row[verb] += times
                if verb != "unchanged":
                    row["objects"][str(row_id)] = row["objects"].get(str(row_id), 0) + times
        return counted

    def forget_writes(self) -> None:
        """Count writes from 0 again."""
        with self._database.lock:
            self._database.writes.clear()

    def webhook_queue(self) -> dict[str, int]:
        """Return how many events wait per webhook GUID, the one under way included."""
        return {guid: len(jobs) for guid, jobs in self._webhooks.lanes.waiting().items()}

    def callout_log(self, limit: int = 100) -> list[dict[str, Any]]:
        """Return the newest callouts, newest first: callout, ticket_id, status, at, answer."""
        return list(reversed(self._callouts.log))[:limit]

    def callouts(self) -> list[dict[str, Any]]:
        """Return the callouts without their passwords."""
        with self._database.lock:
            return [{key: one[key] for key in one if key != "password"} for one in self._callouts.callouts]

    def wait_until_delivered(self, timeout_seconds: float = 5.0) -> bool:
        """Wait until no webhook or callout is under way; False when the time is up."""
        done = self._webhooks.lanes.wait_until_idle(timeout_seconds)
        return self._callouts.lanes.wait_until_idle(timeout_seconds) and done

    def close(self) -> None:
        """Stop deliveries; waiting events stay in a state that was saved before."""
        self._webhooks.lanes.stop()
        self._callouts.lanes.stop()

    def to_state(self) -> dict[str, Any]:
        """Return everything that must survive a restart, as JSON values. Holds secrets: keep it private."""
        database = self._database
        with database.lock:
            return {
                "tables": {
                    name: {"last_id": table.last_id, "rows": [dict(row) for row in table]}
                    for name, table in database.tables.items()
                    if table.last_id or len(table)
                },
                "picklists": {
                    name: {field: [dict(one) for one in values] for field, values in fields.items()}
                    for name, fields in database.picklists.items()
                },
                "users": [
                    {slot: getattr(user, slot) for slot in ApiUser.__dataclass_fields__}
                    for user in database.users.values()
                ],
                "switches": database.switches.to_state(),
                "workflow_rules": [dict(rule) for rule in database.workflow_rules],
                "ticket_numbers": dict(database.ticket_numbers),
                "zone": self.zone.number,
                "calls": self._limits.to_state(),
                "webhooks": self._webhooks.to_state(),
                "callouts": [dict(one) for one in self._callouts.callouts],
            }

    def load_state(self, state: dict[str, Any]) -> None:
        """Replace everything by a saved state; entities this version does not know are refused.

        Raises:
            ValueError: when the state names an unknown entity or field.
        """
        database = self._database
        with database.lock:
            for name in state.get("tables", {}):
                database.table(name)
            for name, described in ENTITIES.items():
                database.tables[name] = Table(described)
                saved = state.get("tables", {}).get(name, {})
                for row in saved.get("rows", []):
                    database.store_row(described, row)
                database.tables[name].last_id = max(database.tables[name].last_id, saved.get("last_id", 0))
            database.writes.clear()
            database.picklists = {
                name: {field: picklist_values(values) for field, values in fields.items()}
                for name, fields in state.get("picklists", {}).items()
            }
            database.users = {
                user["username"].strip().lower(): ApiUser(**user) for user in state.get("users", [])
            }
            database.switches.load_state(state.get("switches", {}))
            database.workflow_rules = [check_rule(rule) for rule in state.get("workflow_rules", [])]
            database.ticket_numbers = dict(state.get("ticket_numbers", {}))
            self.zone.number = int(state.get("zone", 1))
            self._limits.load_state(state.get("calls"))
            self._callouts.callouts = [dict(one) for one in state.get("callouts", [])]
            self._webhooks.load_state(state.get("webhooks", {}))
