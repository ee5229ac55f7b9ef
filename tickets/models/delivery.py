"""What came in from outside, stored before it is answered."""

from __future__ import annotations

from django.db import models


class Delivery(models.Model):
    """One inbound message. A hint only: it says which alert or ticket to look at, never what is true."""

    class Channel(models.TextChoices):
        """The door it came through."""

        DATTO_RMM = "datto_rmm", "Datto RMM webhook"
        AUTOTASK = "autotask", "Autotask webhook"
        CALLOUT = "callout", "Autotask callout"

    class State(models.TextChoices):
        """What became of it. Only `new` waits for work."""

        NEW = "new", "Waiting"
        DONE = "done", "Done"
        TEST = "test", "Test message"
        IGNORED = "ignored", "Nothing to do"
        UNREADABLE = "unreadable", "Not readable"
        FAILED = "failed", "Failed"

    channel = models.CharField(max_length=10, choices=Channel)
    state = models.CharField(max_length=10, choices=State, default=State.NEW)
    monitor_key = models.CharField(
        max_length=120, blank=True, help_text="The constant in the body that names the monitor."
    )
    subject_id = models.CharField(max_length=64, blank=True, help_text="Alert uid, or ticket id or number.")
    event = models.CharField(
        max_length=20, blank=True, help_text="What it claims: raised, resolved, update, ..."
    )
    body = models.TextField(blank=True, help_text="As received, cut at 64 kB.")
    content_type = models.CharField(max_length=100, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    remedy = models.CharField(max_length=500, blank=True)
    received_at = models.DateTimeField(auto_now_add=True)
    processed_at = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    nudged_at = models.DateTimeField(
        null=True, blank=True, help_text="When a sweep last sent a message about it."
    )
    leased_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        verbose_name = "inbound message"
        verbose_name_plural = "inbound messages"
        indexes = [
            models.Index(
                fields=["not_before", "id"], condition=models.Q(state="new"), name="tickets_delivery_waiting"
            ),
            models.Index(fields=["received_at"], name="tickets_delivery_received"),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} {self.subject_id}".strip()
