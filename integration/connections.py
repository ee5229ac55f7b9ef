"""The stored connection: enter credentials, switch on and off, pause and resume."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import structlog
from django.utils import timezone

from integration.models import Connection, PreflightCheck, VendorHealth
from integration.vendors.autotask.zone import DEFAULT_ZONE_LOOKUP_URL, normalize_zone_url, zone_url_warning
from integration.vendors.datto_rmm import normalize_api_url

log = structlog.get_logger(__name__)

#: field -> (key in the environment, what it is called on screen, where to find it)
FIELDS: Final[dict[str, tuple[str, str, str]]] = {
    "datto_api_url": (
        "DATTO_RMM_API_URL",
        "Datto RMM API URL",
        "Datto RMM shows it when API keys are generated: Setup > Users > (user) > Generate API Keys.",
    ),
    "datto_api_key": (
        "DATTO_RMM_API_KEY",
        "Datto RMM API key",
        "Datto RMM: Setup > Users > (user) > Generate API Keys.",
    ),
    "datto_api_secret": (
        "DATTO_RMM_API_SECRET",
        "Datto RMM API secret",
        "Shown once beside the key; generate a new pair when it is lost.",
    ),
    "autotask_zone_url": (
        "AUTOTASK_ZONE_URL",
        "Autotask zone lookup URL",
        "Normally https://webservices.autotask.net/atservicesrest.",
    ),
    "autotask_username": (
        "AUTOTASK_USERNAME",
        "Autotask API user name",
        "Autotask: Admin > Resources (Users), a user of security level API User; it looks like an e-mail address.",
    ),
    "autotask_secret": (
        "AUTOTASK_SECRET",
        "Autotask API user secret",
        "Shown once when the API user's key is generated; generate a new one when it is lost.",
    ),
    "autotask_integration_code": (
        "AUTOTASK_INTEGRATION_CODE",
        "Autotask API tracking identifier",
        "On the API user's page under API Tracking Identifier; choose a custom (internal) one for RMM Bridge.",
    ),
}
SECRET_FIELDS: Final = frozenset(
    {"datto_api_key", "datto_api_secret", "autotask_secret", "autotask_integration_code"}
)
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_CONTROL_FROM: Final = " "


class ConnectionInvalid(ValueError):  # noqa: N818 - named after what it says
    """What was entered cannot be used.

    Attributes:
        errors: field -> what is wrong and what to do; never a secret.
    """

    def __init__(self, errors: dict[str, str]) -> None:
        self.errors = errors
        super().__init__("; ".join(f"{FIELDS[name][1]}: {text}" for name, text in errors.items()))


@dataclass(frozen=True, slots=True)
class Saved:
    """What saving changed.

    Attributes:
        changed: names of changed fields.
        warnings: what a person should know, such as that another account was entered.
    """

    changed: tuple[str, ...]
    warnings: tuple[str, ...] = field(default=())


def get_connection() -> Connection:
    """Return the one connection row, made on first use."""
    return Connection.objects.get_or_create(pk=Connection.SINGLETON_ID)[0]


def save_connection(values: Mapping[str, str], *, is_demo: bool | None = None) -> Saved:
    """Check, normalise and store credentials.

    Args:
        values: any of `FIELDS`; a blank secret keeps the stored one, a missing name keeps its value.
        is_demo: True when both vendors are the sandbox; None to tell it from what changed: entering other
            addresses by hand ends demo mode.

    Raises:
        ConnectionInvalid: per field, what is wrong and the cure.
        KeyError: a name that is no field.
    """
    connection = get_connection()
    clean: dict[str, str] = {}
    errors: dict[str, str] = {}
    for name, raw in values.items():
        if name not in FIELDS:
            raise KeyError(name)
        text = raw.strip()
        if name in SECRET_FIELDS and not text:
            continue
        try:
            clean[name] = _clean(name, text)
        except ValueError as error:
            errors[name] = str(error)
    if errors:
        raise ConnectionInvalid(errors)
    changed = tuple(name for name, text in clean.items() if getattr(connection, name) != text)
    warnings = (*_account_warnings(connection, changed), *_host_warnings(clean, changed))
    for name in changed:
        setattr(connection, name, clean[name])
    if is_demo is not None and connection.is_demo != is_demo:
        connection.is_demo = is_demo
        changed = (*changed, "is_demo")
    elif is_demo is None and {"datto_api_url", "autotask_zone_url"} & set(changed):
        connection.is_demo = False
    if {"autotask_zone_url", "autotask_username"} & set(changed):
        # Another user or database: what we learned about the old one is void.
        connection.autotask_resource_id = None
        connection.autotask_zone_name = ""
        connection.autotask_web_url = ""
        connection.autotask_webhook_id = None
        connection.autotask_webhook_guid = ""
        connection.autotask_webhook_checked_at = None
        connection.autotask_webhook_problem = ""
    if {"datto_api_url", "datto_api_key"} & set(changed):
        connection.datto_account_name = ""
        connection.datto_platform = ""
    if changed:
        connection.save()
        PreflightCheck.objects.all().delete()
        log.info("connection saved", changed=sorted(changed))
    return Saved(changed, warnings)


def missing_fields(connection: Connection) -> list[str]:
    """Return the names of credentials that have not been entered."""
    return [name for name in FIELDS if not getattr(connection, name)]


def enable(connection: Connection) -> None:
    """Switch the integration on.

    Raises:
        ConnectionInvalid: credentials are missing.
    """
    if missing := missing_fields(connection):
        raise ConnectionInvalid({name: f"missing. {FIELDS[name][2]}" for name in missing})
    connection.is_enabled = True
    connection.save(update_fields=["is_enabled", "updated_at"])
    # Work that waits for a vendor to answer is tried with the new credentials at the next sweep.
    VendorHealth.objects.filter(is_down=True).update(retry_at=timezone.now())


def disable(connection: Connection) -> None:
    """Switch the integration off: nothing is read or written; inbound messages are still stored."""
    connection.is_enabled = False
    connection.save(update_fields=["is_enabled", "updated_at"])


def pause(connection: Connection, reason: str) -> None:
    """Stop writing; alerts are still read and stored, and handled in order after `resume`."""
    connection.paused_at = timezone.now()
    connection.paused_reason = reason.strip()[:200]
    connection.save(update_fields=["paused_at", "paused_reason", "updated_at"])


def resume(connection: Connection) -> None:
    """Write again."""
    connection.paused_at = None
    connection.paused_reason = ""
    connection.save(update_fields=["paused_at", "paused_reason", "updated_at"])


def is_loopback(url: str) -> bool:
    """True when an address is on this machine."""
    return (urlsplit(url).hostname or "").lower() in _LOOPBACK


def _clean(name: str, text: str) -> str:
    """Return the value as it is stored.

    Raises:
        ValueError: what is wrong and the cure.
    """
    where = FIELDS[name][2]
    if not text:
        if name == "autotask_zone_url":
            return DEFAULT_ZONE_LOOKUP_URL
        raise ValueError(f"missing. {where}")
    if any(character < _CONTROL_FROM for character in text):
        raise ValueError("holds a line break or another control character. Paste it again, in one piece.")
    if name == "datto_api_url":
        return _without_field(lambda given: normalize_api_url(given).url, text)
    if name == "autotask_zone_url":
        return _without_field(normalize_zone_url, text if "://" in text else f"https://{text}")
    if not text.isascii():
        raise ValueError(f"holds characters no key has, such as typographic quotes or dashes. {where}")
    if name in SECRET_FIELDS and any(character.isspace() for character in text):
        raise ValueError(f"holds a blank inside. Paste it again without what surrounds it. {where}")
    return text


def _without_field(normalise: Callable[[str], str], text: str) -> str:
    """Apply a vendor's normaliser; its texts begin with the field's name, which form and command already show."""
    try:
        return normalise(text)
    except ValueError as error:
        raise ValueError(re.sub(r"^(?:API URL|[A-Z_]+): ", "", str(error))) from None


def _account_warnings(connection: Connection, changed: tuple[str, ...]) -> tuple[str, ...]:
    """Say what a change of account means for what is stored."""
    warnings = []
    if connection.autotask_username and "autotask_username" in changed:
        warnings.append(
            "Another Autotask user was entered. If it belongs to another database, mappings and open tickets point "
            "at objects of the old one: pause the integration, run the reference sync and look through the mappings first."
        )
    if connection.datto_api_url and "datto_api_url" in changed:
        warnings.append(
            "Another Datto RMM platform was entered. If it is another account, its sites are new: the old ones will "
            "be marked as missing at the next complete sync, and their mappings stay for a way back."
        )
    return tuple(warnings)


def _host_warnings(clean: Mapping[str, str], changed: tuple[str, ...]) -> list[str]:
    """Say when keys would go to a host that is not one of the vendors'."""
    warnings: list[str | None] = []
    if "datto_api_url" in changed:
        warnings.append(normalize_api_url(clean["datto_api_url"]).warning)
    if "autotask_zone_url" in changed and not is_loopback(clean["autotask_zone_url"]):
        warnings.append(zone_url_warning(clean["autotask_zone_url"]))
    return [text for text in warnings if text]
