"""How long Autotask's strings may be, and how to make a text fit.

Autotask answers a text that is too long with HTTP 500 and a sentence, and stores nothing. Cutting is the
caller's decision (what to leave out differs by field), so this module only knows the numbers and the safe cut.
"""

from __future__ import annotations

from typing import Final

TICKET_TITLE: Final = 255
TICKET_DESCRIPTION: Final = 8000
TICKET_EXTERNAL_ID: Final = 50
TICKET_RESOLUTION: Final = 32000
TICKET_PURCHASE_ORDER_NUMBER: Final = 50
NOTE_TITLE: Final = 250
NOTE_DESCRIPTION: Final = 32000
CONFIGURATION_ITEM_REFERENCE_TITLE: Final = 200
#: 100 today, 50 in older documentation: writing at most 50 works everywhere.
CONFIGURATION_ITEM_REFERENCE_NUMBER: Final = 50
#: What others may have written there.
CONFIGURATION_ITEM_REFERENCE_NUMBER_HELD: Final = 100
CONFIGURATION_ITEM_SERIAL_NUMBER: Final = 100
CONFIGURATION_ITEM_LOCATION: Final = 100
CONFIGURATION_ITEM_NOTES: Final = 5000
COMPANY_NAME: Final = 100
COMPANY_PHONE: Final = 25
PRODUCT_NAME: Final = 1000
UDF_NAME: Final = 45
UDF_DESCRIPTION: Final = 128
UDF_LIST_VALUE: Final = 128
#: The longest any user-defined field was seen to take; field info may name less.
UDF_TEXT: Final = 8000
#: Autotask takes 6 to 7 MB for each attachment.
ATTACHMENT_BYTES: Final = 7 * 1024 * 1024
WEBHOOK_NAME: Final = 50
WEBHOOK_URL: Final = 500
WEBHOOK_SECRET: Final = 64

#: entity -> field -> most characters, for the strings this product writes.
MAX_LENGTHS: Final[dict[str, dict[str, int]]] = {
    "Tickets": {
        "title": TICKET_TITLE,
        "description": TICKET_DESCRIPTION,
        "externalID": TICKET_EXTERNAL_ID,
        "resolution": TICKET_RESOLUTION,
        "purchaseOrderNumber": TICKET_PURCHASE_ORDER_NUMBER,
    },
    "TicketNotes": {"title": NOTE_TITLE, "description": NOTE_DESCRIPTION},
    "ConfigurationItems": {
        "referenceTitle": CONFIGURATION_ITEM_REFERENCE_TITLE,
        "referenceNumber": CONFIGURATION_ITEM_REFERENCE_NUMBER,
        "serialNumber": CONFIGURATION_ITEM_SERIAL_NUMBER,
        "location": CONFIGURATION_ITEM_LOCATION,
        "notes": CONFIGURATION_ITEM_NOTES,
    },
    "ConfigurationItemNotes": {"title": NOTE_TITLE, "description": NOTE_DESCRIPTION},
    "Companies": {
        "companyName": COMPANY_NAME,
        "companyNumber": 50,
        "phone": COMPANY_PHONE,
        "alternatePhone1": COMPANY_PHONE,
        "alternatePhone2": COMPANY_PHONE,
        "fax": COMPANY_PHONE,
        "address1": 128,
        "address2": 128,
        "additionalAddressInformation": 100,
        "city": 30,
        "state": 40,
        "postalCode": 10,
        "webAddress": 255,
    },
    "Products": {
        "name": PRODUCT_NAME,
        "description": 2000,
        "manufacturerName": 100,
        "manufacturerProductName": 50,
        "internalProductID": 50,
        "externalProductID": 50,
        "sku": 50,
        "vendorProductNumber": 50,
        "link": 500,
    },
    "UserDefinedFieldDefinitions": {
        "name": UDF_NAME,
        "description": UDF_DESCRIPTION,
        "defaultValue": 1024,
        "mergeVariableName": 100,
    },
    "UserDefinedFieldListItems": {"valueForDisplay": UDF_LIST_VALUE, "valueForExport": UDF_LIST_VALUE},
    "TicketWebhooks": {
        "name": WEBHOOK_NAME,
        "webhookUrl": WEBHOOK_URL,
        "deactivationUrl": WEBHOOK_URL,
        "secretKey": WEBHOOK_SECRET,
    },
}

_ELLIPSIS: Final = "…"


def length_of(text: str) -> int:
    """Return the length as Autotask counts it: UTF-16 units, because its server is .NET."""
    return len(text) + sum(1 for character in text if ord(character) > 0xFFFF)  # noqa: PLR2004  end of the BMP


def strip_nul(text: str) -> str:
    """Return the text without NUL and the other control characters that no Autotask field can hold.

    Tab, line feed and carriage return stay. Lone surrogates become the replacement character, because they
    cannot be encoded as UTF-8 and would fail the request on our side.
    """
    kept = "".join(character for character in text if character >= " " or character in "\t\n\r")
    return kept.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def cut(text: str, longest: int) -> str:
    """Return the text in at most `longest` UTF-16 units, ending in an ellipsis when something was left out."""
    if length_of(text) <= longest:
        return text
    if longest < 1:
        return ""
    kept: list[str] = []
    room = longest - 1
    for character in text:
        room -= length_of(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept).rstrip() + _ELLIPSIS
