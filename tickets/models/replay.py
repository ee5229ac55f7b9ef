"""Replays: recorded alerts run through rules without writing anywhere but here."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from tickets.models.rule import TicketRule


class HistoricAlert(models.Model):
    """A resolved alert read from Datto RMM for replays. It never makes a ticket and is no part of the ledger."""

    alert_uid = models.CharField(max_length=64, unique=True)
    priority = models.CharField(max_length=12)
    context_class = models.CharField(max_length=60, blank=True)
    context = models.JSONField(default=dict, blank=True)
    diagnostics = models.TextField(blank=True)
    monitor_type_slug = models.CharField(max_length=40)
    subject = models.CharField(max_length=255, blank=True)
    summary = models.CharField(max_length=500, blank=True)
    fingerprint = models.CharField(max_length=64)
    condition_key = models.CharField(max_length=64)
    datto_site_uid = models.CharField(max_length=64, blank=True)
    datto_site_name = models.CharField(max_length=255, blank=True)
    datto_device_uid = models.CharField(max_length=64, blank=True)
    datto_device_name = models.CharField(max_length=255, blank=True)
    native_ticket_number = models.CharField(max_length=50, blank=True)
    raised_at = models.DateTimeField(db_index=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.CharField(max_length=255, blank=True)
    imported_at = models.DateTimeField()

    class Meta:
        ordering = ["raised_at"]

    def __str__(self) -> str:
        return self.summary or self.alert_uid


class ReplayRun(models.Model):
    """One comparison: what the rules of today and a draft make of the same alerts."""

    class Status(models.TextChoices):
        """Life of a replay."""

        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    class Kind(models.TextChoices):
        """Who asked; only those of people are listed."""

        COMPARE = "compare", "Replay"
        EFFECT = "effect", "Effect of a change, asked by a form"
        COACH = "coach", "Noise coach"

    title = models.CharField(max_length=200)
    status = models.CharField(max_length=8, choices=Status, default=Status.QUEUED)
    days = models.PositiveSmallIntegerField(default=30)
    draft = models.JSONField(
        default=dict,
        blank=True,
        help_text="Changes to the rules of today, as tickets.services.drafts writes them; empty: only today's.",
    )
    rule = models.ForeignKey(
        TicketRule, null=True, blank=True, on_delete=models.SET_NULL, related_name="replays"
    )
    progress = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    result = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True)
    kind = models.CharField(max_length=7, choices=Kind, default=Kind.COMPARE)
    started_at = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(
        null=True, blank=True, help_text="When a worker was last told of it; told again when that was lost."
    )
    promoted_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "replay"
        indexes = [models.Index(fields=["status", "created_at"], name="tickets_replay_status")]

    def __str__(self) -> str:
        return self.title

    @property
    def is_live(self) -> bool:
        """Whether it waits for a worker or is at work."""
        return self.status in {self.Status.QUEUED, self.Status.RUNNING}
