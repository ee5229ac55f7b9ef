"""Keys by which things are found again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

#: Autotask's Tickets.externalID holds at most 50 characters.
EXTERNAL_ID_LENGTH = 50
#: Every external id we write begins so.
EXTERNAL_ID_PREFIX = "rmm-"
_PREFIX = f"{EXTERNAL_ID_PREFIX}alert:"
_REQUEST_PREFIX = f"{EXTERNAL_ID_PREFIX}request:"


def correlation_key(alert_uid: str, *, round_: int = 1) -> str:
    """Return the external id of the ticket for an alert; the same input gives the same key for ever.

    Args:
        alert_uid: Datto's uid; a GUID as a rule, but any text works.
        round_: 2 and up when a person asked for a new ticket after the first one was deleted or closed.
    """
    suffix = "" if round_ == 1 else f"#{round_}"
    key = f"{_PREFIX}{alert_uid}{suffix}"
    if len(key) <= EXTERNAL_ID_LENGTH:
        return key
    digest = sha256(alert_uid.encode()).hexdigest()
    return f"{_PREFIX}{digest[: EXTERNAL_ID_LENGTH - len(_PREFIX) - len(suffix)]}{suffix}"


def request_key(key: str) -> str:
    """Return the external id of the ticket for a request; the same request gives the same key for ever.

    Args:
        key: 64 hexadecimal digits that tell the request from all others; any text works.
    """
    digest = sha256(key.encode()).hexdigest()
    return f"{_REQUEST_PREFIX}{digest[: EXTERNAL_ID_LENGTH - len(_REQUEST_PREFIX)]}"


def condition_key(*, device_uid: str, site_uid: str, monitor: str, stable: Mapping[str, Any]) -> str:
    """Return what makes two alerts the same trouble: device, monitor and stable context fields.

    Never the alert uid: every firing has a new one. An alert without a device counts for its site.

    Args:
        monitor: what tells the monitor: fingerprint, typed key or catalogue entry.
    """
    parts = json.dumps(
        [device_uid or f"site:{site_uid}", monitor, sorted((str(k), str(v)) for k, v in stable.items())],
        ensure_ascii=True,
    )
    return sha256(parts.encode()).hexdigest()
