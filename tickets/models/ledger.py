"""When the ledger was held against Datto RMM's own list, and what came of it."""

from __future__ import annotations

from django.db import models


class LedgerCheck(models.Model):
    """One reconciliation with Datto RMM's whole list of open alerts."""

    checked_at = models.DateTimeField(db_index=True)
    balances = models.BooleanField()
    open_in_datto = models.PositiveIntegerField()
    result = models.JSONField(default=dict, help_text="As the `ledger` command prints it.")

    class Meta:
        ordering = ["-checked_at"]

    def __str__(self) -> str:
        return f"{self.open_in_datto} open alerts, {'balanced' if self.balances else 'not balanced'}"
