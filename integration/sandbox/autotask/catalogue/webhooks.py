"""The five webhook families, made from one description."""

from __future__ import annotations

from typing import Final

from integration.sandbox.autotask.schema import Entity, entity

#: REST entity -> (REST prefix of its webhooks, object prefix, whether it has UDF fields)
FAMILIES: Final = {
    "Companies": ("Company", "Account", True),
    "Contacts": ("Contact", "Contact", True),
    "ConfigurationItems": ("ConfigurationItem", "InstalledProduct", True),
    "Tickets": ("Ticket", "Ticket", True),
    "TicketNotes": ("TicketNote", "TicketNote", False),
}

_WEBHOOK: Final = """
    id long
    deactivationUrl str500 req
    isActive bool req
    isReady bool ro
    isSubscribedToCreateEvents bool
    isSubscribedToDeleteEvents bool
    isSubscribedToUpdateEvents bool
    name str50 req
    notificationEmailAddress str150
    ownerResourceID int ro >Resources
    secretKey str64 req
    sendThresholdExceededNotification bool req
    webhookGUID str100 ro
    webhookUrl str500 req
"""
_FIELD: Final = """
    id long
    fieldID int req once pick
    isDisplayAlwaysField bool req
    isSubscribedField bool req
    webhookID int req once
"""
_UDF_FIELD: Final = """
    id long
    isDisplayAlwaysField bool req
    isSubscribedField bool req
    udfFieldID int req once pick
    webhookID int req once
"""
_EXCLUDED: Final = """
    id long
    resourceID int req >Resources
    webhookID int req
"""


def _family(target: str, prefix: str, object_prefix: str, *, udfs: bool) -> tuple[Entity, ...]:
    hooks = f"{prefix}Webhooks"
    rows = [
        entity(hooks, f"{object_prefix}Webhook", "CUDQ", _WEBHOOK, webhook_of=target),
        entity(
            f"{prefix}WebhookFields",
            f"{object_prefix}WebhookField",
            "CUDQ",
            _FIELD,
            under=(hooks, "Fields", "webhookID"),
            webhook_of=target,
        ),
        entity(
            f"{prefix}WebhookExcludedResources",
            f"{object_prefix}WebhookExcludedResource",
            "CDQ",
            _EXCLUDED,
            under=(hooks, "ExcludedResources", "webhookID"),
            webhook_of=target,
        ),
    ]
    if udfs:
        rows.append(
            entity(
                f"{prefix}WebhookUdfFields",
                f"{object_prefix}WebhookUdfField",
                "CUDQ",
                _UDF_FIELD,
                under=(hooks, "UdfFields", "webhookID"),
                webhook_of=target,
            )
        )
    return tuple(rows)


ENTITIES: Final = tuple(
    described
    for target, (prefix, object_prefix, udfs) in FAMILIES.items()
    for described in _family(target, prefix, object_prefix, udfs=udfs)
)
