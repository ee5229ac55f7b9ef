"""`manage.py ensure_admin`: make the first administrator."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from integration.accounts import ensure_administrator, sign_in_file


class Command(BaseCommand):
    """Makes an administrator unless there is one."""

    help = (
        "Make the administrator `admin` unless there is one; its password is ADMIN_PASSWORD or a random one."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add --json."""
        parser.add_argument("--json", action="store_true", help="answer as JSON, without the password")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run it."""
        admin = ensure_administrator()
        path = str(sign_in_file()) if sign_in_file().exists() else ""
        if options["json"]:
            self.stdout.write(json.dumps({"username": admin.username, "created": admin.is_new, "file": path}))
        elif admin.is_new:
            where = f"its password is in {path}" if path else "its password is ADMIN_PASSWORD"
            self.stdout.write(f"Made the administrator {admin.username}; {where}.")
        else:
            self.stdout.write(f"There is an administrator already: {admin.username}.")
