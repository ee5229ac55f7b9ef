"""Buttons on an alert's page. They write rows; workers do the rest."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from tickets.models import Alert
from tickets.services.close import request_resolve
from tickets.services.retry import retry_alert
from tickets.tasks import enqueue_actions


@require_POST
def retry(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Try an alert again."""
    alert, user = _alert_and_user(request, alert_id)
    enqueue_actions(retry_alert(alert, user))
    alert.refresh_from_db()
    words = alert.reason or alert.get_state_display()
    if alert.state == Alert.State.BLOCKED:
        messages.warning(request, f"It still waits: {words}")
    else:
        messages.success(request, f"Tried again. {words}")
    return redirect("admin:tickets_alert_change", alert.pk)


@require_POST
def resolve(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Resolve an alert in Datto RMM."""
    alert, user = _alert_and_user(request, alert_id)
    if alert.is_resolved:
        messages.info(request, "It is already resolved in Datto RMM.")
    else:
        enqueue_actions(request_resolve(alert, user))
        messages.success(request, "Asked Datto RMM to resolve it. The story below shows when that is done.")
    return redirect("admin:tickets_alert_change", alert.pk)


def _alert_and_user(request: HttpRequest, alert_id: int) -> tuple[Alert, User]:
    user = request.user
    if not isinstance(user, User) or not user.has_perm("tickets.change_alert"):
        raise PermissionDenied
    return get_object_or_404(Alert.objects.select_related("ticket", "monitor_type"), pk=alert_id), user
