"""An Autotask ticket that stands for one or more alerts."""

from __future__ import annotations

from django.db import models

from mappings.models import Company


class Ticket(models.Model):
    """Our link to one Autotask ticket: its identity and the few facts decisions need. Never a second copy."""

    class State(models.TextChoices):
        """Life of the link."""

        PLANNED = "planned", "To be created"
        OPEN = "open", "Open"
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
    rounds = models.PositiveSmallIntegerField(default=0, help_text="How often people reopened it.")
    created_at = models.DateTimeField(auto_now_add=True)
    created_in_autotask_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    last_activity_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(
        null=True, blank=True, help_text="When its facts were last read from Autotask."
    )

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["state", "-id"], name="tickets_ticket_state")]

    def __str__(self) -> str:
        return self.ticket_number or self.title or self.correlation_key
