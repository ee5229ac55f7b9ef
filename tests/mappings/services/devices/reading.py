"""Reads from the sandbox outside a kind of run: recorders, clients, and what a read cost."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from integration.clients import autotask_client, datto_client
from integration.models import SyncRun, VendorCall
from integration.sync.recorder import RunRecorder
from integration.vendors.autotask.client import AutotaskClient
from integration.vendors.budget import Lane
from integration.vendors.datto_rmm import DattoRmmClient
from tests.sandbox.served import Served


@dataclass
class Cost:
    """What a block of code cost: vendor calls by path, and statements that wrote."""

    calls: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    queries: int = 0


@dataclass
class Reading:
    """Both clients, new recorders, and the doubles' rows."""

    vendors: Served

    def recorder(self, *, dry_run: bool = False) -> RunRecorder:
        """Return a recorder of a running run of its own."""
        run = SyncRun.objects.create(
            kind=f"read-{secrets.token_hex(4)}",
            trigger=SyncRun.Trigger.COMMAND,
            status=SyncRun.Status.RUNNING,
            token="t",
            dry_run=dry_run,
        )
        return RunRecorder(run)

    @property
    def autotask(self) -> AutotaskClient:
        """A client of the sandbox."""
        return autotask_client(lane=Lane.BACKGROUND)

    @property
    def datto(self) -> DattoRmmClient:
        """A client of the sandbox."""
        return datto_client(lane=Lane.BACKGROUND)

    def row(self, entity: str, row_id: int) -> dict[str, Any]:
        """Return a row of Autotask's double."""
        found = self.vendors.sandbox.autotask._database.row(entity, row_id)
        assert found is not None
        return dict(found)

    def rows(self, entity: str) -> list[dict[str, Any]]:
        """Return all rows of an entity of Autotask's double."""
        answer = self.vendors.control(f"rows/{entity}?limit=5000", method="GET")
        assert answer.ok, answer.text
        return list(answer.json()["rows"])

    def change(self, entity: str, row_id: int, **fields: Any) -> None:
        """Let a person change a row in Autotask's screens."""
        answer = self.vendors.control(f"rows/{entity}/{row_id}", {"fields": fields})
        assert answer.ok, answer.text

    def create(self, entity: str, **fields: Any) -> int:
        """Let a person create a row in Autotask's screens."""
        answer = self.vendors.control(f"rows/{entity}", {"fields": fields})
        assert answer.ok, answer.text
        return int(answer.json()["id"])

    def delete(self, entity: str, row_id: int) -> None:
        """Let a row vanish, as what an API user may no longer see does; most cannot be deleted."""
        self.vendors.sandbox.autotask._database.table(entity).remove(row_id)

    def device(self, uid: str, action: str, **values: Any) -> dict[str, Any]:
        """Let something happen to a device of Datto RMM's double; returns the device."""
        answer = self.vendors.control(f"devices/{uid}/{action}".rstrip("/"), values)
        assert answer.ok, answer.text
        return dict(answer.json())

    @contextmanager
    def cost(self) -> Iterator[Cost]:
        """Measure a block; statements of the run, its history and the call log do not count."""
        cost, last = Cost(), VendorCall.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        with CaptureQueriesContext(connection) as captured:
            yield cost
        cost.calls = list(
            VendorCall.objects.filter(pk__gt=last).order_by("pk").values_list("path", flat=True)
        )
        mine = [one["sql"] for one in captured.captured_queries if '"mappings_' in one["sql"]]
        cost.queries = len(mine)
        cost.writes = [
            sql
            for sql in mine
            if sql.startswith(("INSERT", "UPDATE", "DELETE")) and '"mappings_mirrorstate"' not in sql
        ]
