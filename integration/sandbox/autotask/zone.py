"""Which address serves the database, and moving it to another zone."""

from __future__ import annotations

from typing import Any

from integration.sandbox.autotask.database import Database
from integration.sandbox.autotask.errors import RefusedError

FIRST_ROOT = "ATServicesRest"


class Zone:
    """Zone 1 is served below `/ATServicesRest/`, zone N below `/zoneN/ATServicesRest/`."""

    def __init__(self, public_url: str) -> None:
        self.public_url = public_url.rstrip("/")
        self.number = 1

    @property
    def root(self) -> str:
        """Return the path of the serving zone without slashes around it."""
        return FIRST_ROOT if self.number == 1 else f"zone{self.number}/{FIRST_ROOT}"

    def serves(self, root: str) -> bool:
        """Tell whether credentials are good below this path."""
        return root.lower() == self.root.lower()

    def move(self, number: int) -> None:
        """Move the database: the old address answers 401 from now on.

        Raises:
            ValueError: when the number is below 1.
        """
        if number < 1:
            raise ValueError(f"zone {number}: give a number from 1 up")
        self.number = number

    def information(self, database: Database, username: str) -> dict[str, Any]:
        """Return the answer of zoneInformation.

        Raises:
            RefusedError: when nobody has this user name; 500, as the real service answers.
        """
        if username.strip().lower() not in database.users:
            raise RefusedError(f"Invalid or unknown user: {username or '(blank)'}.")
        return {
            "zoneName": f"Sandbox {self.number}",
            "url": f"{self.public_url}/{self.root}/",
            "webUrl": f"{self.public_url}/",
            "ci": 100000 + self.number,
        }
