"""Mirrors of Datto RMM's sites and devices."""

from __future__ import annotations

from django.db import models


class Site(models.Model):
    """A Datto RMM site."""

    datto_site_uid = models.CharField(
        "site uid", max_length=64, unique=True, help_text="Text: system sites have no proper GUID."
    )
    datto_site_id = models.BigIntegerField("site id", null=True, blank=True)
    name = models.CharField(max_length=255, db_index=True)
    description = models.TextField(blank=True)
    is_on_demand = models.BooleanField(default=False)
    is_system = models.BooleanField(default=False, help_text="Such as Deleted Devices; never mapped.")
    is_missing = models.BooleanField(default=False, help_text="No longer returned by Datto RMM.")
    native_autotask_company_id = models.BigIntegerField(
        null=True, blank=True, help_text="The link made in Datto RMM's own screens."
    )
    native_autotask_company_name = models.CharField(max_length=255, blank=True)
    device_count = models.PositiveIntegerField(default=0)
    portal_url = models.URLField(max_length=500, blank=True)
    synced_at = models.DateTimeField()

    class Meta:
        ordering = ["name", "datto_site_uid"]

    def __str__(self) -> str:
        return self.name


class Device(models.Model):
    """A Datto RMM device."""

    datto_device_uid = models.CharField("device uid", max_length=64, unique=True)
    datto_device_id = models.BigIntegerField("device id", null=True, blank=True)
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="devices")
    hostname = models.CharField("host name", max_length=255, blank=True, db_index=True)
    description = models.CharField(max_length=500, blank=True)
    device_class = models.CharField("class", max_length=40, blank=True)
    category = models.CharField(max_length=100, blank=True)
    device_type = models.CharField("type", max_length=100, blank=True)
    operating_system = models.CharField(max_length=255, blank=True)
    domain = models.CharField(max_length=255, blank=True)
    internal_ip = models.CharField("internal IP", max_length=64, blank=True)
    external_ip = models.CharField("external IP", max_length=64, blank=True)
    last_user = models.CharField(max_length=255, blank=True)
    is_online = models.BooleanField(null=True, blank=True)
    is_suspended = models.BooleanField(default=False)
    is_deleted = models.BooleanField(default=False, help_text="Deleted in Datto RMM, or no longer returned.")
    reboot_required = models.BooleanField(null=True, blank=True)
    antivirus_product = models.CharField(max_length=255, blank=True)
    antivirus_status = models.CharField(max_length=60, blank=True)
    patch_status = models.CharField(max_length=60, blank=True)
    patches_missing = models.PositiveIntegerField(
        null=True, blank=True, help_text="Approved ones that wait, and ones that are not approved."
    )
    agent_version = models.CharField(max_length=60, blank=True)
    warranty_date = models.DateField(null=True, blank=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    last_reboot_at = models.DateTimeField(null=True, blank=True)
    last_audit_at = models.DateTimeField(null=True, blank=True)
    created_in_datto_at = models.DateTimeField(null=True, blank=True)
    portal_url = models.URLField(max_length=500, blank=True)
    web_remote_url = models.URLField(max_length=500, blank=True)
    udfs = models.JSONField(
        "UDFs", default=dict, blank=True, help_text="{number: text} of those that some mapping uses."
    )
    synced_at = models.DateTimeField()

    class Meta:
        ordering = ["hostname", "datto_device_uid"]
        indexes = [models.Index(fields=["hostname", "datto_device_uid"], name="mappings_device_listed")]

    def __str__(self) -> str:
        return self.hostname or self.description or self.datto_device_uid


class DattoUdfLabel(models.Model):
    """What the account calls a user-defined field of Datto RMM."""

    number = models.PositiveSmallIntegerField(primary_key=True)
    label = models.CharField(max_length=255)
    synced_at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        verbose_name = "UDF label"

    def __str__(self) -> str:
        return self.label
