"""When a vendor answers no: drop what can be spared, or ask a person, and say what to change."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from integration.vendors.autotask.rejections import Rejection, RejectionKind, classify_rejection
from integration.vendors.errors import NotFound, PermissionDenied, Rejected, VendorError
from tickets.domain.decisions import Cause
from tickets.models import Action, Alert, Ticket
from tickets.services import outbox
from tickets.services.notes import note_payload
from tickets.services.requests import states
from tickets.services.rules import settings_of
from tickets.services.timeline import record_event
from tickets.services.udfs import udfs_of

#: Without these Autotask makes no ticket; anything else may be left out so that the alert still gets its ticket.
_NEEDED = {"companyID", "title", "status", "priority", "externalID"}
#: A refused ticket is tried again by itself: somebody may have changed Autotask rather than our settings.
_TRY_AGAIN = timedelta(minutes=15)
#: Other writes are tried less and less often, at least so often.
_SELDOM = timedelta(hours=6)
_SPARE_ATTEMPTS = 12
_BY_ITSELF = "It is tried again after 15 minutes, then less often, and when you press Retry."


def handle(action: Action, error: VendorError) -> list[int]:
    """Handle a refusal of a held action; returns actions that are due again."""
    rejection = classify_rejection(error.messages) if isinstance(error, Rejected) else None
    if action.kind == Action.Kind.CREATE_TICKET and action.ticket is not None:
        is_spared = action.ticket.autotask_ticket_id is None and (
            (rejection is not None and _spare_field(action, action.ticket, rejection))
            or _spare_udf(action, action.ticket, error, rejection)
        )
        if is_spared:
            outbox.hand_back(action, not_before=None, error=str(error)[:2000])
            return [action.pk]
        return _block(action, error, rejection)
    if action.kind == Action.Kind.COMPLETE_TICKET and (
        (rejection is not None and _simplify_completion(action, rejection))
        or _leave_counter_out(action, error, rejection)
    ):
        outbox.hand_back(action, not_before=None, error=str(error)[:2000])
        return [action.pk]
    return _refuse(action, error, rejection)


def block_taken(action: Action, ticket: Ticket, named: str) -> list[int]:
    """Refuse a create that was answered with a ticket that is not ours; returns no actions.

    It is not tried again by itself: with each try Autotask's duplicate handling may change that ticket.

    Args:
        named: number of the ticket Autotask named.
    """
    reason = f"Autotask's duplicate ticket handling answered with ticket {named}, which was not made for this alert. Nothing is written to it."
    remedy = (
        "Look at that ticket in Autotask. Change Autotask's duplicate ticket handling so that this alert gets its own "
        "ticket, then retry; or resolve the alert."
    )
    outbox.finish(action, state=Action.State.REFUSED, error=reason, cause="refused", remedy=remedy)
    _block_alerts(ticket, Cause.TICKET_TAKEN, reason, remedy, not_before=None)
    return []


def _spare_field(action: Action, ticket: Ticket, rejection: Rejection) -> bool:
    """Leave out, or cut, the field Autotask objects to; True when the ticket can be tried again at once."""
    name = next(
        (key for key in ticket.fields if rejection.field and key.lower() == rejection.field.lower()), None
    )
    if name is None or action.attempts >= _SPARE_ATTEMPTS:
        return False
    fields = dict(ticket.fields)
    if (
        rejection.kind is RejectionKind.TOO_LONG
        and rejection.longest
        and isinstance(fields[name], str)
        and name != "externalID"
    ):
        fields[name] = fields[name][: rejection.longest]
        text = f"{name} was cut to {rejection.longest} characters because Autotask refused it."
    elif name in _NEEDED or rejection.kind is RejectionKind.REQUIRED_MISSING:
        return False
    else:
        del fields[name]
        if name == "issueType":
            fields.pop("subIssueType", None)
        text = f"{name} was left out because Autotask refused its value: {rejection.message}"
    _store_spared(action, ticket, fields, name, text, is_kept=name in fields)
    return True


def _spare_udf(action: Action, ticket: Ticket, error: VendorError, rejection: Rejection | None) -> bool:
    """Leave out the user-defined field that Autotask's text names, such as a protected one; True as above."""
    name = _named_udf(ticket, error, rejection)
    if name is None or action.attempts >= _SPARE_ATTEMPTS:
        return False
    left = [one for one in ticket.fields["userDefinedFields"] if one["name"] != name]
    fields = {key: value for key, value in ticket.fields.items() if key != "userDefinedFields"}
    if left:
        fields["userDefinedFields"] = left
    text = f"The UDF {name} was left out because Autotask refused it: {error.detail}"
    _store_spared(action, ticket, fields, f"UDF {name}", text, is_kept=False)
    return True


def _named_udf(ticket: Ticket, error: VendorError, rejection: Rejection | None) -> str | None:
    """Return the field of the ticket that a refusal names; the longest name, since one may begin with another."""
    if rejection is not None and (
        rejection.kind is RejectionKind.REQUIRED_MISSING
        or (rejection.field or "").casefold() in {key.casefold() for key in ticket.fields}
    ):
        return None
    text = error.detail.casefold()
    named = [name for name in udfs_of(ticket) if name.casefold() in text]
    return max(named, key=len, default=None) if isinstance(error, Rejected | PermissionDenied) else None


def _store_spared(
    action: Action, ticket: Ticket, fields: dict[str, Any], name: str, text: str, *, is_kept: bool
) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(fields=fields)
    record_event("field_left_out", text, alert=action.alert, ticket=ticket, data={"field": name})
    states.record_left_out(ticket, name, text, fields)
    if action.alert is not None:
        decision = dict(action.alert.decision or {})
        decision["skipped"] = [*decision.get("skipped", []), {"field": name, "label": name, "reason": text}]
        decision["fields"] = [one for one in decision.get("fields", []) if is_kept or one["field"] != name]
        Alert.objects.filter(pk=action.alert.pk).update(decision=decision)


def _simplify_completion(action: Action, rejection: Rejection) -> bool:
    """Try again with Autotask's own Complete, or without the resolution text."""
    name = (rejection.field or "").lower()
    if name == "status" and not action.payload.get("plain_status"):
        outbox.update_held(action, payload={**action.payload, "plain_status": True})
        return True
    if (
        name == "resolution"
        and rejection.kind is not RejectionKind.REQUIRED_MISSING
        and not action.payload.get("no_resolution")
    ):
        outbox.update_held(action, payload={**action.payload, "no_resolution": True})
        return True
    return False


def _leave_counter_out(action: Action, error: VendorError, rejection: Rejection | None) -> bool:
    """Complete the ticket without its counter when Autotask refuses that."""
    ticket = action.ticket
    if ticket is None or action.payload.get("no_counter") or not _named_udf(ticket, error, rejection):
        return False
    outbox.update_held(action, payload={**action.payload, "no_counter": True})
    return True


def _block(action: Action, error: VendorError, rejection: Rejection | None) -> list[int]:
    remedy = _remedy(error, rejection)
    with transaction.atomic():
        outbox.finish(
            action,
            state=Action.State.REFUSED,
            error=str(error)[:2000],
            cause="refused",
            remedy=remedy,
            attempts=action.attempts + 1,
        )
        if action.ticket is not None:
            _block_alerts(
                action.ticket,
                Cause.TICKET_REFUSED,
                f"Autotask refused the ticket: {error.detail}"[:2000],
                remedy,
                not_before=timezone.now() + _TRY_AGAIN,
            )
    return []


def _block_alerts(
    ticket: Ticket, cause: Cause, reason: str, remedy: str, *, not_before: datetime | None
) -> None:
    states.block_of_ticket(ticket, cause, reason, remedy, not_before=not_before)
    for alert in ticket.alerts.filter(state=Alert.State.TICKETING):
        Alert.objects.filter(pk=alert.pk).update(
            state=Alert.State.BLOCKED, cause=cause, reason=reason, remedy=remedy, not_before=not_before
        )
        record_event("ticket_refused", reason, alert=alert, ticket=ticket)


def _refuse(action: Action, error: VendorError, rejection: Rejection | None) -> list[int]:
    """Set a write aside that is tried again by itself, less and less often, and shown to people meanwhile."""
    tries = action.attempts + 1
    outbox.finish(
        action,
        state=Action.State.REFUSED,
        error=str(error)[:2000],
        cause="refused",
        remedy=_remedy(error, rejection),
        attempts=tries,
        not_before=timezone.now() + min(_TRY_AGAIN * 2 ** min(tries - 1, 10), _SELDOM),
    )
    if tries == 1:
        record_event(
            f"{action.kind}_refused",
            f"{action.get_kind_display()}: refused. {error.detail}"[:2000],
            alert=action.alert,
            ticket=action.ticket,
        )
        return _tell_in_ticket(action, error)
    return []


def _tell_in_ticket(action: Action, error: VendorError) -> list[int]:
    """Whoever completed the ticket thinks that its alert is resolved: say in the ticket that it is not."""
    alert, ticket = action.alert, action.ticket
    if action.kind != Action.Kind.RESOLVE_ALERT or alert is None or ticket is None:
        return []
    text = (
        f"The alert could not be resolved in Datto RMM: {error.detail}\n{alert.summary or alert.alert_uid} "
        "is still open there. RMM Bridge tries again by itself."
    )
    wished = outbox.wish(
        Action.Kind.FIRST_NOTE,
        f"unresolved:{ticket.pk}:{alert.alert_uid}"[:120],
        alert=alert,
        ticket=ticket,
        payload=note_payload(settings_of(alert), "Datto RMM: alert not resolved", text),
    )
    return [wished] if wished is not None else []


def _remedy(error: VendorError, rejection: Rejection | None) -> str:
    if isinstance(error, PermissionDenied):
        return f"Give the API user the missing permission in the vendor's settings. {_BY_ITSELF}"
    if isinstance(error, NotFound):
        return f"The object is gone at the vendor; check it there. {_BY_ITSELF}"
    if rejection is not None:
        return f"{rejection.cure} {_BY_ITSELF}"
    return f"See the vendor call for details. {_BY_ITSELF}"
