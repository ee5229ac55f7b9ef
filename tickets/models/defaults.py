"""Ticket defaults: one global row and one per monitor type. An empty field inherits from the global row."""

from __future__ import annotations

from typing import Any

from django.db import models

from mappings.models import PicklistValue, WorkType


class AlertPriority(models.TextChoices):
    """Datto RMM's priorities."""

    CRITICAL = "Critical", "Critical"
    HIGH = "High", "High"
    MODERATE = "Moderate", "Moderate"
    LOW = "Low", "Low"
    INFORMATION = "Information", "Information"
    UNKNOWN = "Unknown", "Unknown"


class MonitorType(models.Model):
    """A kind of Datto RMM monitor, told from the alert context's @class."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    context_classes = models.JSONField(default=list, help_text="The @class values that mean it.")
    is_security = models.BooleanField(
        default=False, help_text="Security alerts are never closed by themselves."
    )
    is_legacy = models.BooleanField(
        default=False, help_text="No longer offered in Datto RMM's screens, but met in the wild."
    )
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


def _pick(field: str, verbose_name: str, help_text: str = "") -> models.ForeignKey[Any, Any]:
    """A reference to a value of a pick list of Tickets; empty inherits."""
    return models.ForeignKey(
        PicklistValue,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=verbose_name,
        limit_choices_to={"entity": "Tickets", "field": field},
        help_text=help_text,
    )


class TicketDefaults(models.Model):
    """What a ticket gets. The row without a monitor type is the global one; others override it field by field."""

    monitor_type = models.OneToOneField(
        MonitorType, null=True, blank=True, on_delete=models.CASCADE, related_name="defaults", editable=False
    )
    create_ticket = models.BooleanField(
        "create a ticket", null=True, blank=True, help_text="No: alerts are listed but make no ticket."
    )
    queue = _pick("queueID", "queue")
    ticket_category = _pick("ticketCategory", "ticket category")
    ticket_type = _pick("ticketType", "ticket type")
    source = _pick("source", "source")
    status = _pick("status", "status at creation")
    issue_type = _pick("issueType", "issue type")
    sub_issue_type = _pick("subIssueType", "sub-issue type", "Must belong to the issue type.")
    work_type = models.ForeignKey(
        WorkType, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name="work type"
    )
    title_template = models.TextField(
        "title", blank=True, help_text="At most 255 characters after rendering; longer titles are cut."
    )
    description_template = models.TextField(
        "description", blank=True, help_text="At most 8,000 characters after rendering."
    )
    write_first_note = models.BooleanField(
        "write a first note", null=True, blank=True, help_text="Costs one Autotask call per ticket."
    )
    note_template = models.TextField("first note", blank=True)
    note_type = models.ForeignKey(
        PicklistValue,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name="note type",
        limit_choices_to={"entity": "TicketNotes", "field": "noteType"},
    )
    note_publish = models.ForeignKey(
        PicklistValue,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name="note visibility",
        limit_choices_to={"entity": "TicketNotes", "field": "publish"},
    )
    complete_on_clear = models.BooleanField(
        "complete the ticket when the alert clears",
        null=True,
        blank=True,
        help_text="When Datto RMM resolves the alert, the ticket is completed with a resolution text.",
    )
    completed_status = _pick(
        "status", "status when completed", "Also counts as done when a technician sets it."
    )
    note_on_clear = models.BooleanField(
        "also write a note when the alert clears", null=True, blank=True, help_text="Costs one Autotask call."
    )
    resolve_on_complete = models.BooleanField(
        "resolve the alert when the ticket is completed",
        null=True,
        blank=True,
        help_text="When a technician completes the ticket, its alerts are resolved in Datto RMM.",
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = [models.F("monitor_type__position").asc(nulls_first=True)]
        verbose_name = "ticket defaults"
        verbose_name_plural = "ticket defaults"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(monitor_type__isnull=False) | models.Q(id=1),
                name="tickets_defaults_global_is_row_1",
            )
        ]

    def __str__(self) -> str:
        return str(self.monitor_type) if self.monitor_type_id else "All monitor types"


class PriorityDefaults(models.Model):
    """What an alert priority means for the ticket; a line of the defaults."""

    defaults = models.ForeignKey(TicketDefaults, on_delete=models.CASCADE, related_name="priorities")
    alert_priority = models.CharField(
        max_length=12,
        choices=AlertPriority,
    )
    create_ticket = models.BooleanField(
        "create a ticket", null=True, blank=True, help_text="Empty: as above."
    )
    ticket_priority = _pick("priority", "ticket priority")
    due_minutes = models.PositiveIntegerField(
        "due after (minutes)", null=True, blank=True, help_text="From the moment the ticket is created."
    )

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "priority defaults"
        constraints = [
            models.UniqueConstraint(fields=["defaults", "alert_priority"], name="tickets_priority_once")
        ]

    def __str__(self) -> str:
        return self.alert_priority
