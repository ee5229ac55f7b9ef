"""Picklist values of a believable database, and the shape they are kept in.

A value is a dict `{value: int, label, isDefaultValue, sortOrder, parentValue: int | None, isActive, isSystem}`;
field info turns `value` and `parentValue` into strings, as Autotask does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

PicklistValue = dict[str, Any]

_YES_NO_STATUS: Final = "0 Inactive | 1 Active*"
_AUDIT_STATES: Final = "1 Running & up-to-date | 2 Running & not up-to-date | 3 Not running | 4 Not detected"
_SLA: Final = "1 Standard SLA | 2 Premium SLA | 3 Server SLA"

#: `value label`, parted by `|`; a star marks the default, `!` a system row, `<parent` the value it hangs on.
_TEXTS: Final[dict[str, dict[str, str]]] = {
    "Tickets": {
        "status": "1 New*! | 5 Complete! | 7 Waiting Customer! | 8 In Progress | 9 Waiting Materials | 10 Scheduled "
        "| 11 Escalate | 12 Waiting Vendor | 20 RMM Resolved",
        "priority": "1 High | 2 Medium* | 3 Low | 4 Critical",
        "queueID": "5 Client Portal! | 6 Post Sale | 8 Monitoring Alert! | 29682833 Level I Support "
        "| 29682834 Level II Support | 29682969 Administration | 29683354 Network Operations",
        "ticketType": "1 Service Request*! | 2 Incident! | 3 Problem! | 4 Change Request! | 5 Alert!",
        "ticketCategory": "2 Datto RMM Alert! | 3 Standard*! | 4 Datto Alert! | 5 RMA! | 6 Datto Networking Alert!",
        "source": "-1 Other | 1 Client Portal! | 2 Insourced | 4 Phone | 6 Email | 8 Monitoring Alert! "
        "| 11 Walk-in | 15 Datto RMM!",
        "issueType": "4 Workstation | 6 Server | 7 Network | 8 Security | 9 Software | 10 Computer | 11 Backup "
        "| 12 Monitoring",
        "subIssueType": "101 Hardware Failure <4 | 102 Performance <4 | 103 Printer <4 | 110 Disk <6 | 111 Service <6 "
        "| 112 Memory <6 | 113 CPU <6 | 120 Internet Down <7 | 121 Switch <7 | 122 Wireless <7 | 130 Virus <8 "
        "| 131 Antivirus Out Of Date <8 | 132 Ransomware <8 | 140 Installation <9 | 141 Error Message <9 "
        "| 150 Operating System <10 | 151 Patch <10 | 160 Backup Failed <11 | 161 Restore <11 | 170 Offline <12 "
        "| 171 Disk Usage <12 | 172 Event Log <12",
        "monitorTypeID": "1 Online Status Monitor! | 2 CPU Monitor! | 3 Memory Monitor! | 4 Component Monitor! "
        "| 5 Process Monitor! | 6 Service Monitor! | 7 Event Log Monitor! | 8 Software Monitor! "
        "| 9 Security Center Monitor! | 10 Disk Usage Monitor! | 11 File/Folder Size Monitor! | 12 SNMP Monitor! "
        "| 13 Printer Monitor! | 14 Patch Monitor! | 15 Antivirus Monitor! | 16 Ping Monitor!",
        "serviceLevelAgreementID": _SLA,
        "creatorType": "1 Resource! | 2 Contact!",
        "lastActivityPersonType": "1 Resource! | 2 Contact!",
        "currentServiceThermometerRating": "1 Cold | 2 Warm | 3 Hot",
        "previousServiceThermometerRating": "1 Cold | 2 Warm | 3 Hot",
        "apiVendorID": "1 Datto RMM! | 2 Datto BCDR! | 3 Datto Networking!",
        "changeApprovalStatus": "1 Assigned | 2 Requested | 3 Partially Approved | 4 Approved | 5 Rejected",
        "changeApprovalType": "1 All Must Approve | 2 One Must Approve",
        "changeApprovalBoard": "1 Change Advisory Board",
        "rmaStatus": "1 Requested | 2 Received | 3 Shipped | 4 Closed",
        "rmaType": "1 Repair | 2 Replace | 3 Credit",
    },
    "TicketNotes": {
        "noteType": "1 Task Summary! | 2 Task Detail! | 3 Task Notes*! | 13 Workflow Rule Note - Action! "
        "| 15 Duplicate Ticket Note! | 18 Client Portal Note! | 91 Workflow Rule Note! | 92 Forward Note! "
        "| 93 Ticket Modified Note! | 94 Merged Into Note! | 95 Absorbed Note! | 99 RMM Note! | 100 BDR Note! "
        "| 101 Email!",
        "publish": "1 All Autotask Users*! | 2 Internal Users Only! | 4 Internal & Co-managed!",
    },
    "ConfigurationItemNotes": {"noteType": "1 General*! | 2 Summary! | 3 Detail!"},
    "TicketAttachments": {"publish": "1 All Autotask Users*! | 2 Internal Users Only!"},
    "TicketNoteAttachments": {"publish": "1 All Autotask Users*! | 2 Internal Users Only!"},
    "ConfigurationItemAttachments": {"publish": "1 All Autotask Users*! | 2 Internal Users Only!"},
    "CompanyAttachments": {"publish": "1 All Autotask Users*! | 2 Internal Users Only!"},
    "TimeEntries": {"timeEntryType": "2 Ticket*! | 6 Task! | 10 Internal!"},
    "TicketCategories": {"displayColorRGB": "1 Blue* | 2 Green | 3 Red | 4 Grey"},
    "ConfigurationItemCategories": {"displayColorRGB": "1 Blue* | 2 Green | 3 Red | 4 Grey"},
    "ConfigurationItems": {
        "serviceLevelAgreementID": _SLA,
        "apiVendorID": "1 Datto RMM! | 2 Datto BCDR! | 3 Datto Networking!",
        "lastActivityPersonType": "1 Resource! | 2 Contact!",
        "sourceChargeType": "1 Ticket | 2 Contract | 3 Project",
        "rmmDeviceAuditDeviceTypeID": "1 Desktop | 2 Laptop | 3 Server | 4 Network Device | 5 Printer | 6 ESXi Host "
        "| 7 Mobile",
        "rmmDeviceAuditArchitectureID": "1 x86 | 2 x64 | 3 arm64",
        "rmmDeviceAuditAntivirusStatusID": _AUDIT_STATES,
        "rmmDeviceAuditBackupStatusID": _AUDIT_STATES,
        "rmmDeviceAuditPatchStatusID": "1 Fully Patched | 2 Approved Pending | 3 Install Error | 4 Reboot Required "
        "| 5 No Data",
        "rmmDeviceAuditSoftwareStatusID": "1 Compliant | 2 Not Compliant | 3 No Policy",
        "rmmDeviceAuditManufacturerID": "1 Dell Inc. | 2 HP | 3 Lenovo | 4 Microsoft Corporation | 5 VMware, Inc.",
        "rmmDeviceAuditModelID": "1 OptiPlex 7090 | 2 EliteBook 840 G8 | 3 ThinkPad T14 | 4 PowerEdge R750",
        "rmmDeviceAuditProcessorID": "1 Intel(R) Core(TM) i5-10500 | 2 Intel(R) Xeon(R) Silver 4314",
        "rmmDeviceAuditDomainID": "1 WORKGROUP",
        "rmmDeviceAuditDisplayAdaptorID": "1 Intel(R) UHD Graphics 630",
        "rmmDeviceAuditMotherboardID": "1 Base Board",
        "rmmDeviceAuditServicePackID": "1 None",
        "rmmDeviceAuditMobileNetworkOperatorID": "1 None",
    },
    "ConfigurationItemRelatedItems": {"relationship": "1 Child! | 2 Parent! | 3 Related*!"},
    "Companies": {
        "companyType": "1 Customer*! | 2 Lead! | 3 Prospect! | 4 Dead! | 6 Cancellation! | 7 Vendor! | 8 Partner!",
        "classification": "1 Managed Services | 2 Time & Materials | 3 Delinquent",
        "territoryID": "29682778 Local | 29682779 Out Of State",
        "marketSegmentID": "29682771 Healthcare | 29682772 Legal | 29682773 Manufacturing",
        "competitorID": "29682770 Another MSP",
        "apiVendorID": "1 Datto RMM!",
        "invoiceMethod": "1 Do Not Invoice | 2 Email*",
        "billToAddressToUse": "1 Company Address*! | 2 Parent Address! | 3 Custom!",
        "purchaseOrderTemplateID": "1 Standard",
    },
    "CompanyNotes": {"actionType": "1 Phone Call! | 2 Email! | 3 Meeting! | 4 General*!"},
    "CompanyAlerts": {
        "alertTypeID": "1 Company Detail Alert! | 2 New Ticket Alert! | 3 Ticket Detail Alert!"
    },
    "Contacts": {
        "namePrefix": "1 Mr. | 2 Mrs. | 3 Ms. | 4 Dr.",
        "nameSuffix": "1 Jr. | 2 Sr.",
        "apiVendorID": "",
    },
    "Contracts": {
        "status": _YES_NO_STATUS,
        "contractType": "1 Time & Materials! | 3 Fixed Price! | 4 Block Hours! | 6 Retainer! "
        "| 7 Recurring Service*! | 8 Per Ticket!",
        "contractCategory": "12 Managed Service | 13 Backup | 14 Break/Fix",
        "contractPeriodType": "1 Monthly* | 2 Quarterly | 3 Semi-annual | 4 Yearly",
        "billingPreference": "1 Immediately without Approval | 2 Manually* | 3 On Timesheet Approval",
        "timeReportingRequiresStartAndStopTimes": "0 No* | 1 Yes",
        "serviceLevelAgreementID": _SLA,
    },
    "Services": {
        "periodType": "1 Monthly* | 2 Quarterly | 4 Yearly | 5 One-Time",
        "serviceLevelAgreementID": _SLA,
    },
    "ServiceBundles": {
        "periodType": "1 Monthly* | 2 Quarterly | 4 Yearly | 5 One-Time",
        "serviceLevelAgreementID": _SLA,
    },
    "Products": {
        "productCategory": "1 Hardware* | 2 Software | 3 Printer | 4 Network Equipment",
        "periodType": "1 Monthly | 5 One-Time*",
        "billingType": "1 Flat Rate",
        "priceCostMethod": "1 Manual",
    },
    "BillingCodes": {
        "billingCodeType": "0 Normal*! | 1 System! | 2 Non-Billable!",
        "useType": "1 General Allocation Code! | 2 Internal Allocation Code! | 3 Expense Category! "
        "| 4 Material Cost Code! | 5 Recurring Contract Service Code! | 6 Milestone Code!",
    },
    "Resources": {
        "licenseType": "1 Professional! | 2 Executive! | 3 Team Member! | 4 Time & Attendance! | 5 Dashboard! "
        "| 6 Contractor! | 7 API User!",
        "locationID": "10 Headquarters",
        "payrollType": "1 Salary | 2 Hourly",
        "greeting": "1 Mr. | 2 Ms.",
        "userType": "1 Full Access | 17 API User (system)!",
    },
    "InternalLocationWithBusinessHours": {
        "timeZoneID": "5 (GMT-08:00) Pacific Time (US and Canada)! | 13 (GMT-05:00) Eastern Time (US and Canada)! "
        "| 26 (GMT) Greenwich Mean Time : Dublin, Edinburgh, Lisbon, London! "
        "| 28 (GMT+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna! | 999 (GMT+14:00) Made-up Time",
        "firstDayOfWeek": "0 Sunday*! | 1 Monday!",
        "holidayHoursType": "1 No Hours*! | 2 Same Hours! | 3 Own Hours!",
    },
    "UserDefinedFieldDefinitions": {
        "udfType": "1 Company! | 2 Contact! | 3 Opportunity! | 4 Project! | 8 Site! | 10 Contract! | 12 Product! "
        "| 14 Ticket! | 16 ConfigurationItem! | 18 Service! | 19 ServiceBundle!",
        "dataType": "1 Text (Single Line)! | 2 Text (Multi Line)! | 3 Number! | 4 Date! | 5 List (Single Select)!",
        "displayFormat": "1 Single Line! | 2 Multi Line! | 3 Checkbox!",
    },
    "IntegrationVendorInsights": {"insightCategory": "1 Company! | 2 Ticket! | 3 Device!"},
    "IntegrationVendorWidgets": {"width": "1 Quarter! | 2 Half! | 4 Full!"},
}

#: field -> field its values depend on, per entity.
PARENT_FIELDS: Final = {("Tickets", "subIssueType"): "issueType"}


def picklist_value(given: Mapping[str, Any] | tuple[Any, ...], order: int) -> PicklistValue:
    """Complete one value; tuples are (value, label[, parentValue]).

    Raises:
        ValueError: when value or label is missing or the value is no number.
    """
    if isinstance(given, Mapping):
        row = dict(given)
    else:
        row = dict(zip(("value", "label", "parentValue"), given, strict=False))
    if "value" not in row or "label" not in row:
        raise ValueError(f"picklist value {given!r}: give value and label")
    parent = row.get("parentValue")
    return {
        "value": int(row["value"]),
        "label": str(row["label"]),
        "isDefaultValue": bool(row.get("isDefaultValue", False)),
        "sortOrder": int(row.get("sortOrder", order)),
        "parentValue": None if parent in (None, "") else int(parent),
        "isActive": bool(row.get("isActive", True)),
        "isSystem": bool(row.get("isSystem", False)),
    }


def picklist_values(given: Iterable[Mapping[str, Any] | tuple[Any, ...]]) -> list[PicklistValue]:
    """Complete a whole list, in the given order."""
    return [picklist_value(value, order) for order, value in enumerate(given, start=1)]


def _read(text: str) -> list[PicklistValue]:
    rows = []
    for part in filter(None, (piece.strip() for piece in text.split("|"))):
        value, _, rest = part.partition(" ")
        label, _, parent = rest.partition(" <")
        rows.append(
            {
                "value": value,
                "label": label.rstrip("*!"),
                "isDefaultValue": "*" in label[len(label.rstrip("*!")) :],
                "isSystem": label.endswith("!"),
                "parentValue": parent or None,
            }
        )
    return picklist_values(rows)


def default_picklists() -> dict[str, dict[str, list[PicklistValue]]]:
    """Return fresh default values: entity -> field -> values."""
    return {name: {field: _read(text) for field, text in texts.items()} for name, texts in _TEXTS.items()}
