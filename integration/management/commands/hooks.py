"""`manage.py hooks`: the inbound addresses and what to paste where."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from integration.connections import get_connection
from integration.hooks import describe_hooks
from integration.management.output import to_json


class Command(BaseCommand):
    """Prints what a person pastes into Datto RMM and Autotask."""

    help = "Print the inbound addresses under PUBLIC_URL with what to paste. They hold secrets."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add --json."""
        parser.add_argument("--json", action="store_true", help="print as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print."""
        del args
        found = describe_hooks(get_connection())
        if options["json"]:
            self.stdout.write(to_json(found))
            return
        datto, webhook, callout = found["datto_rmm"], found["autotask_webhook"], found["callout"]
        headers = "\n".join(f"  {name}: {value}" for name, value in datto["headers"].items())
        state = webhook["problem"] or (
            "registered" if webhook["active"] else "not registered yet: run `manage.py connect`"
        )
        self.stdout.write(
            f"""Datto RMM: Setup > Integrations > Global Webhooks (or a monitor's response)
URL
  {datto["url"]}
Headers
{headers}
Body when an alert is raised
{datto["body"]}
Body when an alert is resolved
{datto["resolved_body"]}

Autotask webhook ({state}); RMM Bridge registers it itself
  {webhook["url"]}

Autotask extension callout, where webhooks are not allowed:
Admin > Extensions & Integrations > Extension Callout (Tickets), method {callout["method"]}, format {callout["format"]},
fired by a workflow rule when a ticket's status changes
  {callout["url"]}
"""
        )
