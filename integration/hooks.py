"""The addresses vendors send to: what they are, what to paste where, and the webhook we register ourselves."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.utils import timezone

from integration.clients import NotConnected, autotask_client
from integration.connections import get_connection, is_loopback
from integration.models import Connection
from integration.vendors.autotask.entities import EntityError
from integration.vendors.budget import Lane
from integration.vendors.errors import PermissionDenied, VendorError

log = structlog.get_logger(__name__)

WEBHOOK_NAME: Final = "RMM Bridge"
#: Placeholders Datto RMM fills in. Values are not escaped by Datto, so texts people write come last: whatever they
#: break, the ids before them stay readable.
_PLACEHOLDERS: Final = (
    "alert_uid",
    "alert_priority",
    "alert_type",
    "alert_category",
    "site_uid",
    "site_id",
    "device_uid",
    "device_id",
    "platform",
    "site_name",
    "device_hostname",
    "alert_message",
)


@dataclass(frozen=True, slots=True)
class WebhookState:
    """How the Autotask webhook stands.

    Attributes:
        is_active: Autotask will send events.
        detail: in words.
        remedy: what to do when it is not active.
    """

    is_active: bool
    detail: str
    remedy: str = ""


class WebhookImpossible(Exception):  # noqa: N818 - a circumstance, not a fault
    """A webhook cannot be registered here; polling goes on.

    Attributes:
        remedy: what to change.
    """

    def __init__(self, text: str, remedy: str) -> None:
        self.remedy = remedy
        super().__init__(text)


def body_template(event: str) -> str:
    """Return the body to paste into Datto RMM; JSON as long as no value contains a quote or a backslash."""
    return json.dumps({"event": event} | {name: f"[{name}]" for name in _PLACEHOLDERS}, indent=2)


def describe_hooks(connection: Connection) -> dict[str, Any]:
    """Return the inbound addresses under PUBLIC_URL with what to paste.

    Returns:
        {"datto_rmm": {"url", "headers", "body", "resolved_body"}, "autotask_webhook": {"url", "active", "problem"},
        "callout": {"url", "method", "format", "fields"}}. The addresses hold secrets.
    """
    base = settings.PUBLIC_URL
    return {
        "datto_rmm": {
            "url": f"{base}/hooks/datto-rmm/{connection.datto_hook_secret}/",
            "headers": {"Content-Type": "application/json"},
            "body": body_template("raised"),
            "resolved_body": body_template("resolved"),
        },
        "autotask_webhook": {
            "url": webhook_url(),
            "active": connection.autotask_webhook_id is not None and not connection.autotask_webhook_problem,
            "problem": connection.autotask_webhook_problem,
        },
        "callout": {
            "url": f"{base}/hooks/autotask/callout/{connection.callout_secret}/",
            "method": "POST",
            "format": "Name Value Pair",
            "fields": ["id", "number", "status"],
        },
    }


def webhook_url() -> str:
    """Return where Autotask sends ticket events; they are signed, so the address holds no secret."""
    return f"{settings.PUBLIC_URL}/hooks/autotask/webhook/"


def why_no_webhook(connection: Connection) -> WebhookImpossible | None:
    """Return why Autotask cannot reach us, None when it can (as far as one can tell from here)."""
    parts = urlsplit(settings.PUBLIC_URL)
    here, there = is_loopback(settings.PUBLIC_URL), is_loopback(connection.autotask_zone_url)
    if here and there:
        return None
    if here:
        return WebhookImpossible(
            f"PUBLIC_URL is {settings.PUBLIC_URL}, which Autotask cannot reach.",
            "Set PUBLIC_URL to the https address under which the internet reaches this server. Until then tickets "
            f"are polled every {settings.TICKET_POLL_SECONDS} s.",
        )
    if parts.scheme != "https" or parts.port not in {None, 443}:
        return WebhookImpossible(
            f"PUBLIC_URL is {settings.PUBLIC_URL}; Autotask sends to https on port 443 only.",
            "Put a TLS-terminating proxy on port 443 in front and set PUBLIC_URL to its https address. Until then "
            f"tickets are polled every {settings.TICKET_POLL_SECONDS} s.",
        )
    return None


def install_autotask_webhook(*, lane: Lane = Lane.INTERACTIVE, check_state: bool = True) -> WebhookState:
    """Register our ticket webhook, or repair the one that is there; our own changes do not fire it.

    Raises:
        WebhookImpossible: Autotask cannot reach us.
        NotConnected: no usable connection.
        VendorError: Autotask refused; the problem is also kept on the connection.
    """
    connection = get_connection()
    if impossible := why_no_webhook(connection):
        _remember(autotask_webhook_problem=str(impossible)[:300])
        raise impossible
    client = autotask_client(lane=lane, subject="webhook", check_state=check_state)
    try:
        resource_id = connection.autotask_resource_id
        if resource_id is None:
            resource_id = client.fetch_own_resource_id()
            _remember(autotask_resource_id=resource_id)
        webhook = client.ensure_ticket_webhook(
            WEBHOOK_NAME,
            webhook_url(),
            webhook_url(),
            connection.autotask_webhook_secret,
            excluded_resource_id=resource_id,
        )
    except VendorError as error:
        _remember(autotask_webhook_problem=str(error)[:300])
        log.warning("autotask webhook could not be registered", error=str(error))
        raise
    except EntityError as error:
        # Our own address or name does not fit Autotask's fields.
        _remember(autotask_webhook_problem=str(error)[:300])
        raise WebhookImpossible(
            str(error), "Set PUBLIC_URL to an address of at most 400 characters."
        ) from error
    problem = "" if webhook.is_ready else "Autotask keeps it, but does not send events yet."
    _remember(
        autotask_webhook_id=webhook.id,
        autotask_webhook_guid=webhook.guid,
        autotask_webhook_problem=problem,
    )
    return WebhookState(
        not problem, problem or "Registered and active: Autotask tells us about changed tickets at once."
    )


def check_autotask_webhook(*, repair: bool, lane: Lane = Lane.BACKGROUND) -> WebhookState:
    """Look whether our webhook is still active; with `repair`, put it right when it is not.

    Raises:
        WebhookImpossible, NotConnected, VendorError: as `install_autotask_webhook`.
    """
    connection = get_connection()
    if connection.autotask_webhook_id is None:
        if repair:
            return install_autotask_webhook(lane=lane)
        return WebhookState(
            is_active=False, detail="No webhook is registered in Autotask.", remedy=webhook_cure()
        )
    client = autotask_client(lane=lane, subject="webhook", check_state=repair)
    webhook = client.find_ticket_webhook(connection.autotask_webhook_id)
    if (
        webhook is not None
        and webhook.is_active
        and webhook.is_ready
        and webhook.webhook_url == webhook_url()
    ):
        _remember(autotask_webhook_problem="")
        return WebhookState(
            is_active=True, detail="Registered and active: Autotask tells us about changed tickets at once."
        )
    if repair:
        log.warning("autotask webhook is not as it should be; repairing")
        return install_autotask_webhook(lane=lane)
    if webhook is None:
        found = "The webhook we registered is no longer there."
    elif webhook.webhook_url != webhook_url():
        found = f"The webhook sends to another address than {webhook_url()}."
    else:
        found = "Autotask has switched the webhook off, as it does after 25 failed deliveries."
    _remember(autotask_webhook_problem=found)
    return WebhookState(is_active=False, detail=found, remedy=webhook_cure())


def webhook_cure() -> str:
    """Return how a person gets a working webhook."""
    return (
        "Press Install or repair under Settings > Inbound addresses. Until then tickets are polled every "
        f"{settings.TICKET_POLL_SECONDS} s, so nothing is lost, only later."
    )


def explain_webhook_failure(error: Exception) -> tuple[str, str]:
    """Return (what happened, what to do) when the webhook could not be registered."""
    if isinstance(error, WebhookImpossible | NotConnected):
        return str(error), error.remedy
    if isinstance(error, PermissionDenied):
        return (
            f"Autotask does not let the API user create webhooks: {error.detail}",
            "In Autotask, edit the API user's security level (a copy of API User): allow it to create webhooks and "
            "give it a maximum count of at least 1. Until then tickets are polled.",
        )
    return str(error), webhook_cure()


def _remember(**values: object) -> None:
    # Not through save(): a check must not look like changed credentials, which would rebuild every client.
    Connection.objects.filter(pk=Connection.SINGLETON_ID).update(
        **values, autotask_webhook_checked_at=timezone.now()
    )
