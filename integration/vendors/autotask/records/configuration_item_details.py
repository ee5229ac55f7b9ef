"""What hangs on a configuration item: notes, attachments and billing products."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from integration.vendors.autotask.wire import Wire, WireError


@dataclass(frozen=True, slots=True)
class ConfigurationItemNote:
    """A note on a configuration item."""

    id: int
    configuration_item_id: int
    title: str
    description: str
    note_type: int | None
    creator_resource_id: int | None
    created_at: datetime | None
    last_activity_at: datetime | None

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `ConfigurationItemNotes` row.

        Raises:
            WireError: no id or item, or a value of the wrong type.
        """
        wire = Wire("ConfigurationItemNotes", row)
        return cls(
            id=wire.needed_whole("id"),
            configuration_item_id=wire.needed_whole("configurationItemID"),
            title=wire.text("title"),
            description=wire.text("description"),
            note_type=wire.whole("noteType"),
            creator_resource_id=wire.whole("creatorResourceID"),
            created_at=wire.at("createDateTime"),
            last_activity_at=wire.at("lastActivityDate"),
        )


@dataclass(frozen=True, slots=True)
class ConfigurationItemAttachment:
    """A file or link on a configuration item.

    Attributes:
        attachment_type: "FILE_ATTACHMENT" for a file, else a kind of link.
        full_path: file name, or where the link leads.
        size_bytes: of the file.
        content: the file; None in lists, which never carry it, and for links.
    """

    id: int
    configuration_item_id: int
    attachment_type: str
    title: str
    full_path: str
    content_type: str
    size_bytes: int | None
    publish: int | None
    attached_at: datetime | None
    attached_by_resource_id: int | None
    attached_by_contact_id: int | None
    content: bytes | None = field(default=None, repr=False)

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `ConfigurationItemAttachments` row.

        Raises:
            WireError: no id or item, a value of the wrong type, or content that is not base64.
        """
        wire = Wire("ConfigurationItemAttachments", row)
        size = wire.number("fileSize")
        item_id = wire.whole("parentID")
        return cls(
            id=wire.needed_whole("id"),
            configuration_item_id=wire.needed_whole("configurationItemID") if item_id is None else item_id,
            attachment_type=wire.text("attachmentType"),
            title=wire.text("title"),
            full_path=wire.text("fullPath"),
            content_type=wire.text("contentType"),
            size_bytes=None if size is None else int(size),
            publish=wire.whole("publish"),
            attached_at=wire.at("attachDate"),
            attached_by_resource_id=wire.whole("attachedByResourceID"),
            attached_by_contact_id=wire.whole("attachedByContactID"),
            content=_decoded(wire.optional_text("data")),
        )


@dataclass(frozen=True, slots=True)
class BillingProductAssociation:
    """A product billed for a configuration item, from one day to another."""

    id: int
    configuration_item_id: int
    billing_product_id: int
    effective_at: datetime | None
    expires_at: datetime | None

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `ConfigurationItemBillingProductAssociations` row.

        Raises:
            WireError: no id, item or product, or a value of the wrong type.
        """
        wire = Wire("ConfigurationItemBillingProductAssociations", row)
        return cls(
            id=wire.needed_whole("id"),
            configuration_item_id=wire.needed_whole("configurationItemID"),
            billing_product_id=wire.needed_whole("billingProductID"),
            effective_at=wire.at("effectiveDate"),
            expires_at=wire.at("expirationDate"),
        )


def _decoded(data: str | None) -> bytes | None:
    if data is None:
        return None
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise WireError("ConfigurationItemAttachments.data: expected base64") from error
