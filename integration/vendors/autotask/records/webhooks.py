"""Ticket webhooks as Autotask holds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from integration.vendors.autotask.wire import Wire


@dataclass(frozen=True, slots=True)
class TicketWebhook:
    """A registered webhook.

    Attributes:
        guid: what every event of this webhook carries as `Guid`.
        is_ready: True once Autotask will send events: active, with at least one subscribed field.
    """

    id: int
    name: str
    guid: str
    is_active: bool
    is_ready: bool
    webhook_url: str
    deactivation_url: str
    is_subscribed_to_create_events: bool
    is_subscribed_to_update_events: bool
    is_subscribed_to_delete_events: bool

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `TicketWebhooks` row.

        Raises:
            WireError: no id, or a value of the wrong type.
        """
        wire = Wire("TicketWebhooks", row)
        return cls(
            id=wire.needed_whole("id"),
            name=wire.text("name"),
            guid=wire.text("webhookGUID"),
            is_active=wire.flag("isActive"),
            is_ready=wire.flag("isReady"),
            webhook_url=wire.text("webhookUrl"),
            deactivation_url=wire.text("deactivationUrl"),
            is_subscribed_to_create_events=wire.flag("isSubscribedToCreateEvents"),
            is_subscribed_to_update_events=wire.flag("isSubscribedToUpdateEvents"),
            is_subscribed_to_delete_events=wire.flag("isSubscribedToDeleteEvents"),
        )


@dataclass(frozen=True, slots=True)
class TicketWebhookField:
    """A field a webhook sends; `field_id` is a picklist id of `TicketWebhookFields`, not a name."""

    id: int
    webhook_id: int | None
    field_id: int
    is_subscribed: bool
    is_always_shown: bool

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `TicketWebhookFields` row.

        Raises:
            WireError: no id or field, or a value of the wrong type.
        """
        wire = Wire("TicketWebhookFields", row)
        return cls(
            id=wire.needed_whole("id"),
            webhook_id=wire.whole("webhookID"),
            field_id=wire.needed_whole("fieldID"),
            is_subscribed=wire.flag("isSubscribedField"),
            is_always_shown=wire.flag("isDisplayAlwaysField"),
        )
