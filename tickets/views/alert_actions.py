"""Buttons on an alert's page. They write rows; workers do the rest."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from tickets.models import Alert
from tickets.services import regroup
from tickets.services.audit import log_done
from tickets.services.close import request_resolve
from tickets.services.release import make_now
from tickets.services.retry import retry_alert
from tickets.tasks import enqueue_actions


@require_POST
def retry(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Try an alert again."""
    alert, user = _alert_and_user(request, alert_id)
    enqueue_actions(retry_alert(alert, user))
    alert.refresh_from_db()
    words = alert.reason or alert.get_state_display()
    log_done(user, alert, f"Tried again. {words}")
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
        log_done(user, alert, "Asked Datto RMM to resolve it.")
        messages.success(request, "Asked Datto RMM to resolve it. The story below shows when that is done.")
    return redirect("admin:tickets_alert_change", alert.pk)


@require_POST
def make_ticket_now(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Make the ticket of an alert that is held or silenced."""
    alert, user = _alert_and_user(request, alert_id)
    done = make_now(alert, user)
    if done.refusal:
        messages.info(request, done.refusal)
    else:
        enqueue_actions(done.due)
        log_done(user, alert, f"Asked for its ticket now. {done.words}")
        messages.success(request, f"It waits no longer. {done.words}")
    return redirect("admin:tickets_alert_change", alert.pk)


@require_POST
def take_out(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Take an alert out of the ticket it was merged into; it is decided by itself."""
    alert, user = _alert_and_user(request, alert_id)
    ticket = alert.ticket
    if ticket is None:
        messages.info(request, "It is in no ticket, so there is nothing to take it out of.")
        return redirect("admin:tickets_alert_change", alert.pk)
    done = regroup.release_alert(ticket, alert.pk, user)
    if done.refusal:
        messages.error(request, f"It stays in ticket {ticket}. {done.refusal}")
    else:
        enqueue_actions(done.due)
        alert.refresh_from_db()
        log_done(user, alert, f"Taken out of ticket {ticket}. {alert.reason}")
        messages.success(request, f"Taken out of ticket {ticket}. {alert.reason}")
    if request.POST.get("back") == "ticket":
        return redirect("admin:tickets_ticket_change", ticket.pk)
    return redirect("admin:tickets_alert_change", alert.pk)


def _alert_and_user(request: HttpRequest, alert_id: int) -> tuple[Alert, User]:
    user = request.user
    if not isinstance(user, User) or not user.has_perm("tickets.change_alert"):
        raise PermissionDenied
    return get_object_or_404(Alert.objects.select_related("ticket", "monitor_type"), pk=alert_id), user
