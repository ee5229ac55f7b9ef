"""What hangs on a configuration item: notes, attachments and billing products."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from integration.vendors.autotask.checks import check_lengths, check_needed
from integration.vendors.autotask.entities import EntityError, entity_named, read_path, write_path
from integration.vendors.autotask.limits import ATTACHMENT_BYTES
from integration.vendors.autotask.query import EVERYTHING, where
from integration.vendors.autotask.records import (
    BillingProductAssociation,
    ConfigurationItemAttachment,
    ConfigurationItemNote,
)
from integration.vendors.autotask.rest import RestClient

FILE_ATTACHMENT: Final = "FILE_ATTACHMENT"
_NOTES: Final = "ConfigurationItemNotes"
_ATTACHMENTS: Final = "ConfigurationItemAttachments"
_BILLING_PRODUCTS: Final = "ConfigurationItemBillingProductAssociations"


class ConfigurationItemDetailCalls(RestClient):
    """Typed calls for what hangs on one configuration item; they raise what `RestClient`'s calls raise."""

    def iter_configuration_item_notes(self, configuration_item_id: int) -> Iterator[ConfigurationItemNote]:
        """Yield the notes of an item, oldest first."""
        filter_ = where("configurationItemID", "eq", configuration_item_id)
        return self._records(_NOTES, ConfigurationItemNote.from_wire, filter_)

    def create_configuration_item_note(
        self, configuration_item_id: int, *, title: str, description: str, note_type: int
    ) -> int:
        """Add a note to an item and return its id. Sent once.

        Not to be repeated after a doubt without a look at `iter_configuration_item_notes`: nothing is unique there.

        Args:
            configuration_item_id: the item.
            title: 1 to 250 characters.
            description: 1 to 32000 characters.
            note_type: picklist id.

        Raises:
            EntityError: a text that is empty or too long; nothing was sent.
            VendorError: as `create`.
        """
        fields = {
            "configurationItemID": configuration_item_id,
            "title": title,
            "description": description,
            "noteType": note_type,
        }
        check_needed(_NOTES, fields, ("title", "description"))
        check_lengths(_NOTES, fields)
        return self.create(_NOTES, fields, parent=configuration_item_id)

    def iter_configuration_item_attachments(
        self, configuration_item_id: int
    ) -> Iterator[ConfigurationItemAttachment]:
        """Yield the attachments of an item without their content."""
        filter_ = where("parentID", "eq", configuration_item_id)
        return self._records(_ATTACHMENTS, ConfigurationItemAttachment.from_wire, filter_)

    def fetch_configuration_item_attachment(
        self, configuration_item_id: int, attachment_id: int
    ) -> ConfigurationItemAttachment:
        """Return one attachment; a file with its content.

        Raises:
            NotFound: the item has no such attachment.
            ContractBroken: a file without its content, or an answer that holds no attachment.
            VendorError: as the call ended.
        """
        known = entity_named(_ATTACHMENTS)
        read_path(known, attachment_id)  # checks the id
        answer = self._call("GET", f"{write_path(known, configuration_item_id)}/{attachment_id}")
        body = answer.json()
        # A single attachment comes as a list, other rows as an item.
        rows = body.get("items", [body.get("item")]) if isinstance(body, dict) else None
        if not isinstance(rows, list):
            raise answer.broken(f"{known.name}: the answer has no attachment")
        if not rows or rows == [None]:
            raise self._missing(known, attachment_id)
        found = self._parse(_ATTACHMENTS, ConfigurationItemAttachment.from_wire, rows[0])
        if found.content is None and found.attachment_type == FILE_ATTACHMENT:
            raise answer.broken(f"{known.name} {attachment_id}: a file without its data")
        return found if found.attachment_type == FILE_ATTACHMENT else replace(found, content=None)

    def create_configuration_item_attachment(
        self,
        configuration_item_id: int,
        *,
        title: str,
        full_path: str,
        content: bytes | None = None,
        publish: int = 1,
        attachment_type: str = FILE_ATTACHMENT,
    ) -> int:
        """Attach a file or link to an item and return its id. Sent once.

        Not to be repeated after a doubt without a look at `iter_configuration_item_attachments`. All attachments
        together may have 10,000,000 bytes in 5 minutes, then Autotask refuses them for 5 minutes (`RateLimited`).

        Args:
            configuration_item_id: the item.
            title: what people see.
            full_path: file name, or where the link leads.
            content: the file, at most 7 MiB; None for a link.
            publish: picklist id of who sees it; 1 is everybody, 2 internal.
            attachment_type: "FILE_ATTACHMENT", "FILE_LINK", "FOLDER_LINK" or "URL".

        Raises:
            EntityError: a text is empty, the file is missing or too large, or a link has content; nothing was sent.
            VendorError: as `create`.
        """
        fields: dict[str, object] = {
            "parentID": configuration_item_id,
            "attachmentType": attachment_type,
            "title": title,
            "fullPath": full_path,
            "publish": publish,
        }
        check_needed(_ATTACHMENTS, fields, ("attachmentType", "title", "fullPath"))
        if (content is not None) != (attachment_type == FILE_ATTACHMENT):
            raise EntityError(f"{_ATTACHMENTS}.data: a file needs its content, and only a file has one")
        if content is not None:
            if len(content) > ATTACHMENT_BYTES:
                raise EntityError(
                    f"{_ATTACHMENTS}.data: {len(content)} bytes, at most {ATTACHMENT_BYTES}; attach a smaller file"
                )
            fields["data"] = base64.b64encode(content).decode("ascii")
        return self.create(_ATTACHMENTS, fields, parent=configuration_item_id)

    def iter_billing_product_associations(
        self, *, configuration_item_id: int | None = None
    ) -> Iterator[BillingProductAssociation]:
        """Yield the products billed for an item, or for all items."""
        filter_ = (
            EVERYTHING
            if configuration_item_id is None
            else where("configurationItemID", "eq", configuration_item_id)
        )
        return self._records(_BILLING_PRODUCTS, BillingProductAssociation.from_wire, filter_)

    def create_billing_product_association(
        self,
        configuration_item_id: int,
        *,
        billing_product_id: int,
        effective_at: datetime,
        expires_at: datetime | None = None,
    ) -> int:
        """Bill a product for an item and return the association's id. Sent once.

        Not to be repeated after a doubt without a look at `iter_billing_product_associations`.

        Args:
            configuration_item_id: the item.
            billing_product_id: product of the catalogue.
            effective_at: first day; aware.
            expires_at: last day; aware, None for no end.

        Raises:
            EntityError: a naive time; nothing was sent.
            VendorError: as `create`.
        """
        fields: dict[str, object] = {
            "configurationItemID": configuration_item_id,
            "billingProductID": billing_product_id,
            "effectiveDate": effective_at,
        }
        if expires_at is not None:
            fields["expirationDate"] = expires_at
        return self.create(_BILLING_PRODUCTS, fields, parent=configuration_item_id)

    def end_billing_product_association(
        self, configuration_item_id: int, association_id: int, *, expires_at: datetime
    ) -> None:
        """Stop billing a product for an item at an aware time. Harmless to repeat; errors as `update`."""
        self.update(
            _BILLING_PRODUCTS, association_id, {"expirationDate": expires_at}, parent=configuration_item_id
        )
