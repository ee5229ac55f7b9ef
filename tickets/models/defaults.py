"""Ticket defaults: one global row and one per monitor type. An empty field inherits from the global row."""

from __future__ import annotations

from django.db import models

from tickets.models.settings import TicketSettings, pick


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


class TicketDefaults(TicketSettings):
    """What a ticket gets. The row without a monitor type is the global one; others override it field by field."""

    monitor_type = models.OneToOneField(
        MonitorType, null=True, blank=True, on_delete=models.CASCADE, related_name="defaults", editable=False
    )

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
    ticket_priority = pick("priority", "ticket priority")
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
