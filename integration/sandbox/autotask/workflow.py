"""Workflow rules of the service desk: they run after a write and may change or revert what was written."""

from __future__ import annotations

from typing import Any, Protocol

from integration.sandbox.autotask.catalogue import ENTITIES
from integration.sandbox.autotask.database import RULE_RESOURCE_ID, Actor, Database
from integration.sandbox.autotask.schema import Entity
from integration.sandbox.autotask.write import Write


class Update(Protocol):
    """How a rule changes a ticket: the writer's own update."""

    def __call__(self, entity: Entity, body: dict[str, Any], actor: Actor) -> int:
        """Change the row named in the body."""


def check_rule(rule: dict[str, Any]) -> dict[str, Any]:
    """Return a complete rule.

    Shape: `{"name", "on": "create" | "update" | "any", "when": {field: value}, "set": {field: value},
    "put_back": [field]}`; `when` is compared with the ticket after the write, `put_back` restores the values from
    before the write.

    Raises:
        ValueError: naming the part that is wrong.
    """
    complete = {"name": "rule", "on": "any", "when": {}, "set": {}, "put_back": [], **rule}
    if complete["on"] not in {"create", "update", "any"}:
        raise ValueError(f"workflow rule: on={complete['on']!r}; use create, update or any")
    fields = ENTITIES["Tickets"].fields
    for name in (*complete["when"], *complete["set"], *complete["put_back"]):
        if name.lower() not in fields:
            raise ValueError(f"workflow rule: {name!r} is no ticket field")
    return complete


def run_workflow_rules(database: Database, ticket_id: int, write: Write, update: Update) -> None:
    """Run every rule that fits this write; what a rule writes starts no other rule."""
    event = "create" if write.creating else "update"
    for rule in database.workflow_rules:
        if rule["on"] not in {"any", event}:
            continue
        ticket = database.tables["Tickets"].rows[ticket_id]
        if any(ticket.get(name) != value for name, value in rule["when"].items()):
            continue
        if not write.creating and not write.changed(*(rule["when"] or write.changes)):
            continue
        body = dict(rule["set"])
        if write.old is not None:
            body |= {name: write.old.get(name) for name in rule["put_back"]}
        if body:
            rule_actor = Actor(RULE_RESOURCE_ID, kind="rule")
            update(ENTITIES["Tickets"], {**body, "id": ticket_id}, rule_actor)
