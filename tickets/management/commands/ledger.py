"""`manage.py ledger`: every open Datto alert in exactly one state."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integration.clients import NotConnected, datto_client
from integration.sync.remedies import remedy_for
from integration.vendors.budget import Lane
from integration.vendors.errors import VendorError
from tickets.models import Alert
from tickets.services.ledger import Ledger, reconcile


class Command(BaseCommand):
    """Prove the ledger."""

    help = "Compare Datto RMM's open alerts with ours: each must be in exactly one state. Exit 1 when it does not balance."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take --json."""
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the ledger.

        Raises:
            CommandError: the list of open alerts could not be read.
        """
        try:
            ledger = reconcile(datto_client(lane=Lane.INTERACTIVE, subject="ledger"))
        except NotConnected as error:
            raise CommandError(f"{error} {error.remedy}") from error
        except VendorError as error:
            raise CommandError(
                f"The open alerts could not be read, so there is no ledger. {error} {remedy_for(error)}"
            ) from error
        if options["json"]:
            self.stdout.write(json.dumps(ledger.to_json()))
        else:
            self._print(ledger)
        if not ledger.balances:
            sys.exit(1)

    def _print(self, ledger: Ledger) -> None:
        self.stdout.write(f"Open in Datto RMM: {ledger.open_in_datto}")
        for state, count in ledger.states.items():
            if count:
                self.stdout.write(f"  {Alert.State(state).label:<24} {count}")
                for cause, share in sorted(ledger.causes.get(state, {}).items()):
                    self.stdout.write(f"    {cause.replace('_', ' '):<22} {share}")
        for title, uids in (
            ("Not known here", ledger.missing),
            ("Without a reason", ledger.unexplained),
            ("Resolved here, open in Datto RMM", ledger.closed_here),
            ("Open here, not listed by Datto RMM (asked for at the next poll)", ledger.gone),
            ("Open tickets without an open alert", ledger.stranded_tickets),
            ("Tickets deleted or merged in Autotask, alert open", ledger.deleted_tickets),
            ("Tickets waiting to be made", ledger.unmade_tickets),
        ):
            if uids:
                self.stdout.write(f"{title}: {len(uids)}")
                for uid in uids[:20]:
                    self.stdout.write(f"  {uid}")
        self.stdout.write(
            "The ledger balances."
            if ledger.balances
            else "The ledger does NOT balance. Run `manage.py sync alerts`."
        )
