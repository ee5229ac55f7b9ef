"""Requests of end clients: the signed page of a device, and what was sent from it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from integration.fields import EncryptedTextField
from mappings.models import Contact, Device
from tickets.models.ticket import Ticket


class RequestPolicy(models.Model):
    """How request pages are handed out and how much is taken in; a single row with id 1."""

    SINGLETON_ID: ClassVar[int] = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=SINGLETON_ID, editable=False)
    component_secret = EncryptedTextField(
        blank=True, default="", editable=False, help_text="Empty: devices cannot fetch links by themselves."
    )
    secret_made_at = models.DateTimeField(null=True, blank=True, editable=False)
    link_days = models.PositiveIntegerField(
        "days a fetched link is valid",
        null=True,
        blank=True,
        help_text="Of links that devices fetch by themselves. Empty: until it is revoked.",
    )
    requests_per_hour = models.PositiveIntegerField(
        "requests an hour from one device", default=10, help_text="More are refused until the hour is over."
    )

    class Meta:
        verbose_name = "request policy"
        verbose_name_plural = "request policy"
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="tickets_requestpolicy_single")]

    def __str__(self) -> str:
        return "Request pages"


class RequestLink(models.Model):
    """The right to send requests from one device. The token itself is not kept, only its digest."""

    class Source(models.TextChoices):
        """Who asked for it."""

        PERSON = "person", "A person"
        COMPONENT = "component", "The device itself"

    source = models.CharField("made by", max_length=10, choices=Source, default=Source.PERSON)
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
        indexes = [models.Index(fields=["device", "-id"], name="tickets_requestlink_device")]

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
    not_before = models.DateTimeField(
        null=True, blank=True, help_text="When a waiting request is looked at again by itself."
    )
    received_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        verbose_name = "request"
        indexes = [
            models.Index(fields=["state", "-id"], name="tickets_request_state"),
            models.Index(fields=["device", "received_at"], name="tickets_request_device"),
        ]

    def __str__(self) -> str:
        return self.subject
