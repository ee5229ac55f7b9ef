"""Silences and maintenance windows: alerts that make no ticket for a while, with reason, owner and end."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from mappings.models import Company, Device, Site
from tickets.models.monitor import Monitor


class Silence(models.Model):
    """Hides or holds alerts of a device, monitor, site, organization or pattern; several of these must all fit."""

    class Effect(models.TextChoices):
        """What becomes of the alerts."""

        HIDE = "hide", "Silence: no ticket; looked at again when it ends"
        HOLD = "hold", "Maintenance: held; those still open at the end are ticketed"

    effect = models.CharField(max_length=4, choices=Effect, default=Effect.HIDE)
    name = models.CharField(max_length=120)
    reason = models.CharField(max_length=300)
    device = models.ForeignKey(
        Device, null=True, blank=True, on_delete=models.CASCADE, related_name="silences"
    )
    monitor = models.ForeignKey(
        Monitor, null=True, blank=True, on_delete=models.CASCADE, related_name="silences"
    )
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.CASCADE, related_name="silences")
    company = models.ForeignKey(
        Company,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="silences",
        verbose_name="organization",
    )
    pattern = models.CharField(
        max_length=200,
        blank=True,
        help_text="Regular expression, searched in diagnostics, summary and subject without regard to case.",
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True, help_text="Empty only when it ends with a ticket.")
    ends_with = models.ForeignKey(
        "tickets.Ticket",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="silences",
        help_text="It ends when this ticket is completed.",
    )
    weekdays = models.JSONField(
        default=list,
        blank=True,
        help_text="0 Monday to 6 Sunday: repeats on these days between start and end.",
    )
    daily_from = models.TimeField(null=True, blank=True, help_text="Of a repeated window.")
    daily_to = models.TimeField(null=True, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="silences"
    )
    ended_at = models.DateTimeField(null=True, blank=True, db_index=True)
    ended_why = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(device__isnull=False)
                | models.Q(monitor__isnull=False)
                | models.Q(site__isnull=False)
                | models.Q(company__isnull=False)
                | ~models.Q(pattern=""),
                name="tickets_silence_names_something",
            ),
            models.CheckConstraint(
                condition=models.Q(ends_at__isnull=False)
                | models.Q(ends_with__isnull=False)
                | models.Q(ended_at__isnull=False),
                name="tickets_silence_ends",
            ),
        ]

    def __str__(self) -> str:
        return self.name
