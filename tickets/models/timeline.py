"""The story of an alert, or of an end client's request, and its ticket."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from tickets.models.alert import Alert
from tickets.models.request import AgentRequest
from tickets.models.ticket import Ticket


class TimelineEvent(models.Model):
    """One thing that happened, in words, with its reason."""

    alert = models.ForeignKey(Alert, null=True, blank=True, on_delete=models.CASCADE, related_name="events")
    ticket = models.ForeignKey(Ticket, null=True, blank=True, on_delete=models.CASCADE, related_name="events")
    request = models.ForeignKey(
        AgentRequest, null=True, blank=True, on_delete=models.CASCADE, related_name="events"
    )
    kind = models.CharField(max_length=40, help_text="Machine word, such as ticket_created.")
    text = models.TextField()
    data = models.JSONField(default=dict, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["at"], name="tickets_event_at")]

    def __str__(self) -> str:
        return self.text
