"""A whole installation whose devices are known and at which all is quiet, for benchmarks that raise alerts themselves."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import requests

from tests.live import LiveBridge


class QuietBridge(LiveBridge):
    """An installation at which nothing is open, and every site has its organization."""

    def manage(self, *arguments: str, check: bool = True) -> Any:
        """Run a command; once connected, clear what the world starts with, and learn sites and devices."""
        done = super().manage(*arguments, check=check)
        if arguments[0] == "connect":
            self.control("settings", {"datto_rmm": {"read_limit": 1_000_000}, "autotask": {}})
            self.clear_open_alerts()
            super().manage("map_sites", "--accept-native", "--accept-exact")
            super().manage("sync", "devices", "--dry-run")
        return done

    def control(self, path: str, values: dict[str, Any] | None = None, *, method: str = "POST") -> Any:
        """Call the sandbox's machine control and return its JSON."""
        answer = requests.request(
            method,
            f"{self.sandbox_url}/control/{path}",
            json=values if method == "POST" else None,
            timeout=60,
        )
        answer.raise_for_status()
        return answer.json()

    def clear_open_alerts(self) -> None:
        """Resolve everything that is open in Datto RMM."""
        while found := self.control("alerts?limit=1000", method="GET")["alerts"]:
            for alert in found:
                self.control(f"alerts/{alert['alertUid']}/resolve", {"by": "System"})

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return rows of the product's database."""
        with closing(sqlite3.connect(self.folder / "bridge.sqlite3", timeout=30)) as database:
            return database.execute(sql, values).fetchall()

    def big_sites(self, count: int) -> list[str]:
        """Return the sites with the most devices, each with an organization of its own."""
        rows = self.query(
            "select s.datto_site_uid from mappings_sitemapping m join mappings_site s on s.id = m.site_id"
            " join mappings_device d on d.site_id = s.id where m.state = 'confirmed' and d.is_deleted = 0"
            " group by s.datto_site_uid order by count(*) desc, s.datto_site_uid limit ?",
            count,
        )
        return [row[0] for row in rows]

    def devices(self) -> list[str]:
        """Return the devices of sites that have their organization, so that every alert can become a ticket."""
        rows = self.query(
            "select d.datto_device_uid from mappings_device d join mappings_sitemapping m on m.site_id = d.site_id"
            " where m.state = 'confirmed' and d.is_deleted = 0 order by d.id"
        )
        return [row[0] for row in rows]

    def last_call(self) -> int:
        """Return the primary key of the newest vendor call."""
        return int(self.query("select coalesce(max(id), 0) from integration_vendorcall")[0][0])

    def count_calls(self, after: int) -> dict[str, int]:
        """Return the vendor calls after one, by vendor."""
        return dict(
            self.query(
                "select vendor, count(*) from integration_vendorcall where id > ? group by vendor", after
            )
        )

    def is_at_rest(self) -> bool:
        """Return whether no alert and no action waits for a worker."""
        waiting = (
            "select (select count(*) from tickets_action where state in ('waiting', 'running'))"
            " + (select count(*) from tickets_alert where state in ('received', 'ticketing', 'held'))"
        )
        return bool(self.query(waiting)[0][0] == 0)
