"""Silence from where the noise is, and end a silence. They write rows; the sweep does the rest."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from integration.ids import read_id
from tickets.models import Alert, Silence
from tickets.selectors.places import place_of
from tickets.services.audit import log_done
from tickets.services.quick_silence import SCOPES, silence_from_alert
from tickets.services.silences import PRESETS, end_silence
from tickets.tasks import enqueue_actions

#: Chosen on an alert's page: until its ticket is completed.
WITH_TICKET = "ticket"


@require_POST
def end(request: HttpRequest, silence_id: int) -> HttpResponse:
    """End a silence now."""
    user = _user(request, "tickets.change_silence")
    silence = get_object_or_404(Silence, pk=silence_id)
    if silence.ended_at is not None:
        messages.info(request, "It had ended already.")
    else:
        end_silence(silence, f"{user.get_username()} ended it.", timezone.now(), user)
        log_done(user, silence, "Ended it.")
        messages.success(
            request, "Ended. Alerts it hid that are still open are decided again within seconds."
        )
    # Pressed on an alert's page, it leads back there.
    alert_id = read_id(request.POST.get("alert", ""))
    if alert_id is not None and Alert.objects.filter(pk=alert_id).exists():
        return redirect("admin:tickets_alert_change", alert_id)
    return redirect("admin:tickets_silence_change", silence.pk)


@require_POST
def silence_alert(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Silence what an alert is about."""
    user = _user(request, "tickets.add_silence")
    alert = get_object_or_404(Alert.objects.select_related("monitor", "monitor_type", "ticket"), pk=alert_id)
    scope, ends, reason = (request.POST.get(name, "").strip() for name in ("scope", "ends", "reason"))
    problem = ""
    if scope not in SCOPES:
        problem = "what: choose what is to be silent."
    elif ends not in PRESETS and not (ends == WITH_TICKET and alert.ticket is not None):
        problem = "how long: choose one of the list."
    elif not reason:
        problem = "because: say why; it is shown with every alert it hides."
    if problem:
        messages.error(request, f"Nothing was silenced. {problem}")
        return redirect("admin:tickets_alert_change", alert.pk)
    done = silence_from_alert(
        alert,
        place_of(alert),
        scope=scope,
        preset="" if ends == WITH_TICKET else ends,
        reason=reason,
        user=user,
    )
    if done.silence is None:
        messages.error(request, f"Nothing was silenced. {done.refusal}")
        return redirect("admin:tickets_alert_change", alert.pk)
    enqueue_actions(done.due)
    for warning in done.warnings:
        messages.warning(request, warning)
    messages.success(request, f"{done.words} This page shows what it hides, and ends it.")
    return redirect("admin:tickets_silence_change", done.silence.pk)


def _user(request: HttpRequest, permission: str) -> User:
    user = request.user
    if not isinstance(user, User) or not user.has_perm(permission):
        raise PermissionDenied
    return user
