"""A silence made from an alert: what it is about, for a while, with a reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from django.contrib.auth.models import User
from django.utils import timezone

from tickets.models import Alert, Silence
from tickets.selectors.places import Place
from tickets.services.defects import decide_or_mark
from tickets.services.silences import PRESETS, add_silence, describe_scope, find_security_alerts, preset_end

#: What may be silenced from an alert -> in words.
SCOPES: Final = {
    "monitor_device": "this monitor on this device",
    "monitor_site": "this monitor at this site",
    "monitor": "this monitor everywhere",
    "device": "this device",
    "site": "this site",
}
_WAITING: Final = (Alert.State.RECEIVED, Alert.State.HELD)


@dataclass(frozen=True, slots=True)
class Silenced:
    """What was done.

    Attributes:
        silence: None when nothing was; then `refusal` says why.
        warnings: what a person should know, such as security alerts it hides.
        due: actions that became due.
    """

    silence: Silence | None = None
    words: str = ""
    refusal: str = ""
    warnings: list[str] = field(default_factory=list)
    due: list[int] = field(default_factory=list)


def list_scopes(alert: Alert, place: Place) -> list[tuple[str, str]]:
    """Return what can be silenced from an alert, the narrowest first."""
    has = {
        "monitor": alert.monitor_id is not None,
        "device": place.device is not None,
        "site": place.mapping is not None,
    }
    return [(name, words) for name, words in SCOPES.items() if all(has[part] for part in name.split("_"))]


def silence_from_alert(
    alert: Alert, place: Place, *, scope: str, preset: str, reason: str, user: User
) -> Silenced:
    """Silence what an alert is about.

    Args:
        scope: one of `SCOPES`.
        preset: one of `PRESETS`; empty: until the alert's ticket is completed.
    """
    if scope not in dict(list_scopes(alert, place)):
        return Silenced(refusal=f"RMM Bridge does not know {SCOPES[scope]}; choose something else.")
    if not preset and (alert.ticket is None or alert.ticket.state not in {"open", "planned", "reopening"}):
        return Silenced(refusal="Its ticket is over; choose how long.")
    now, parts = timezone.now(), scope.split("_")
    silence = Silence(
        name=f"{SCOPES[scope][0].upper()}{SCOPES[scope][1:]}: {alert.summary or alert.alert_uid}"[:120],
        reason=reason[:300],
        monitor=alert.monitor if "monitor" in parts else None,
        device=place.device if "device" in parts else None,
        site=place.mapping.site if "site" in parts and place.mapping is not None else None,
        starts_at=now,
        ends_at=preset_end(preset, now) if preset else None,
        ends_with=None if preset else alert.ticket,
    )
    add_silence(silence, user)
    security = find_security_alerts(silence, now)
    warnings = []
    if security or (alert.monitor_type is not None and alert.monitor_type.is_security):
        count = f"{len(security)} in the last 30 days would have been" if security else "the next ones are"
        warnings.append(
            f"It hides security alerts, too: {count} hidden. Its page names each one; end it if that is not meant."
        )
    until = PRESETS[preset] if preset else f"until ticket {alert.ticket} is completed"
    due = decide_or_mark(alert.pk) if alert.state in _WAITING else []
    return Silenced(silence, f"Silenced ({until}): {describe_scope(silence)}.", warnings=warnings, due=due)
