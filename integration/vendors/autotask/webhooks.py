"""Registering the one ticket webhook this product needs, as one repeatable step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from integration.vendors.autotask.answers import VENDOR
from integration.vendors.autotask.checks import check_lengths
from integration.vendors.autotask.entities import EntityError
from integration.vendors.autotask.picklists import normalise
from integration.vendors.autotask.query import EVERYTHING, where
from integration.vendors.autotask.records import PicklistValue, TicketWebhook, TicketWebhookField
from integration.vendors.autotask.rest import RestClient
from integration.vendors.autotask.wire import Wire
from integration.vendors.errors import ContractBroken, NotFound

_HOOKS: Final = "TicketWebhooks"
_FIELDS: Final = "TicketWebhookFields"
_EXCLUDED: Final = "TicketWebhookExcludedResources"
#: What a field may be called in the picklist of webhook fields, beside its own name.
_ALIASES: Final[dict[str, tuple[str, ...]]] = {
    "status": ("status", "ticketstatus"),
    "ticketnumber": ("ticketnumber", "number"),
    "queue": ("queue", "queueid", "ticketqueue"),
    "assignedresource": ("assignedresource", "assignedresourceid", "primaryresource", "resource"),
    "priority": ("priority", "ticketpriority"),
}


@dataclass(frozen=True, slots=True)
class WebhookRegistration:
    """A webhook that is set up.

    Attributes:
        guid: what its events carry as `Guid`.
        is_ready: Autotask's own word that events will be sent.
        was_created: False when an existing one was found and repaired.
        duplicate_ids: other webhooks with the same name or address; they deliver events twice.
    """

    id: int
    guid: str
    is_ready: bool
    was_created: bool
    duplicate_ids: tuple[int, ...] = ()


class WebhookCalls(RestClient):
    """Calls for ticket webhooks. They raise what `RestClient`'s calls raise."""

    def ensure_ticket_webhook(
        self,
        name: str,
        url: str,
        deactivation_url: str,
        secret_key: str,
        *,
        excluded_resource_id: int | None,
        fields: Sequence[str] = ("status",),
        notify_on_threshold: bool = False,
    ) -> WebhookRegistration:
        """Make sure exactly this webhook exists, is active and sends these fields; running it again changes nothing.

        An existing webhook with the same address or name is repaired. The secret cannot be read back, so it is
        written every time.

        Args:
            name: at most 50 characters; how it is found again.
            url: where events go; https on port 443 in real life.
            deactivation_url: called when Autotask switches the webhook off.
            secret_key: at most 64 characters; see `signatures`.
            excluded_resource_id: our own API user, whose changes must not come back; None excludes nobody.
            fields: names or labels of ticket fields whose change fires; compared leniently.
            notify_on_threshold: let Autotask mail the owner when too many events occur.

        Raises:
            EntityError: a bad address, name or secret, or no field; nothing was sent.
            ContractBroken: Autotask offers no such webhook field; its offers are named.
            PermissionDenied: the API user's security level may not create webhooks.
            VendorError: as the calls ended; run it again.
        """
        wanted = {
            "name": name,
            "webhookUrl": url,
            "deactivationUrl": deactivation_url,
            "secretKey": secret_key,
            "isActive": True,
            "isSubscribedToCreateEvents": False,
            "isSubscribedToUpdateEvents": True,
            "isSubscribedToDeleteEvents": True,
            "sendThresholdExceededNotification": notify_on_threshold,
        }
        _check_registration(wanted, fields)
        field_ids = self._webhook_field_ids(fields)
        existing = self._matching_webhooks(name, url)
        if existing:
            webhook_id = existing[0].id
            self.update(_HOOKS, webhook_id, wanted)
        else:
            webhook_id = self.create(_HOOKS, wanted)
        # Excluded first: with a field the webhook is live, and our own writes would echo.
        if excluded_resource_id is not None:
            self._ensure_excluded(webhook_id, excluded_resource_id)
        self._ensure_fields(webhook_id, field_ids)
        webhook = self._parse(_HOOKS, TicketWebhook.from_wire, self.get(_HOOKS, webhook_id))
        return WebhookRegistration(
            id=webhook.id,
            guid=webhook.guid,
            is_ready=webhook.is_ready,
            was_created=not existing,
            duplicate_ids=tuple(other.id for other in existing[1:]),
        )

    def find_ticket_webhook(self, webhook_id: int) -> TicketWebhook | None:
        """Return a webhook, None when there is no such id. Tells whether Autotask has switched it off."""
        row = self.find(_HOOKS, webhook_id)
        return None if row is None else self._parse(_HOOKS, TicketWebhook.from_wire, row)

    def reactivate_ticket_webhook(self, webhook_id: int) -> TicketWebhook:
        """Switch a webhook on again, after Autotask switched it off for failed deliveries, and return it.

        Raises:
            NotFound: there is no such webhook.
            VendorError: as the calls ended.
        """
        self.update(_HOOKS, webhook_id, {"isActive": True})
        return self._parse(_HOOKS, TicketWebhook.from_wire, self.get(_HOOKS, webhook_id))

    def delete_ticket_webhook(self, webhook_id: int) -> bool:
        """Delete a webhook; False when it was gone already."""
        try:
            self.delete(_HOOKS, webhook_id)
        except NotFound:
            return False
        return True

    def _matching_webhooks(self, name: str, url: str) -> list[TicketWebhook]:
        """Return webhooks with this address or name, best match first. There are few, so all are read."""

        def rank(webhook: TicketWebhook) -> tuple[bool, bool, int]:
            return (webhook.webhook_url != url, webhook.name != name, webhook.id)

        found = self._records(_HOOKS, TicketWebhook.from_wire, EVERYTHING)
        return sorted((hook for hook in found if hook.webhook_url == url or hook.name == name), key=rank)

    def _webhook_field_ids(self, names: Sequence[str]) -> list[int]:
        field = self.fetch_field_info(_FIELDS).get("fieldID")
        choices = [choice for choice in (field.picklist if field else ()) if choice.is_active]
        ids: list[int] = []
        for name in names:
            id_ = _webhook_field_id(name, choices)
            if id_ is None:
                offers = ", ".join(sorted(choice.label for choice in choices)) or "none"
                raise ContractBroken(
                    f"{_FIELDS}.fieldID: no single field is called {name!r}; Autotask offers: {offers}",
                    vendor=VENDOR,
                    method="GET",
                    path=f"{_FIELDS}/entityInformation/fields",
                )
            if id_ not in ids:
                ids.append(id_)
        return ids

    def _ensure_fields(self, webhook_id: int, field_ids: Sequence[int]) -> None:
        found = self._records(_FIELDS, TicketWebhookField.from_wire, where("webhookID", "eq", webhook_id))
        existing = {field.field_id: field for field in found}
        flags = {"isSubscribedField": True, "isDisplayAlwaysField": True}
        for field_id in field_ids:
            known = existing.get(field_id)
            if known is None:
                fields = {"fieldID": field_id, "webhookID": webhook_id, **flags}
                self.create(_FIELDS, fields, parent=webhook_id)
            elif not (known.is_subscribed and known.is_always_shown):
                self.update(_FIELDS, known.id, flags, parent=webhook_id)

    def _ensure_excluded(self, webhook_id: int, resource_id: int) -> None:
        def resource_of(row: object) -> int | None:
            return Wire(_EXCLUDED, row).whole("resourceID")

        excluded = set(self._records(_EXCLUDED, resource_of, where("webhookID", "eq", webhook_id)))
        if resource_id not in excluded:
            fields = {"resourceID": resource_id, "webhookID": webhook_id}
            self.create(_EXCLUDED, fields, parent=webhook_id)


def _webhook_field_id(name: str, choices: Sequence[PicklistValue]) -> int | None:
    """Return the picklist id of a field called by name, label or id; None when none or several fit."""
    wanted = normalise(name)
    key = wanted.removesuffix("id") if wanted.removesuffix("id") in _ALIASES else wanted
    spellings = {wanted, *_ALIASES.get(key, ())}
    for fits in (
        lambda choice: choice.value.strip() == name.strip(),
        lambda choice: normalise(choice.label) == wanted,
        lambda choice: normalise(choice.label) in spellings,
        lambda choice: normalise(choice.label).removesuffix("id") == wanted.removesuffix("id"),
    ):
        found = [choice for choice in choices if fits(choice)]
        if len(found) == 1:
            return found[0].number
    return None


def _check_registration(wanted: dict[str, object], fields: Sequence[str]) -> None:
    for field in ("name", "webhookUrl", "deactivationUrl", "secretKey"):
        if not wanted[field]:
            raise EntityError(f"{_HOOKS}.{field}: it is empty; Autotask needs it")
    check_lengths(_HOOKS, wanted)
    for field in ("webhookUrl", "deactivationUrl"):
        if urlsplit(str(wanted[field])).scheme not in {"https", "http"}:
            raise EntityError(
                f"{_HOOKS}.{field}: not an address; set PUBLIC_URL to one Autotask can reach by https"
            )
    if isinstance(fields, str) or not fields:
        raise EntityError(f"{_FIELDS}: name at least one field; a webhook without one never becomes ready")
