"""Mirrors of who works in Autotask, and when. Ids lead; names are cached labels."""

from __future__ import annotations

from django.db import models

from mappings.models.configurationitem import UdfDefinition


class Role(models.Model):
    """A role that a resource works in; Autotask takes no resource on a ticket without one."""

    autotask_role_id = models.BigIntegerField("Autotask id", unique=True)
    name = models.CharField(max_length=200)
    is_active = models.BooleanField(default=True)
    synced_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name if self.is_active else f"{self.name} (inactive)"


class Resource(models.Model):
    """A person who can be given tickets. API users are not mirrored: they cannot."""

    autotask_resource_id = models.BigIntegerField("Autotask id", unique=True)
    name = models.CharField(max_length=200)
    email = models.CharField(max_length=254, blank=True)
    is_active = models.BooleanField(default=True)
    roles = models.ManyToManyField(Role, blank=True, related_name="resources")
    synced_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name if self.is_active else f"{self.name} (inactive)"


class BusinessHours(models.Model):
    """The business hours of one of the MSP's own locations; the default one counts due dates."""

    autotask_location_id = models.BigIntegerField("Autotask id", unique=True)
    name = models.CharField(max_length=200)
    is_default = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    time_zone = models.CharField(
        max_length=64,
        blank=True,
        default="",
        help_text="IANA name; empty when Autotask's label is not known here.",
    )
    time_zone_label = models.CharField(max_length=255, blank=True, help_text="What Autotask calls it.")
    days = models.JSONField(
        default=list, help_text='Seven entries from Monday: {"start": "08:00", "end": "17:00"}, or null.'
    )
    holidays = models.JSONField(default=list, blank=True, help_text="Dates such as 2026-12-25.")
    holiday_hours = models.JSONField(
        null=True,
        blank=True,
        help_text='{"start": "10:00", "end": "14:00"} on a holiday; null for a day off.',
    )
    synced_at = models.DateTimeField()

    class Meta:
        ordering = ["-is_default", "name"]
        verbose_name = "business hours"
        verbose_name_plural = "business hours"

    def __str__(self) -> str:
        return self.name


class TicketUdf(models.Model):
    """A user-defined field of Autotask's tickets."""

    autotask_udf_id = models.BigIntegerField("Autotask id", unique=True, null=True, blank=True)
    name = models.CharField(max_length=100, help_text="As records carry it: case and blanks count.")
    data_type = models.CharField(
        max_length=10, choices=UdfDefinition.DataType.choices, default=UdfDefinition.DataType.TEXT
    )
    max_length = models.PositiveIntegerField(null=True, blank=True)
    is_active = models.BooleanField(default=True)
    is_required = models.BooleanField(default=False)
    list_values = models.JSONField(
        default=list, blank=True, help_text="Of a list: [{value, label, is_active}]; records carry the value."
    )
    synced_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]
        verbose_name = "ticket UDF"

    def __str__(self) -> str:
        return self.name
