"""An Autotask ticket that stands for one or more alerts."""

from __future__ import annotations

from django.db import models

from mappings.models import Company
from tickets.domain.grouping import TicketKind
from tickets.models.monitor import Monitor


class Ticket(models.Model):
    """Our link to one Autotask ticket: its identity and the few facts decisions need. Never a second copy."""

    class State(models.TextChoices):
        """Life of the link."""

        PLANNED = "planned", "To be created"
        OPEN = "open", "Open"
        REOPENING = "reopening", "Being reopened"
        COMPLETED = "completed", "Completed"
        DELETED = "deleted", "Deleted in Autotask"
        ABANDONED = "abandoned", "Not needed any more"

    correlation_key = models.CharField(
        max_length=50,
        unique=True,
        help_text="Written to the ticket's external id; how a ticket is found again after a doubt.",
    )
    autotask_ticket_id = models.BigIntegerField("Autotask id", null=True, blank=True, unique=True)
    ticket_number = models.CharField(max_length=50, blank=True, db_index=True)
    company = models.ForeignKey(
        Company, on_delete=models.PROTECT, related_name="alert_tickets", verbose_name="organization"
    )
    state = models.CharField(max_length=10, choices=State, default=State.PLANNED)
    title = models.CharField(max_length=255, blank=True)
    fields = models.JSONField(
        default=dict, blank=True, help_text="What is to be sent, by Autotask field name."
    )
    status = models.IntegerField(null=True, blank=True, help_text="Autotask status value when last seen.")
    queue = models.BigIntegerField(null=True, blank=True)
    assigned_resource_id = models.BigIntegerField(null=True, blank=True)
    completed_by_us = models.BooleanField(default=False)
    rounds = models.PositiveSmallIntegerField(default=0, help_text="How often it was reopened.")
    reopened_by_person = models.BooleanField(default=False, help_text="The last time it was reopened.")
    kind = models.CharField(
        max_length=8,
        choices=[
            (str(TicketKind.SINGLE), "One condition"),
            (str(TicketKind.SITE), "Storm at a site"),
            (str(TicketKind.FLEET), "Storm across sites"),
            (str(TicketKind.BREAKER), "Grouped by the circuit breaker"),
            (str(TicketKind.REQUEST), "Request of an end client"),
        ],
        default=str(TicketKind.SINGLE),
    )
    condition_key = models.CharField(
        max_length=64, blank=True, db_index=True, help_text="Of the alert it was made for."
    )
    monitor = models.ForeignKey(
        Monitor, null=True, blank=True, on_delete=models.SET_NULL, related_name="tickets"
    )
    datto_site_uid = models.CharField(
        max_length=64, blank=True, help_text="Place of the alert it was made for."
    )
    datto_device_uid = models.CharField(max_length=64, blank=True)
    alert_priority = models.CharField(max_length=12, blank=True, help_text="Of the alert it was made for.")
    previous = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="next_ones",
        help_text="The completed ticket of the same condition.",
    )
    problem = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="incidents",
        help_text="The ticket it is an incident of.",
    )
    occurrences = models.PositiveIntegerField(default=1, help_text="Alerts it has stood for.")
    noted_occurrences = models.PositiveIntegerField(default=1, help_text="Of them, named in Autotask.")
    counted_occurrences = models.PositiveIntegerField(
        default=1, help_text="As a user-defined field of the ticket says in Autotask."
    )
    noted_at = models.DateTimeField(null=True, blank=True, help_text="When repeats were last noted.")
    escalated_at = models.DateTimeField(null=True, blank=True)
    touched_at = models.DateTimeField(
        null=True, blank=True, help_text="When a person was found to work on it."
    )
    touched_why = models.CharField(max_length=300, blank=True)
    own_activity_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Autotask's last activity as read right after our last write; empty when it was not read since.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    created_in_autotask_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    last_activity_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(
        null=True, blank=True, help_text="When its facts were last read from Autotask."
    )

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["state", "-id"], name="tickets_ticket_state"),
            models.Index(fields=["state", "datto_device_uid", "created_at"], name="tickets_ticket_device"),
            models.Index(fields=["state", "datto_site_uid", "created_at"], name="tickets_ticket_site"),
            models.Index(fields=["created_at"], name="tickets_ticket_created"),
        ]

    def __str__(self) -> str:
        return self.ticket_number or self.title or self.correlation_key
