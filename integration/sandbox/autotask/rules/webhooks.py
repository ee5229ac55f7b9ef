"""Webhook registrations: addresses, limits, and when a webhook counts as ready."""

from __future__ import annotations

import ipaddress
import uuid
from typing import Final
from urllib.parse import urlsplit

from integration.sandbox.autotask.catalogue.webhooks import FAMILIES
from integration.sandbox.autotask.database import Database
from integration.sandbox.autotask.errors import RefusedError
from integration.sandbox.autotask.schema import Row
from integration.sandbox.autotask.write import Write

_MOST_ACTIVE: Final = 50
_HTTPS_PORT: Final = 443


def check_webhook(write: Write) -> None:
    """Check the addresses and the number of active webhooks; give owner and GUID to a new one."""
    for name in ("webhookUrl", "deactivationUrl"):
        if write.changed(name) and not _allowed(str(write.value(name))):
            raise RefusedError(f"{name} must be an https address on port {_HTTPS_PORT}.")
    if write.creating:
        write.changes |= {
            "ownerResourceID": write.actor.resource_id,
            "webhookGUID": str(uuid.uuid4()),
            "isReady": False,
        }
    if write.value("isActive") and write.changed("isActive"):
        active = [row for row in write.database.tables[write.entity.name] if row.get("isActive")]
        if len(active) >= _MOST_ACTIVE:
            raise RefusedError(f"The maximum of {_MOST_ACTIVE} active webhooks has been reached.")


def _allowed(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    host = (parts.hostname or "").lower()
    if not host:
        return False
    if parts.scheme == "https" and port in (None, _HTTPS_PORT):
        return True
    # The real service wants https on 443; a sandbox must also reach a product on the same machine.
    return parts.scheme in {"http", "https"} and _is_loopback(host)


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def refresh_ready(database: Database, write: Write, after: Row | None) -> None:
    """Work out isReady again after the webhook or one of its fields changed."""
    prefix = FAMILIES[write.entity.webhook_of][0]
    hooks = database.tables[f"{prefix}Webhooks"]
    row = after or write.old or {}
    hook_id = row.get("id") if write.entity.name == f"{prefix}Webhooks" else row.get("webhookID")
    hook = hooks.rows.get(hook_id or -1)
    if hook is None:
        return
    fields = [
        field
        for name in (f"{prefix}WebhookFields", f"{prefix}WebhookUdfFields")
        if name in database.tables
        for field in database.tables[name].where("webhookID", hook_id)
    ]
    wants_fields = hook.get("isSubscribedToCreateEvents") or hook.get("isSubscribedToUpdateEvents")
    if wants_fields:
        ready = any(field.get("isSubscribedField") for field in fields)
    else:
        ready = bool(hook.get("isSubscribedToDeleteEvents"))
    hooks.put({**hook, "isReady": ready})
