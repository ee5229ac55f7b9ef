"""`manage.py explain ALERT_UID`: why an alert is where it is."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tickets.services.explain import explain_alert

_MOST_NAMED = 20


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
        if alert["monitor"]:
            write(f"  Monitor: {alert['monitor']} (told by its {alert['recognised_by'] or 'fingerprint'})")
        cause = f" ({story['cause_words']})" if story["cause_words"] else ""
        write(f"  State: {story['state_words']}{cause}. {story['reason']}")
        if story["waits"] and story["waits"]["until"]:
            write(f"  Looked at again: {story['waits']['until'][:19]}")
        if story["silence"]:
            self._print_silence(story["silence"])
        if story["remedy"]:
            write(f"  Cure: {story['remedy']}")
        if ticket:
            write(
                f"  Ticket: {ticket['number'] or '(not created yet)'} for {ticket['organization']} ({ticket['state']}) {ticket['link']}"
            )
        if story["group"]:
            self._print_group(story["group"], alert["uid"])
        self._print_decision(story["decision"])
        if story["changed_since"]:
            write(f"Would be decided otherwise today: {', '.join(story['changed_since'])}")
        write("Story:")
        for event in story["timeline"]:
            by = f" ({event['by']})" if event["by"] else ""
            write(f"  {event['at'][:19]}  {event['text']}{by}")
        write("Vendor calls:")
        for call in story["calls"]:
            status = call["status"] or call["error"]
            write(
                f"  {call['at'][:19]}  {call['vendor']:<10} {call['method']:<5} {call['path']}  {status}  {call['ms']} ms"
            )

    def _print_silence(self, silence: dict[str, Any]) -> None:
        is_over = silence["ended_at"] is not None
        ends = (
            silence["ends_at"][:19]
            if silence["ends_at"]
            else f"ticket {silence['ends_with_ticket']} is completed"
        )
        until = f"ended: {silence['ended_why']}" if is_over else f"until {ends}"
        by = f" by {silence['owner']}" if silence["owner"] else ""
        self.stdout.write(f"  Silence: {silence['scope']}{by}, {until}. {silence['reason']}")

    def _print_group(self, group: dict[str, Any], uid: str) -> None:
        write = self.stdout.write
        write(
            f"  Stands for: {group['occurrences']} alerts ({group['kind_words'].lower()}); "
            f"{group['noted_occurrences']} told in Autotask"
        )
        if group["earlier_ticket"]:
            write(f"  Earlier ticket: {group['earlier_ticket']}")
        if group["incident_of"]:
            write(f"  Incident of: {group['incident_of']}")
        for one in [one for one in group["alerts"] if one["uid"] != uid][:_MOST_NAMED]:
            over = ", resolved" if one["resolved"] else ""
            write(
                f"    with {one['summary'] or one['uid']} on {one['device'] or 'no device'}: {one['why']}{over}"
            )

    def _print_decision(self, decision: dict[str, Any]) -> None:
        write = self.stdout.write
        write("Why:")
        for step in decision.get("rule_chain", []):
            write(f"  - {step}")
        if decision.get("fields"):
            write("Ticket fields:")
            for one in decision["fields"]:
                first_line = str(one["display"]).splitlines()[0] if one["display"] else ""
                write(f"  {one['label']:<20} {first_line[:80]:<80} ({one['origin']})")
        for one in decision.get("skipped", []):
            write(f"  left out: {one['label']}: {one['reason']}")
