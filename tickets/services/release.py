"""A person does not want to wait: the ticket of a held or silenced alert is made now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from django.contrib.auth.models import User

from tickets.models import Alert
from tickets.services.defects import decide_or_mark
from tickets.services.timeline import record_event

#: States that wait for a time or for the end of a silence.
WAITING: Final = (Alert.State.HELD, Alert.State.SILENCED)


@dataclass(frozen=True, slots=True)
class Released:
    """What was done.

    Attributes:
        refusal: why nothing was, with the cure; empty when something was done.
        words: where the alert stands now.
        due: actions that became due.
    """

    refusal: str = ""
    words: str = ""
    due: list[int] = field(default_factory=list)


def make_now(alert: Alert, user: User) -> Released:
    """Decide an alert that waits as if nothing held or hid it; silences go on for all other alerts.

    Rules that say "no ticket" still hold, and so does what stands in the way of a ticket, such as a site without an
    organization: the alert then says so.
    """
    written = Alert.objects.filter(pk=alert.pk, state__in=WAITING, is_resolved=False).update(skips_holds=True)
    if not written:
        alert.refresh_from_db()
        over = "it is resolved" if alert.is_resolved else f"it is {alert.get_state_display().lower()}"
        return Released(refusal=f"Nothing was done: only a held or silenced alert waits, and {over}.")
    record_event("released", f"{user.get_username()} asked for its ticket now.", alert=alert, user=user)
    due = decide_or_mark(alert.pk)
    alert.refresh_from_db()
    return Released(words=alert.reason or alert.get_state_display(), due=due)
