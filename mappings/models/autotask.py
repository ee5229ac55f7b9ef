"""Mirrors of Autotask's reference data. Ids lead; names are cached labels. Rows are inactivated, never deleted."""

from __future__ import annotations

from django.db import models


class Company(models.Model):
    """An Autotask company; the screens say organization, as Autotask's own screens do."""

    autotask_company_id = models.BigIntegerField("Autotask id", unique=True)
    name = models.CharField(max_length=100, db_index=True)
    is_active = models.BooleanField(default=True)
    is_missing = models.BooleanField(default=False, help_text="No longer returned by Autotask.")
    company_type = models.IntegerField(null=True, blank=True)
    company_number = models.CharField(max_length=50, blank=True)
    phone = models.CharField(max_length=25, blank=True)
    web_address = models.CharField(max_length=255, blank=True)
    parent_autotask_company_id = models.BigIntegerField(null=True, blank=True)
    modified_at = models.DateTimeField(null=True, blank=True, help_text="When Autotask last changed it.")
    synced_at = models.DateTimeField()

    class Meta:
        ordering = ["name", "autotask_company_id"]
        verbose_name = "organization"

    def __str__(self) -> str:
        return self.name


class CompanyLocation(models.Model):
    """A location of a company."""

    autotask_location_id = models.BigIntegerField("Autotask id", unique=True)
    company = models.ForeignKey(
        Company, on_delete=models.CASCADE, related_name="locations", verbose_name="organization"
    )
    name = models.CharField(max_length=100)
    is_active = models.BooleanField(default=True)
    is_primary = models.BooleanField(default=False)
    synced_at = models.DateTimeField()

    class Meta:
        ordering = ["company", "-is_primary", "name"]
        verbose_name = "organization location"

    def __str__(self) -> str:
        return self.name


class Contact(models.Model):
    """A contact of a company."""

    autotask_contact_id = models.BigIntegerField("Autotask id", unique=True)
    company = models.ForeignKey(
        Company, on_delete=models.CASCADE, related_name="contacts", verbose_name="organization"
    )
    first_name = models.CharField(max_length=50, blank=True)
    last_name = models.CharField(max_length=50, blank=True)
    email = models.CharField(max_length=254, blank=True)
    is_active = models.BooleanField(default=True)
    is_primary = models.BooleanField(default=False)
    modified_at = models.DateTimeField(null=True, blank=True)
    synced_at = models.DateTimeField()

    class Meta:
        ordering = ["last_name", "first_name"]
        indexes = [models.Index(fields=["last_name", "first_name"], name="mappings_contact_listed")]

    def __str__(self) -> str:
        return (
            f"{self.first_name} {self.last_name}".strip()
            or self.email
            or f"Contact {self.autotask_contact_id}"
        )


class PicklistValue(models.Model):
    """One value of a pick list of an Autotask entity, such as a queue or a ticket priority.

    Values that Autotask no longer lists become inactive; they are kept because settings may point at them.
    """

    entity = models.CharField(max_length=60, help_text="REST entity, such as Tickets.")
    field = models.CharField(max_length=60, help_text="REST field, such as queueID.")
    value = models.BigIntegerField(help_text="As it travels in records.")
    label = models.CharField(max_length=255)
    parent_value = models.BigIntegerField(
        null=True, blank=True, help_text="Value of the parent field, e.g. the issue type of a sub-issue type."
    )
    is_active = models.BooleanField(default=True)
    is_default = models.BooleanField(default=False)
    is_system = models.BooleanField(default=False)
    sort_order = models.IntegerField(default=0)
    synced_at = models.DateTimeField()

    class Meta:
        ordering = ["entity", "field", "sort_order", "label"]
        verbose_name = "pick list value"
        constraints = [
            models.UniqueConstraint(fields=["entity", "field", "value"], name="mappings_picklist_value_once")
        ]

    def __str__(self) -> str:
        return self.label if self.is_active else f"{self.label} (inactive)"


class WorkType(models.Model):
    """An Autotask billing code that may be used as a ticket's work type."""

    autotask_billing_code_id = models.BigIntegerField("Autotask id", unique=True)
    name = models.CharField(max_length=200)
    is_active = models.BooleanField(default=True)
    synced_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name if self.is_active else f"{self.name} (inactive)"
