"""A person asks for another try of a request."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.utils import timezone

from tickets.models import Action, AgentRequest
from tickets.services import gate
from tickets.services.requests.decide import decide_or_mark
from tickets.services.timeline import record_event


def retry_request(request: AgentRequest, user: User | None = None) -> list[int]:
    """Try a request again now; returns actions that became due. One that has its ticket is left as it is."""
    if request.state == AgentRequest.State.TICKETED:
        return []
    who = user.get_username() if user is not None else "The command line"
    record_event("retry", f"{who} asked for another try.", request=request, user=user)
    gate.retry_now()
    due = decide_or_mark(request.pk)
    request.refresh_from_db()
    if request.ticket_id is None:
        return due
    waiting = Action.objects.filter(ticket=request.ticket_id, state=Action.State.WAITING)
    waiting.update(not_before=timezone.now())
    return sorted({*due, *waiting.values_list("pk", flat=True)})


def retry_waiting(cause: str, user: User | None = None) -> tuple[int, list[int]]:
    """Try every request that waits for one cause; returns how many and the actions that became due."""
    due: list[int] = []
    waiting = list(
        AgentRequest.objects.filter(state=AgentRequest.State.BLOCKED, cause=cause).order_by("id")[:500]
    )
    for request in waiting:
        due += retry_request(request, user)
    return len(waiting), due
