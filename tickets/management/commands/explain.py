"""`manage.py explain ALERT_UID`: why an alert is where it is."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tickets.services.explain import explain_alert


class Command(BaseCommand):
    """Explain one alert."""

    help = "The decision, its reasons, each ticket field's origin and every vendor call of one alert."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the alert's uid and --json."""
        parser.add_argument("alert_uid", metavar="ALERT_UID")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the explanation.

        Raises:
            CommandError: no such alert.
        """
        try:
            story = explain_alert(options["alert_uid"])
        except LookupError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(story))
        else:
            self._print(story)

    def _print(self, story: dict[str, Any]) -> None:
        write = self.stdout.write
        alert, ticket = story["alert"], story["ticket"]
        write(f"{alert['summary'] or alert['uid']}")
        write(
            f"  {alert['monitor_type']}, {alert['priority']}, {alert['device'] or 'no device'} at {alert['site'] or 'no site'}"
        )
        write(f"  State: {story['state']}. {story['reason']}")
        if story["remedy"]:
            write(f"  Cure: {story['remedy']}")
        if ticket:
            write(
                f"  Ticket: {ticket['number'] or '(not created yet)'} for {ticket['organization']} ({ticket['state']}) {ticket['link']}"
            )
        write("Why:")
        for step in story["decision"].get("rule_chain", []):
            write(f"  - {step}")
        if story["decision"].get("fields"):
            write("Ticket fields:")
            for one in story["decision"]["fields"]:
                first_line = str(one["display"]).splitlines()[0] if one["display"] else ""
                write(f"  {one['label']:<20} {first_line[:80]:<80} ({one['origin']})")
        for one in story["decision"].get("skipped", []):
            write(f"  left out: {one['label']}: {one['reason']}")
        write("Story:")
        for event in story["timeline"]:
            write(f"  {event['at'][:19]}  {event['text']}")
        write("Vendor calls:")
        for call in story["calls"]:
            status = call["status"] or call["error"]
            write(
                f"  {call['at'][:19]}  {call['vendor']:<10} {call['method']:<5} {call['path']}  {status}  {call['ms']} ms"
            )
