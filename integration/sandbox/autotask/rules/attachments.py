"""Attachments: size limits, and what the server fills in."""

from __future__ import annotations

import base64
import binascii
import mimetypes
from typing import Final

from integration.sandbox.autotask.database import Database
from integration.sandbox.autotask.errors import RefusedError
from integration.sandbox.autotask.schema import Row
from integration.sandbox.autotask.write import Write

_TYPES: Final = {"FILE_ATTACHMENT", "FILE_LINK", "FOLDER_LINK", "URL"}
_MOST_BYTES: Final = 7 * 1024 * 1024
_MOST_BYTES_IN_WINDOW: Final = 10_000_000
_WINDOW_MINUTES: Final = 5
#: Entity -> (field that repeats the parent's id, parentType of field info).
_PARENTS: Final = {
    "TicketAttachments": ("ticketID", 4),
    "TicketNoteAttachments": ("ticketNoteID", 23),
    "ConfigurationItemAttachments": ("configurationItemID", 45),
    "CompanyAttachments": ("companyID", 1),
}


def check_attachment(write: Write) -> None:
    """Check type, content and size; fill size, content type and parent."""
    if write.value("attachmentType") not in _TYPES:
        raise RefusedError(
            f"Picklist value [{write.value('attachmentType')}] does not exist for attachmentType"
        )
    # All attachments share one range of ids, so AttachmentInfo can carry the same id.
    tables = [write.database.tables[name] for name in (*_PARENTS, "AttachmentInfo")]
    write.database.tables[write.entity.name].last_id = max(table.last_id for table in tables)
    field, parent_type = _PARENTS[write.entity.name]
    write.changes[field] = write.value("parentID")
    write.changes["parentType"] = parent_type
    if write.value("attachmentType") != "FILE_ATTACHMENT":
        return
    if not write.value("data"):
        raise RefusedError("Value does not exist for the required field data")
    try:
        content = base64.b64decode(write.value("data"), validate=True)
    except (binascii.Error, ValueError):
        raise RefusedError("data is not valid base64.") from None
    if len(content) > _MOST_BYTES:
        raise RefusedError(f"The attachment is larger than the maximum of {_MOST_BYTES} bytes.")
    window = _sent_lately(write)
    if window + len(content) > _MOST_BYTES_IN_WINDOW:
        raise RefusedError(
            f"The attachment threshold of {_MOST_BYTES_IN_WINDOW} bytes in {_WINDOW_MINUTES} minutes has been exceeded."
        )
    guessed, _encoding = mimetypes.guess_type(str(write.value("fullPath")))
    write.default("contentType", guessed or "application/octet-stream")
    write.changes["fileSize"] = float(len(content))


def mirror_info(database: Database, write: Write, after: Row | None) -> None:
    """Keep AttachmentInfo, which lists every attachment without its content."""
    table = database.tables["AttachmentInfo"]
    if after is None:
        table.remove((write.old or {})["id"])
        return
    table.put({field.name: after.get(field.name) for field in table.entity.fields.values()})


def _sent_lately(write: Write) -> float:
    from_minute = write.database.now_utc().timestamp() - 60 * _WINDOW_MINUTES
    total = 0.0
    for name in _PARENTS:
        for row in reversed(list(write.database.tables[name])):
            if write.database.seconds(row.get("attachDate")) < from_minute:
                break
            total += row.get("fileSize", 0.0)
    return total
