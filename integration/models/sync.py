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

    class Mode(models.TextChoices):
        """What a run does with its plan."""

        SYNC = "sync", "Plan and apply"
        APPLY = "apply", "Apply a preview"
        UNDO = "undo", "Undo"

    class Phase(models.TextChoices):
        """How far the work is; a run that lost its worker while applying goes on from there."""

        PLAN = "plan", "Planning"
        APPLY = "apply", "Applying"

    kind = models.CharField(max_length=20)
    mode = models.CharField(max_length=8, choices=Mode, default=Mode.SYNC)
    phase = models.CharField(max_length=6, choices=Phase, default=Phase.PLAN)
    source = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="followers",
        help_text="The run whose changes this one applies or undoes.",
    )
    scope = models.JSONField(
        default=dict, blank=True, help_text="What the run is limited to; empty for everything."
    )
    is_whole = models.BooleanField(
        default=True, help_text="Covers everything of its kind; of those at most one waits or works."
    )
    stage = models.CharField(max_length=20, blank=True, help_text="How far planning is, for the next slice.")
    token = models.CharField(
        max_length=32,
        blank=True,
        help_text="Of the worker that has it; one that lost it may write nothing more.",
    )
    resumes = models.PositiveSmallIntegerField(
        default=0, help_text="How often it went on after a lost worker."
    )
    not_before = models.DateTimeField(
        null=True, blank=True, help_text="It waits until then, such as for a budget."
    )
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
    step_started_at = models.DateTimeField(null=True, blank=True)
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
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "dry_run"],
                condition=models.Q(is_whole=True, status__in=["queued", "running"]),
                name="integration_run_one_whole_alive",
            ),
            models.UniqueConstraint(
                fields=["kind"],
                condition=models.Q(dry_run=False, status="running"),
                name="integration_run_one_at_work",
            ),
        ]

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
        PLANNED = "planned", "Not yet applied"
        WAITING = "waiting", "Waits for approval"
        APPLYING = "applying", "Being applied"
        FAILED = "failed", "Failed"
        SKIPPED = "skipped", "No longer needed"
        HANDED_ON = "handed_on", "Applied by a later run"
        UNDONE = "undone", "Undone"

    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="entries")
    action = models.CharField(max_length=10, choices=Action)
    status = models.CharField(max_length=10, choices=Status)
    operation = models.CharField(
        max_length=40, blank=True, help_text="Which registered operation applies it; empty for plain history."
    )
    payload = models.JSONField(
        default=dict, blank=True, help_text="What the operation needs; ids, no labels."
    )
    result = models.JSONField(default=dict, blank=True, help_text="What the operation made, for undo.")
    source = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="followers",
        help_text="The entry this one applies or undoes.",
    )
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
        verbose_name = "change"
        verbose_name_plural = "changes of runs"
        indexes = [
            models.Index(fields=["run", "status", "id"], name="integration_entry_run"),
            models.Index(fields=["object_type", "object_id", "-id"], name="integration_entry_object"),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.label}"
