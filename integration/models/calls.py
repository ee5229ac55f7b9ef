"""Every request sent to a vendor, without secrets or bodies."""

from __future__ import annotations

from django.db import models

from integration.models.connection import Vendor


class VendorCall(models.Model):
    """One HTTP request to a vendor; kept for CALL_LOG_DAYS."""

    vendor = models.CharField(max_length=10, choices=Vendor)
    method = models.CharField(max_length=7)
    path = models.CharField(max_length=300, help_text="Without host and query.")
    status = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Empty when no answer arrived."
    )
    duration_ms = models.PositiveIntegerField()
    lane = models.CharField(max_length=20)
    subject = models.CharField(max_length=120, blank=True, help_text="For which object, such as alert:<uid>.")
    run = models.ForeignKey(
        "integration.SyncRun", null=True, blank=True, on_delete=models.SET_NULL, related_name="calls"
    )
    error = models.CharField(
        max_length=60, blank=True, help_text="Error class, empty when the call succeeded."
    )
    started_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["subject", "id"], name="integration_call_subject"),
            models.Index(fields=["started_at"], name="integration_call_started"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"
