"""History of synchronisation runs: what was looked at, changed, refused, and at what cost."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class SyncRun(models.Model):
    """One run of one kind of synchronisation.

    Created as `queued` before the message is sent, so that a run is visible from the first second and found
    again when the message is lost.
    """

    class Status(models.TextChoices):
        """How far a run is. Live ones are `queued` and `running`."""

        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Succeeded"
        PARTIAL = "partial", "Finished with failures"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"
        GUARDED = "guarded", "Stopped by the guard"

    class Trigger(models.TextChoices):
        """What started a run."""

        SCHEDULE = "schedule", "Schedule"
        PERSON = "person", "Person"
        COMMAND = "command", "Command line"
        EVENT = "event", "Event"

    kind = models.CharField(max_length=20)
    trigger = models.CharField(max_length=10, choices=Trigger)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    dry_run = models.BooleanField(default=False)
    cancel_requested = models.BooleanField(default=False)
    creates = models.PositiveIntegerField(default=0)
    updates = models.PositiveIntegerField(default=0)
    deactivations = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    datto_calls = models.PositiveIntegerField(default=0)
    autotask_calls = models.PositiveIntegerField(default=0)
    progress_done = models.PositiveIntegerField(default=0)
    progress_total = models.PositiveIntegerField(null=True, blank=True, help_text="Empty while nobody knows.")
    progress_label = models.CharField(max_length=120, blank=True)
    error = models.TextField(blank=True)
    remedy = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "sync run"
        indexes = [models.Index(fields=["kind", "-id"], name="integration_run_kind")]

    def __str__(self) -> str:
        return f"{self.kind.capitalize()} #{self.pk}"

    @property
    def is_live(self) -> bool:
        """True while the run waits or works."""
        return self.status in {self.Status.QUEUED, self.Status.RUNNING}

    @property
    def seconds(self) -> float | None:
        """Seconds from start to end, None before the end."""
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()


class SyncRunEntry(models.Model):
    """One object a run changed, or failed to change. Unchanged objects are only counted."""

    class Action(models.TextChoices):
        """What was to be done."""

        CREATE = "create", "Create"
        UPDATE = "update", "Update"
        DEACTIVATE = "deactivate", "Deactivate"
        NOTICE = "notice", "Notice"

    class Status(models.TextChoices):
        """What became of it."""

        DONE = "done", "Done"
        PLANNED = "planned", "Not applied (dry run)"
        FAILED = "failed", "Failed"

    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="entries")
    action = models.CharField(max_length=10, choices=Action)
    status = models.CharField(max_length=8, choices=Status)
    object_type = models.CharField(max_length=40, help_text="Such as company or device.")
    object_id = models.CharField(max_length=64)
    label = models.CharField(max_length=255)
    before = models.JSONField(default=dict, blank=True)
    after = models.JSONField(default=dict, blank=True)
    message = models.TextField(blank=True)
    remedy = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "sync run entries"
        indexes = [models.Index(fields=["run", "status", "id"], name="integration_entry_run")]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.label}"
