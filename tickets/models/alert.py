"""A Datto RMM alert and where it stands."""

from __future__ import annotations

from django.db import models

from tickets.models.defaults import AlertPriority, MonitorType
from tickets.models.monitor import Monitor
from tickets.models.silence import Silence
from tickets.models.ticket import Ticket


class Alert(models.Model):
    """One alert, identified by its uid. Every alert is in exactly one state and says why."""

    class State(models.TextChoices):
        """Where the alert stands; the ledger counts these."""

        RECEIVED = "received", "Received"
        TICKETING = "ticketing", "Ticket being made"
        TICKETED = "ticketed", "Ticketed"
        FILTERED = "filtered", "No ticket by rule"
        BLOCKED = "blocked", "Waiting for a cure"
        CLEARED = "cleared", "Cleared before a ticket"
        MERGED = "merged", "Merged into a ticket"
        HELD = "held", "Held"
        SILENCED = "silenced", "Silenced"

    alert_uid = models.CharField(max_length=64, unique=True)
    state = models.CharField(max_length=10, choices=State, default=State.RECEIVED)
    cause = models.CharField(
        max_length=40,
        blank=True,
        help_text="Machine word for why it waits or gets no ticket, such as site_unmapped.",
    )
    reason = models.TextField(blank=True, help_text="Why it is in this state, in words.")
    remedy = models.TextField(blank=True, help_text="What a person can do.")
    decision = models.JSONField(
        default=dict, blank=True, help_text="Facts, rule chain and each ticket field's origin."
    )

    priority = models.CharField(max_length=12, choices=AlertPriority, default=AlertPriority.UNKNOWN)
    context_class = models.CharField(max_length=60, blank=True, help_text="@class of the alert context.")
    context = models.JSONField(default=dict, blank=True)
    diagnostics = models.TextField(blank=True)
    monitor_type = models.ForeignKey(
        MonitorType, null=True, blank=True, on_delete=models.PROTECT, related_name="alerts"
    )
    monitor = models.ForeignKey(
        Monitor, null=True, blank=True, on_delete=models.SET_NULL, related_name="alerts"
    )
    recognised_by = models.CharField(
        max_length=11, blank=True, help_text="typed, pattern or fingerprint: how its monitor was told."
    )
    subject = models.CharField(
        max_length=255, blank=True, help_text="What is in trouble, such as disk C: or service Spooler."
    )
    summary = models.CharField(max_length=500, blank=True, help_text="The trouble in one line.")
    condition_key = models.CharField(max_length=64, blank=True)

    datto_site_uid = models.CharField(max_length=64, blank=True, db_index=True)
    datto_site_name = models.CharField(max_length=255, blank=True)
    datto_device_uid = models.CharField(max_length=64, blank=True, db_index=True)
    datto_device_name = models.CharField(max_length=255, blank=True)
    native_ticket_number = models.CharField(
        max_length=50, blank=True, help_text="Set by Datto's own integration."
    )

    native_is_pending = models.BooleanField(
        default=False, help_text="Datto's own integration is making a ticket and has not said its number."
    )

    raised_at = models.DateTimeField(null=True, blank=True)
    is_resolved = models.BooleanField(default=False, db_index=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.CharField(max_length=255, blank=True)
    resolved_by_us = models.BooleanField(default=False)
    is_gone = models.BooleanField(
        default=False, help_text="Datto RMM no longer has it; nobody can say what cleared it."
    )
    auto_resolve_minutes = models.PositiveIntegerField(
        null=True, blank=True, help_text="The monitor's own auto-resolve delay."
    )
    first_seen_at = models.DateTimeField(auto_now_add=True)
    first_seen_via = models.CharField(max_length=10, blank=True, help_text="webhook or poll.")
    last_seen_open_at = models.DateTimeField(null=True, blank=True)
    missed_polls = models.PositiveSmallIntegerField(
        default=0, help_text="Complete polls in a row that did not list it."
    )
    times_seen = models.PositiveIntegerField(default=1, help_text="Webhook deliveries that named it.")

    ticket = models.ForeignKey(
        Ticket, null=True, blank=True, on_delete=models.SET_NULL, related_name="alerts"
    )
    ticketed_at = models.DateTimeField(null=True, blank=True)
    silence = models.ForeignKey(
        Silence,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="alerts",
        help_text="What hides or holds it, or did last.",
    )
    hidden_by = models.ManyToManyField(
        Silence, blank=True, related_name="hidden", help_text="Every silence and window that hid or held it."
    )
    held_since = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(
        null=True, blank=True, help_text="When a waiting alert is looked at again by itself."
    )
    rounds = models.PositiveSmallIntegerField(
        default=1, help_text="Tickets asked for; above 1 after a person's retry."
    )
    is_ungrouped = models.BooleanField(
        default=False, help_text="A person took it out of a group; it is not grouped again."
    )
    skips_holds = models.BooleanField(
        default=False, help_text="A person wants its ticket now: no hold, window or silence applies to it."
    )

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["state", "is_resolved", "id"], name="tickets_alert_state"),
            models.Index(fields=["is_resolved", "missed_polls"], name="tickets_alert_open"),
            models.Index(fields=["first_seen_at"], name="tickets_alert_first_seen"),
            models.Index(fields=["monitor", "raised_at"], name="tickets_alert_monitor"),
            models.Index(fields=["condition_key", "raised_at"], name="tickets_alert_condition"),
            models.Index(fields=["datto_site_uid", "raised_at"], name="tickets_alert_site"),
        ]

    def __str__(self) -> str:
        return self.summary or self.alert_uid


class DecisionLock(models.Model):
    """A row to hold while alerts of one place are decided, so that two workers never make two tickets of one trouble."""

    key = models.CharField(max_length=80, unique=True, help_text="Such as site:<uid>.")

    def __str__(self) -> str:
        return self.key
