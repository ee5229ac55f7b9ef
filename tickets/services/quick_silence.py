"""A silence made from an alert, or from several: what they are about, for a while, with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from django.contrib.auth.models import User
from django.utils import timezone

from tickets.models import Alert, Silence
from tickets.selectors.places import Place, places_of
from tickets.services.audit import log_done
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
#: So many silences one press of a button may make.
MOST_AT_ONCE: Final = 50


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
    until = PRESETS[preset] if preset else f"until ticket {alert.ticket} is completed"
    words = f"Silenced ({until}): {describe_scope(silence)}."
    log_done(user, silence, f"{words} Because: {silence.reason}")
    # Who asked for its ticket once does not want it any more.
    Alert.objects.filter(pk=alert.pk).update(skips_holds=False)
    security = find_security_alerts(silence, now)
    warnings = []
    if security or (alert.monitor_type is not None and alert.monitor_type.is_security):
        count = f"{len(security)} in the last 30 days would have been" if security else "the next ones are"
        warnings.append(
            f"It hides security alerts, too: {count} hidden. Its page names each one; end it if that is not meant."
        )
    due = decide_or_mark(alert.pk) if alert.state in _WAITING else []
    return Silenced(silence, words, warnings=warnings, due=due)


def silence_from_alerts(
    alerts: Sequence[Alert], *, scope: str, preset: str, reason: str, user: User
) -> list[Silenced]:
    """Silence what several alerts are about: one silence for each different thing.

    Args:
        alerts: with monitor, monitor type and ticket loaded.
        scope, preset: as for `silence_from_alert`; the preset is not empty.
    """
    places, parts = places_of(alerts), set(scope.split("_"))
    chosen: dict[tuple[int | None, ...], Alert] = {}
    for alert in alerts:
        place = places[alert.pk]
        site = place.mapping.site_id if place.mapping is not None and "site" in parts else None
        device = place.device.pk if place.device is not None and "device" in parts else None
        chosen.setdefault((alert.monitor_id if "monitor" in parts else None, device, site), alert)
    if len(chosen) > MOST_AT_ONCE:
        return [
            Silenced(
                refusal=f"That would be {len(chosen)} silences, at most {MOST_AT_ONCE} are made at once. "
                "Choose fewer alerts, or silence the site or the monitor instead."
            )
        ]
    done = [
        silence_from_alert(alert, places[alert.pk], scope=scope, preset=preset, reason=reason, user=user)
        for alert in chosen.values()
    ]
    first = {alert.pk for alert in chosen.values()}
    others = [alert for alert in alerts if alert.pk not in first and alert.state in _WAITING]
    return [*done, *(Silenced(due=decide_or_mark(alert.pk)) for alert in others)]
