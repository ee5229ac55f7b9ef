"""`manage.py prepare`: all that must be done before the processes start, in one go because each start costs a second."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from integration.models import Connection


class Command(BaseCommand):
    """Migrates, makes the first administrator, and tells the supervisor what is stored."""

    help = "Migrate the database and make the first administrator; safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add --report."""
        parser.add_argument(
            "--report", type=Path, help='write {"connection": "none|demo|real", "urls": [...]} to this file'
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run it."""
        # The static file server wants its folder, though everything is served from the packages.
        settings.STATIC_ROOT.mkdir(exist_ok=True)
        call_command("migrate", interactive=False, verbosity=0, stdout=self.stdout)
        call_command("ensure_admin", stdout=self.stdout)
        if options["report"]:
            options["report"].write_text(json.dumps(_stored_connection()), encoding="utf-8")


def _stored_connection() -> dict[str, Any]:
    # Only columns that need no key: a lost encryption key must not keep the product from starting.
    row = Connection.objects.values(
        "is_demo", "datto_api_url", "autotask_zone_url", "autotask_username"
    ).first()
    if row is None or not row["autotask_username"]:
        return {"connection": "none", "urls": []}
    urls = [row["datto_api_url"], row["autotask_zone_url"]]
    return {"connection": "demo" if row["is_demo"] else "real", "urls": urls}
