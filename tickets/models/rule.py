"""Rules: settings for specific alerts. The most specific wins, field by field."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from mappings.models import Company, ConfigurationItemCategory, Device, Site
from tickets.models.defaults import MonitorType
from tickets.models.monitor import Monitor
from tickets.models.settings import TicketSettings, pick


class TicketRule(TicketSettings):
    """What it asks of an alert, and what it sets. An empty condition asks nothing; an empty setting inherits."""

    name = models.CharField(max_length=120, unique=True)
    is_active = models.BooleanField(default=True)
    position = models.PositiveIntegerField(
        default=100, help_text="Decides only between equally specific rules: the lower first."
    )
    reason = models.CharField(
        max_length=300, blank=True, help_text="Why it is there; shown with each decision."
    )

    monitor_type = models.ForeignKey(
        MonitorType, null=True, blank=True, on_delete=models.CASCADE, related_name="rules"
    )
    monitor = models.ForeignKey(
        Monitor, null=True, blank=True, on_delete=models.CASCADE, related_name="rules"
    )
    company = models.ForeignKey(
        Company,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="ticket_rules",
        verbose_name="organization",
    )
    site = models.ForeignKey(
        Site, null=True, blank=True, on_delete=models.CASCADE, related_name="ticket_rules"
    )
    device = models.ForeignKey(
        Device, null=True, blank=True, on_delete=models.CASCADE, related_name="ticket_rules"
    )
    device_class = models.CharField(
        max_length=40, blank=True, help_text="As Datto RMM names it: device, printer, esxihost ..."
    )
    item_category = models.ForeignKey(
        ConfigurationItemCategory,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name="configuration item category",
    )
    alert_priorities = models.JSONField(default=list, blank=True, help_text="Datto RMM's priorities.")
    pattern = models.CharField(
        max_length=200,
        blank=True,
        help_text="Regular expression, searched in diagnostics, summary and subject without regard to case.",
    )
    weekdays = models.JSONField(default=list, blank=True, help_text="0 Monday to 6 Sunday; empty: every day.")
    start_time = models.TimeField("from", null=True, blank=True)
    end_time = models.TimeField("to", null=True, blank=True, help_text="May be on the next day.")
    time_zone = models.CharField(max_length=64, blank=True, help_text="Empty: that of the product.")
    is_outside_hours = models.BooleanField("outside of these hours instead", default=False)

    ticket_priority = pick("priority", "ticket priority")
    due_minutes = models.PositiveIntegerField("due after (minutes)", null=True, blank=True)

    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["position", "id"]
        verbose_name = "rule"

    def __str__(self) -> str:
        return self.name


def types_of_people() -> list[int]:
    """Return Autotask's system ticket types Problem and Change Request: whoever made a ticket one, ends it."""
    return [3, 4]


class AlertPolicy(models.Model):
    """The one row of what holds for all alerts: storms, protected tickets, when a ticket counts as done."""

    SINGLETON_ID = 1

    storm_site_devices = models.PositiveSmallIntegerField(
        "devices of a site", default=3, help_text="At least so many with one monitor. 0: no site storms."
    )
    storm_site_percent = models.PositiveSmallIntegerField("and this share of them (%)", default=30)
    storm_site_minutes = models.PositiveSmallIntegerField("within (minutes)", default=10)
    storm_watch_seconds = models.PositiveSmallIntegerField(
        "second alert of a site waits (seconds)", default=60, help_text="To see whether it becomes a storm."
    )
    storm_fleet_sites = models.PositiveSmallIntegerField(
        "sites with one monitor", default=10, help_text="0: no storms across sites."
    )
    storm_fleet_minutes = models.PositiveSmallIntegerField("within (minutes)", default=15)
    own_company = models.ForeignKey(
        Company,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name="your own organization",
        help_text="Gets tickets of storms across sites. Empty: the organization Autotask numbers 0.",
    )
    breaker_per_minute = models.PositiveSmallIntegerField(
        "new tickets in a minute", default=30, help_text="Above it, alerts are grouped by site. 0: never."
    )
    breaker_percent = models.PositiveSmallIntegerField(
        "share of Autotask's hourly requests (%)", default=30, help_text="0: never."
    )
    flap_changes = models.PositiveSmallIntegerField(
        "times raised or cleared", default=6, help_text="0: nothing counts as flapping."
    )
    flap_minutes = models.PositiveSmallIntegerField("within (minutes)", default=60)
    flap_delay_minutes = models.PositiveSmallIntegerField(
        "a flapping condition must be quiet for (minutes)",
        default=15,
        help_text="Before its ticket is completed.",
    )
    most_additional_items = models.PositiveSmallIntegerField(
        "additional configuration items per ticket",
        default=5,
        help_text="Each costs one Autotask call; further devices are named in a note.",
    )
    done_statuses = models.JSONField(
        "further statuses that count as done",
        default=list,
        blank=True,
        help_text="Besides Complete and the status when completed.",
    )
    protected_statuses = models.JSONField("statuses never completed by themselves", default=list, blank=True)
    protected_queues = models.JSONField("queues never completed by themselves", default=list, blank=True)
    protected_types = models.JSONField(
        "ticket types never completed by themselves",
        default=types_of_people,
        blank=True,
        help_text="Built in: Problem and Change Request.",
    )
    rule_resources = models.JSONField(
        "resources whose changes count as rules",
        default=list,
        blank=True,
        help_text="Autotask ids. Workflow rules and the API user never count as a person.",
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "alert policy"
        verbose_name_plural = "alert policy"
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="tickets_alert_policy_is_row_1")]

    def __str__(self) -> str:
        return "Alert policy"
