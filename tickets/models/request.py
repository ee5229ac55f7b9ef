"""Requests of end clients: the signed page of a device, and what was sent from it."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from mappings.models import Contact, Device
from tickets.models.ticket import Ticket


class RequestLink(models.Model):
    """The right to send requests from one device. The token itself is not kept, only its digest."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="request_links")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: until it is revoked.")
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_why = models.CharField(max_length=200, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Request page of {self.device}"


class AgentRequest(models.Model):
    """What somebody wrote on a device's request page. A row before it is answered, like an alert."""

    class State(models.TextChoices):
        """Where it stands."""

        RECEIVED = "received", "Received"
        TICKETING = "ticketing", "Ticket being made"
        TICKETED = "ticketed", "Ticketed"
        BLOCKED = "blocked", "Waiting for a cure"

    link = models.ForeignKey(RequestLink, null=True, on_delete=models.SET_NULL, related_name="requests")
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="requests")
    key = models.CharField(
        max_length=64, unique=True, help_text="Makes the same form sent twice one request."
    )
    state = models.CharField(max_length=10, choices=State, default=State.RECEIVED)
    cause = models.CharField(max_length=40, blank=True)
    reason = models.TextField(blank=True)
    remedy = models.TextField(blank=True)
    subject = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    person_name = models.CharField(max_length=100, blank=True)
    person_email = models.CharField(max_length=254, blank=True)
    person_phone = models.CharField(max_length=40, blank=True)
    contact = models.ForeignKey(Contact, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    contact_why = models.CharField(max_length=200, blank=True)
    attached_alerts = models.JSONField(
        default=list, blank=True, help_text="Uids of alerts open at that moment."
    )
    decision = models.JSONField(default=dict, blank=True)
    ticket = models.ForeignKey(
        Ticket, null=True, blank=True, on_delete=models.SET_NULL, related_name="requests"
    )
    received_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.subject
