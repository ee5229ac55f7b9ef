"""`manage.py preflight`: check everything a running integration needs."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from integration.management.output import check_line, checks_json, to_json
from integration.preflight import has_failed, run_preflight


class Command(BaseCommand):
    """Runs the checks again; exit 1 when a required one fails."""

    help = "Check credentials, permissions, limits, webhooks and workers. Reads only."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add --json."""
        parser.add_argument("--json", action="store_true", help="print the outcomes as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run, print, and end with the outcome as exit status."""
        del args
        show = None if options["json"] else lambda outcome: self.stdout.write(check_line(outcome))
        outcomes = run_preflight(on_check=show)
        if options["json"]:
            self.stdout.write(to_json({"checks": checks_json(outcomes)}))
        if has_failed(outcomes):
            sys.exit(1)
