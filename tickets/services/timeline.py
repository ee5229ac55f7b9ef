"""Write the story of an alert, or of a request, and its ticket."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from tickets.models import AgentRequest, Alert, Ticket, TimelineEvent


def record_event(
    kind: str,
    text: str,
    *,
    alert: Alert | None = None,
    ticket: Ticket | None = None,
    request: AgentRequest | None = None,
    user: User | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    """Add one line to the story; `kind` is a machine word, `text` is for people."""
    TimelineEvent.objects.create(
        alert=alert,
        ticket=ticket,
        request=request,
        kind=kind,
        text=text,
        user=user,
        data=data or {},
        at=timezone.now(),
    )
