"""How we reach both vendors, and how that stands."""

from __future__ import annotations

import secrets
from typing import ClassVar

from django.db import models

from integration.fields import EncryptedTextField


class Vendor(models.TextChoices):
    """The two systems we keep in step."""

    DATTO_RMM = "datto_rmm", "Datto RMM"
    AUTOTASK = "autotask", "Autotask"


def make_path_secret() -> str:
    """Return a secret for an address; 43 url-safe characters."""
    return secrets.token_urlsafe(32)


def make_webhook_secret() -> str:
    """Return a signing key; Autotask takes at most 64 characters."""
    return secrets.token_hex(24)


class Connection(models.Model):
    """The one pair of accounts this installation bridges; a single row with id 1.

    Secrets are encrypted and write-only: no form, page, log or error shows them again.
    """

    SINGLETON_ID: ClassVar[int] = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=SINGLETON_ID, editable=False)
    datto_api_url = models.URLField(
        "API URL",
        blank=True,
        help_text="As shown on the Datto RMM user's page, e.g. https://pinotage-api.centrastage.net.",
    )
    datto_api_key = EncryptedTextField("API key", blank=True)
    datto_api_secret = EncryptedTextField("API secret", blank=True)
    autotask_zone_url = models.URLField(
        "zone lookup URL",
        blank=True,
        default="https://webservices.autotask.net/atservicesrest",
        help_text="Where the zone of the API user is asked; the default is right unless you test against a sandbox.",
    )
    autotask_username = models.CharField("API user name", max_length=254, blank=True)
    autotask_secret = EncryptedTextField("API user secret", blank=True)
    autotask_integration_code = EncryptedTextField("API tracking identifier", blank=True)

    is_demo = models.BooleanField(
        default=False,
        editable=False,
        help_text="True while both vendors are the sandbox that came with the product.",
    )
    is_enabled = models.BooleanField(
        "enabled", default=False, help_text="Off: nothing is read from or written to either vendor."
    )
    paused_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="While paused, alerts are stored and nothing is written.",
    )
    paused_reason = models.CharField(max_length=200, blank=True)

    datto_platform = models.CharField(max_length=60, blank=True, editable=False)
    datto_account_name = models.CharField(max_length=255, blank=True, editable=False)
    autotask_web_url = models.URLField(blank=True, editable=False)
    autotask_zone_name = models.CharField(max_length=100, blank=True, editable=False)
    autotask_resource_id = models.BigIntegerField(
        null=True, editable=False, help_text="The API user's own resource; its changes are our echo."
    )

    datto_hook_secret = EncryptedTextField(default=make_path_secret, editable=False)
    callout_secret = EncryptedTextField(default=make_path_secret, editable=False)
    autotask_webhook_secret = EncryptedTextField(default=make_webhook_secret, editable=False)
    autotask_webhook_id = models.BigIntegerField(null=True, editable=False)
    autotask_webhook_guid = models.CharField(max_length=100, blank=True, editable=False)
    autotask_webhook_checked_at = models.DateTimeField(null=True, editable=False)
    autotask_webhook_problem = models.CharField(max_length=300, blank=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "connection"
        verbose_name_plural = "connection"
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="integration_connection_single_row")
        ]

    def __str__(self) -> str:
        return "Datto RMM and Autotask"

    @property
    def is_complete(self) -> bool:
        """True when every credential has been entered."""
        return all(
            (
                self.datto_api_url,
                self.datto_api_key,
                self.datto_api_secret,
                self.autotask_zone_url,
                self.autotask_username,
                self.autotask_secret,
                self.autotask_integration_code,
            )
        )


class PreflightCheck(models.Model):
    """The latest outcome of one check of the connection."""

    class Status(models.TextChoices):
        """How a check ended."""

        PASS = "pass", "Pass"
        WARN = "warn", "Warning"
        FAIL = "fail", "Fail"

    name = models.CharField(max_length=80, unique=True)
    title = models.CharField(max_length=120)
    position = models.PositiveSmallIntegerField(default=0)
    status = models.CharField(max_length=4, choices=Status)
    detail = models.TextField(blank=True)
    remedy = models.TextField(blank=True)
    checked_at = models.DateTimeField()

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.title


class VendorHealth(models.Model):
    """Whether a vendor answers; the gate that keeps a backlog in order while it does not.

    While `is_down`, waiting vendor actions are left alone until `retry_at`; then they are tried one by one,
    oldest first, and the gate opens when none is left waiting.
    """

    vendor = models.CharField(primary_key=True, max_length=10, choices=Vendor)
    is_down = models.BooleanField(default=False)
    down_since = models.DateTimeField(null=True, blank=True)
    retry_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    last_ok_at = models.DateTimeField(null=True, blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name_plural = "vendor health"

    def __str__(self) -> str:
        return self.get_vendor_display()
