"""Fields of their own on both sides of a demo world: Autotask's UDFs by category, Datto's labels and types."""

from __future__ import annotations

from typing import Any, Final

from .datto.model import UdfLabel

Row = dict[str, Any]

FIRST_UDF_ID: Final = 29_682_900
TEXT, MEMO, NUMBER, DATE, LIST = 1, 2, 3, 4, 5
_CONFIGURATION_ITEM: Final = 16
_TICKET: Final = 14
#: name, data type, active; the place gives the id
_UDFS: Final = (
    ("Asset Tag", TEXT, True),
    ("BitLocker", TEXT, True),
    ("Care Level", LIST, True),
    ("Rack", NUMBER, True),
    ("Last User", TEXT, True),
    ("Purchase Date", DATE, True),
    ("Site Notes", MEMO, True),
    ("Lease Number", TEXT, True),
    ("Certificate Owner", TEXT, True),
    ("Old Inventory Number", TEXT, False),
)
#: Of tickets.
_TICKET_UDFS: Final = (
    ("Change Window", TEXT, True),
    ("Root Cause", LIST, True),
    ("Old Escalation Code", TEXT, False),
)
#: id, label, active: values of Root Cause
_ROOT_CAUSES: Final = ((820, "Hardware", True), (821, "Software", True), (822, "Carrier", False))
#: id, label, active: values of Care Level
_CARE_LEVELS: Final = (
    (800, "Gold", True),
    (801, "Silver", True),
    (802, "Bronze", True),
    (803, "Platinum", False),
)
_DEVICE: Final = (
    "Asset Tag",
    "BitLocker",
    "Care Level",
    "Rack",
    "Last User",
    "Purchase Date",
    "Site Notes",
)
#: category id -> the UDFs its items have
_ASSOCIATED: Final[dict[int, tuple[str, ...]]] = {
    1: ("Asset Tag", "Care Level", "Purchase Date"),
    2: _DEVICE,
    3: ("Certificate Owner",),
    4: ("Certificate Owner",),
    5: _DEVICE,
    6: _DEVICE,
    7: ("Asset Tag", "Care Level", "Rack", "Purchase Date", "Site Notes"),
    8: ("Asset Tag", "Care Level", "Purchase Date", "Site Notes"),
    9: _DEVICE,
    10: ("Lease Number", "Asset Tag"),
    11: ("Asset Tag",),
}
_REQUIRED: Final = {(10, "Lease Number")}
#: What the account calls its device fields.
DATTO_LABELS: Final = {
    2: UdfLabel("Asset tag"),
    7: UdfLabel("Care level"),
    8: UdfLabel("Rack", "NUMBER"),
    9: UdfLabel("Purchase date", "DATE"),
    10: UdfLabel("Encrypted", "BOOLEAN"),
}


def build_udfs() -> dict[str, list[Row]]:
    """Return the definitions, the list items and which category has which field."""
    ids = {name: FIRST_UDF_ID + place for place, (name, _kind, _active) in enumerate(_UDFS)}
    ticket_ids = {
        name: FIRST_UDF_ID + 50 + place for place, (name, _kind, _active) in enumerate(_TICKET_UDFS)
    }
    listed = [(ids["Care Level"], _CARE_LEVELS), (ticket_ids["Root Cause"], _ROOT_CAUSES)]
    pairs = [(category, name) for category, names in _ASSOCIATED.items() for name in names]
    return {
        "UserDefinedFieldDefinitions": [
            {
                "id": of_kind[name],
                "name": name,
                "udfType": udf_type,
                "dataType": kind,
                "isActive": active,
                "sortOrder": place,
            }
            for udf_type, udfs, of_kind in (
                (_CONFIGURATION_ITEM, _UDFS, ids),
                (_TICKET, _TICKET_UDFS, ticket_ids),
            )
            for place, (name, kind, active) in enumerate(udfs)
        ],
        "UserDefinedFieldListItems": [
            {
                "id": number,
                "udfFieldId": definition_id,
                "valueForDisplay": label,
                "valueForExport": label.lower(),
                "isActive": active,
            }
            for definition_id, values in listed
            for number, label, active in values
        ],
        "ConfigurationItemCategoryUdfAssociations": [
            {
                "id": number,
                "configurationItemCategoryID": category,
                "userDefinedFieldDefinitionID": ids[name],
                "isRequired": (category, name) in _REQUIRED,
            }
            for number, (category, name) in enumerate(pairs, start=1)
        ],
    }
