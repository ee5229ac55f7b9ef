"""The monitor catalogue: every monitor that has ever raised an alert, recognised without an id of its own."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from tickets.models.defaults import MonitorType


class Monitor(models.Model):
    """A monitor as people know it. Several fingerprints may be the same monitor."""

    name = models.CharField(
        max_length=200, blank=True, help_text="Empty: unnamed; its label is shown instead."
    )
    label = models.CharField(max_length=200, help_text="What it was recognised by, in words.")
    monitor_type = models.ForeignKey(MonitorType, on_delete=models.PROTECT, related_name="monitors")
    typed_key = models.CharField(
        max_length=120,
        blank=True,
        help_text="The monitor_key that the webhook's body carries; empty when it is known by its fingerprint.",
    )
    pattern = models.CharField(
        max_length=200,
        blank=True,
        help_text="Regular expression; alerts of its type whose text fits are this monitor, whatever their fingerprint.",
    )
    is_new = models.BooleanField(default=True, db_index=True, help_text="Nobody has looked at it yet.")
    seen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    fires = models.PositiveIntegerField(default=0, help_text="Alerts so far.")

    class Meta:
        ordering = ["-last_seen_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["typed_key"], condition=~models.Q(typed_key=""), name="tickets_monitor_typed_once"
            )
        ]

    def __str__(self) -> str:
        return self.name or self.label


class MonitorFingerprint(models.Model):
    """A fingerprint and the monitor it means."""

    fingerprint = models.CharField(max_length=64, unique=True)
    monitor = models.ForeignKey(Monitor, on_delete=models.CASCADE, related_name="fingerprints")
    label = models.CharField(max_length=200)
    is_ambiguous = models.BooleanField(
        default=False, help_text="Several typed keys came with it, so it tells nothing by itself."
    )
    first_seen_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.label
