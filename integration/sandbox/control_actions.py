"""What a person or a test can do to the sandbox: one function per action, over plain values of JSON or of a form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

from .autotask import Person, RefusedError
from .control import Sandbox
from .control_storm import StormPlan
from .datto import NotFoundError
from .datto.contexts import CONTEXTS
from .datto.model import Device
from .datto.webhooks import check_url
from .faults import Fault
from .world_catalogue import FIRST_TECHNICIAN_ID

Values = dict[str, Any]


class ControlError(Exception):
    """An action that cannot be done.

    Attributes:
        message: what is wrong and what to do.
        field: which input it is about, "" for none.
        status: HTTP status of the JSON answer.
    """

    def __init__(self, message: str, *, field: str = "", status: int = 400) -> None:
        self.message = message
        self.field = field
        self.status = status
        super().__init__(message)


def guarded(action: Callable[[], Any]) -> Any:
    """Run an action and turn the doubles' refusals into ControlError."""
    try:
        return action()
    except NotFoundError as error:
        raise ControlError(str(error), status=404) from error
    except ValueError as error:
        field, colon, _rest = str(error).partition(":")
        raise ControlError(str(error), field=field if colon and " " not in field else "") from error
    except RefusedError as error:
        raise ControlError("; ".join(error.messages), status=409) from error


def number(values: Values, name: str, default: float | None = None) -> float | None:
    """Return a number from a form or JSON; an absent one gives the default.

    Raises:
        ControlError: it is not a number.
    """
    value = values.get(name)
    if value in (None, ""):
        return default
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ControlError(f"{name}: expected a number.", field=name) from None


def whole(values: Values, name: str, default: int | None = None) -> int | None:
    """Return a whole number like `number`."""
    value = number(values, name, default)
    return None if value is None else int(value)


def find_device(sandbox: Sandbox, values: Values) -> Device | None:
    """Return the device named by `deviceUid`, or by `device` (uid, "HOST (site)" or a host name that is the only one).

    Raises:
        ControlError: there is none, or several carry that host name.
    """
    text = str(values.get("deviceUid") or values.get("device") or "").strip()
    if not text:
        return None
    with sandbox.datto.lock:
        device = sandbox.datto.devices.get(text)
        if device is not None:
            return device
        host, _, site = text.removesuffix(")").partition(" (")
        site_uid = values.get("siteUid") or ""
        found = [
            device
            for device in sandbox.datto.devices.values()
            if (device.hostname or "").lower() == host.lower()
            and (not site or sandbox.datto.sites[device.site_uid].name == site)
            and (not site_uid or device.site_uid == site_uid)
        ]
    if not found:
        raise ControlError(
            f"There is no device {text}. Pick one of the suggestions.", field="device", status=404
        )
    if len(found) > 1 and not site:
        raise ControlError(f"{len(found)} devices are called {host}. Choose the site too.", field="device")
    return found[0]


def make_odd(sandbox: Sandbox, uid: str, values: Values) -> None:
    """Let an alert be sent with these fields instead of the right ones."""
    alert = guarded(lambda: sandbox.datto.get_alert(uid))
    with sandbox.datto.lock:
        alert.odd = dict(values) or None


def raise_alert(sandbox: Sandbox, values: Values) -> str:
    """Fire a monitor; see `POST /control/alerts` for the values. Returns the alert's uid."""
    device = find_device(sandbox, values)
    context = values.get("context")
    if context is not None and not isinstance(context, dict):
        raise ControlError("context: expected an object.", field="context")
    alert = guarded(
        lambda: sandbox.datto.raise_alert(
            device_uid=device.uid if device else None,
            site_uid=values.get("siteUid") or None,
            context_class=values.get("contextClass") or "online_offline_status_ctx",
            subject=values.get("subject") or "",
            name=values.get("name") or "",
            priority=values.get("priority") or "High",
            diagnostics=values.get("diagnostics") or None,
            message=values.get("message") or None,
            context=context,
            autoresolve_mins=whole(values, "autoresolveMins"),
            creates_ticket=bool(values.get("createsTicket")),
            ticket_number=values.get("ticketNumber") or None,
        )
    )
    return str(alert.uid)


def resolve_alert(sandbox: Sandbox, uid: str, values: Values) -> bool:
    """Resolve an alert as `by` (default "System"); returns False when it was resolved already."""
    return bool(guarded(lambda: sandbox.datto.resolve_alert(uid, by=values.get("by") or "System")))


def acting_person(sandbox: Sandbox, values: Values) -> Person:
    """Return the technician named by `resourceId`, the first one without it; ControlError 404 for an unknown one."""
    resource = whole(values, "resourceId", FIRST_TECHNICIAN_ID)
    if sandbox.autotask.get("Resources", resource or 0) is None:
        raise ControlError(f"There is no resource {resource} in Autotask.", field="resourceId", status=404)
    return sandbox.autotask.act_as_person(resource or 0)


def change_ticket(sandbox: Sandbox, ticket_id: int, action: str, values: Values) -> None:
    """Do what a technician does to a ticket: complete, reopen, note, assign or delete; see the table of routes."""
    if sandbox.autotask.get("Tickets", ticket_id) is None:
        raise ControlError(f"There is no ticket {ticket_id} in Autotask.", status=404)
    person = acting_person(sandbox, values)
    text = str(values.get("text") or "")
    if action == "complete":
        guarded(lambda: person.complete_ticket(ticket_id, str(values.get("resolution") or "")))
    elif action == "reopen":
        guarded(lambda: person.reopen(ticket_id))
    elif action == "note":
        if not text.strip():
            raise ControlError("text: write the note first.", field="text")
        guarded(lambda: person.add_note(ticket_id, text))
    elif action == "assign":
        _assign(sandbox, person, ticket_id, values)
    elif action == "delete":
        guarded(lambda: person.delete_ticket(ticket_id))
    else:
        raise ControlError(f"{action}: choose complete, reopen, note, assign or delete.", status=404)
    sandbox.state.mark()


def _assign(sandbox: Sandbox, person: Person, ticket_id: int, values: Values) -> None:
    assignee = whole(values, "assignTo", whole(values, "resourceId", FIRST_TECHNICIAN_ID)) or 0
    roles = sandbox.autotask.find("ResourceRoles", resourceID=assignee)
    role = whole(values, "roleId", roles[0]["roleID"] if roles else None)
    if role is None:
        raise ControlError(f"Resource {assignee} has no role. Choose another technician.", field="assignTo")
    guarded(lambda: person.assign(ticket_id, assignee, role))


def make_storm(sandbox: Sandbox, values: Values) -> int:
    """Start a storm; see `POST /control/storm`. Returns its number."""
    uids = values.get("siteUids") or []
    if isinstance(uids, str):
        uids = [uids]
    plan = StormPlan(
        count=whole(values, "count", 40) or 0,
        seconds=number(values, "seconds", 120.0) or 0.0,
        site_uids=tuple(uids),
        context_class=values.get("contextClass") or "online_offline_status_ctx",
        priority=values.get("priority") or "High",
        resolve_after_seconds=number(values, "resolveAfterSeconds"),
    )
    return int(guarded(lambda: sandbox.storms.start(plan)))


def add_fault(sandbox: Sandbox, values: Values) -> Values:
    """Switch a fault on; see `POST /control/faults`."""
    fault = guarded(lambda: sandbox.faults.add(Fault.from_values(values)))
    return {"id": fault.id, "words": fault.words}


def set_webhook(sandbox: Sandbox, values: Values) -> Values:
    """Change where and how Datto's webhooks go; see `POST /control/webhook`."""
    sender = sandbox.datto.webhooks
    guarded(lambda: sender.config.change(values))
    if not sender.config.resolved_first:
        sender.release_held()
    sandbox.state.mark()
    return sender.to_state()


def set_callout(sandbox: Sandbox, values: Values) -> int | None:
    """Put one callout in place of all others, none when `url` is empty; see `POST /control/callout`."""
    url = str(values.get("url") or "")
    guarded(lambda: check_url("url", url))
    chosen = values.get("onStatus") or []
    if not isinstance(chosen, list):
        raise ControlError("onStatus: expected a list of status ids.", field="onStatus")
    if not values.get("keepOthers"):
        for row in sandbox.autotask.callouts():
            sandbox.autotask.remove_callout(row["id"])
    sandbox.state.mark()
    if not url:
        return None
    return int(
        guarded(
            lambda: sandbox.autotask.add_callout(
                url,
                str(values.get("username") or ""),
                str(values.get("password") or ""),
                chosen,
                udf=str(values.get("udf") or ""),
                credentials=str(values.get("credentials") or "basic"),
            )
        )
    )


def change_settings(sandbox: Sandbox, values: Values) -> Values:
    """Change switches of both vendors; see `POST /control/settings`. Returns all of them."""
    unknown = set(values) - {"datto_rmm", "autotask"}
    if unknown:
        raise ControlError(f"{min(unknown)}: choose datto_rmm or autotask.", field=min(unknown))
    for vendor, given in values.items():
        if not isinstance(given, dict):
            raise ControlError(f"{vendor}: expected an object of switches.", field=vendor)
    with sandbox.datto.lock:
        for name, value in values.get("datto_rmm", {}).items():
            guarded(partial(sandbox.datto.settings.change, name, value))
    switches = sandbox.autotask.switches
    known = switches.to_state()
    for name, value in values.get("autotask", {}).items():
        if name == "zone":
            guarded(partial(sandbox.autotask.move_zone, whole({name: value}, name, 1) or 1))
            continue
        if name not in known:
            raise ControlError(
                f"{name}: no such switch. Known switches: {', '.join(sorted(known))}, zone.", field=name
            )
        if isinstance(known[name], bool) is not isinstance(value, bool):
            raise ControlError(f"{name}: expected {type(known[name]).__name__}.", field=name)
        setattr(switches, name, value)
    sandbox.state.mark()
    return {"datto_rmm": asdict(sandbox.datto.settings), "autotask": switches.to_state()}


def monitor_choices() -> list[tuple[str, str]]:
    """Return (class, label with the class) of every monitor type, for a form."""
    return [(name, f"{kind.label} ({name})") for name, kind in CONTEXTS.items()]
