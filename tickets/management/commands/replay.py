"""`manage.py replay`: run recorded alerts through rules. Writes nothing, and calls no vendor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from tickets.domain.words import describe_cause
from tickets.domain.yaml_lines import LONGEST_FILE, BadFile
from tickets.services.drafts import Draft, DraftOutdated, describe_draft
from tickets.services.rules_file import read_rules_file
from tickets.services.trials import MOST_DAYS, run_trial

_SHOWN = 20


class Command(BaseCommand):
    """Try rules on the past."""

    help = (
        "Run the alerts of the last days through today's rules, or through those of a YAML file beside them. "
        "Writes nothing anywhere and calls no vendor."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take --days, --rules and --json."""
        parser.add_argument(
            "--days", type=int, default=30, metavar="N", help=f"how far back, 1 to {MOST_DAYS}; default 30"
        )
        parser.add_argument("--rules", metavar="FILE", help="YAML file of rules to compare with today's")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        """Replay and print.

        Raises:
            CommandError: a wrong option or file; the text names what to mend.
        """
        del args
        days = options["days"]
        if not 1 <= days <= MOST_DAYS:
            raise CommandError(f"--days: {days} is not between 1 and {MOST_DAYS}.")
        draft = self._read(options["rules"]) if options["rules"] else None
        try:
            result = run_trial(draft, days, timezone.now()).to_json()
            changes = describe_draft(draft) if draft is not None else []
        except DraftOutdated as error:
            raise CommandError(str(error)) from None
        if options["json"]:
            result["changes"] = [
                {"subject": one.subject, "field": one.field, "before": one.before, "after": one.after}
                for one in changes
            ]
            self.stdout.write(json.dumps(result, ensure_ascii=False))
            return
        for one in changes:
            self.stdout.write(
                f"{one.subject}: {one.field}: {one.before or 'not set'} -> {one.after or 'not set'}"
            )
        self._print(result)

    def _read(self, name: str) -> Draft:
        path = Path(name)
        try:
            if path.stat().st_size > 4 * LONGEST_FILE:
                raise CommandError(f"--rules: {name} is too long. Split it.")
            return read_rules_file(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise CommandError(f"--rules: {name} cannot be read: {error.strerror}. Check the path.") from None
        except UnicodeDecodeError:
            raise CommandError(f"--rules: {name} is not UTF-8 text. Save it as UTF-8.") from None
        except BadFile as error:
            raise CommandError(f"--rules: {name} cannot be used.\n{error}") from None

    def _print(self, result: dict[str, Any]) -> None:
        today, draft = result["today"], result.get("draft")
        columns = [today] if draft is None else [today, draft]
        self.stdout.write(result["sentence"])
        if result["left_out"]:
            self.stdout.write(f"{result['left_out']} older alerts were too many and are left out.")
        self._table(
            ["", *(one["name"] for one in columns)],
            [
                ["Alerts", *(one["alerts"] for one in columns)],
                ["Tickets", *(one["tickets"] for one in columns)],
                ["Tickets in the busiest hour", *(one["peak_per_hour"] for one in columns)],
                ["Reopened tickets", *(one["reopened"] for one in columns)],
                ["Cleared while held", *(one["held_and_cleared"] for one in columns)],
                ["Autotask calls, about", *(one["calls"] for one in columns)],
                ["Organizations with tickets", *(len(one["organizations"]) for one in columns)],
                ["Hidden security alerts", *(one["hidden_security_count"] for one in columns)],
                *_causes("Merged", "merges", columns),
                *_causes("No ticket", "filtered", columns),
                *_causes("Waiting", "blocked", columns),
            ],
        )
        days = sorted({day for one in columns for day in one["per_day"]})
        self._table(
            ["Tickets per day", *(one["name"] for one in columns)],
            [[day, *(one["per_day"].get(day, 0) for one in columns)] for day in days],
        )
        self._noisiest(columns)
        self._organizations(columns)
        if draft is not None:
            self._differences(result["comparison"])

    def _noisiest(self, columns: list[dict[str, Any]]) -> None:
        others = [{line["key"]: line["tickets"] for line in one["noisiest"]} for one in columns[1:]]
        self._table(
            ["Noisiest monitors", "fires", "short %", *(f"tickets: {one['name']}" for one in columns)],
            [
                [
                    line["label"],
                    line["fires"],
                    line["short_percent"],
                    line["tickets"],
                    *(other.get(line["key"], "") for other in others),
                ]
                for line in columns[0]["noisiest"]
            ],
        )

    def _organizations(self, columns: list[dict[str, Any]]) -> None:
        counts = [{one["name"]: one["tickets"] for one in each["organizations"]} for each in columns]
        names = sorted({name for each in counts for name in each}, key=lambda name: -counts[0].get(name, 0))
        self._table(
            ["Organizations", *(one["name"] for one in columns)],
            [[name, *(each.get(name, 0) for each in counts)] for name in names[:_SHOWN]],
        )
        if len(names) > _SHOWN:
            self.stdout.write(f"... and {len(names) - _SHOWN} more; --json prints all.")

    def _differences(self, comparison: dict[str, Any]) -> None:
        self._table(
            ["Differs by monitor", "today", "draft"],
            [[one["label"], one["before"], one["after"]] for one in comparison["monitors"][:_SHOWN]],
        )
        self.stdout.write(f"\n{comparison['changed']} alerts are treated differently. Such as:")
        for one in comparison["examples"][:_SHOWN]:
            mark = "SECURITY, HIDDEN: " if one["hides_security"] else ""
            self.stdout.write(
                f"  {mark}{one['summary']} ({one['device'] or 'no device'}, {one['uid']})\n"
                f"    today {one['before']}: {one['before_reason']}\n    draft {one['after']}: {one['after_reason']}"
            )

    def _table(self, head: list[str], rows: list[list[Any]]) -> None:
        if not rows:
            return
        cells = [head, *([str(cell) for cell in row] for row in rows)]
        widths = [max(len(row[place]) for row in cells) for place in range(len(head))]
        self.stdout.write("")
        for row in cells:
            first, *rest = (
                cell.ljust(width) if not place else cell.rjust(width)
                for place, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            self.stdout.write("  ".join([first, *rest]).rstrip())


def _causes(title: str, name: str, columns: list[dict[str, Any]]) -> list[list[Any]]:
    causes = sorted({cause for one in columns for cause in one[name]})
    return [
        [f"{title}: {describe_cause(cause)}", *(one[name].get(cause, 0) for one in columns)]
        for cause in causes
    ]
