"""User-defined fields, vendor insights and the error log of webhooks."""

from __future__ import annotations

from integration.sandbox.autotask.schema import Nested, entity

USER_DEFINED_FIELD_DEFINITIONS = entity(
    "UserDefinedFieldDefinitions",
    "UserDefinedFieldDefinition",
    "CUQ",
    """
    id long
    createDate datetime ro
    crmToProjectUdfId long
    dataType int req pick
    defaultValue str1024
    description str128
    displayFormat int pick
    isActive bool
    isEncrypted bool
    isFieldMapping bool ro
    isPrivate bool
    isProtected bool
    isRequired bool
    isVisibleToClientPortal bool
    mergeVariableName str100
    name str45 req
    numberOfDecimalPlaces int
    sortOrder int
    udfType int req pick
    """,
)

USER_DEFINED_FIELD_LIST_ITEMS = entity(
    "UserDefinedFieldListItems",
    "UserDefinedFieldListItem",
    "CUQ",
    """
    id long
    createDate datetime ro
    isActive bool
    udfFieldId long req >UserDefinedFieldDefinitions
    valueForDisplay str128 req
    valueForExport str128 req
    """,
    under=Nested("UserDefinedFieldDefinitions", "ListItems", "udfFieldId", "UserDefinedFields"),
)

INTEGRATION_VENDOR_INSIGHTS = entity(
    "IntegrationVendorInsights",
    "IntegrationVendorInsight",
    "CUDQ",
    """
    id long
    createDateTime datetime ro
    description str1000
    height int req
    insightCategory int req pick
    insightKey str100 ro
    isActive bool req
    lastModifiedDateTime datetime ro
    referenceUrl str500 req
    secret str100
    title str100 req
    vendorSuppliedID str100
    """,
)

INTEGRATION_VENDOR_WIDGETS = entity(
    "IntegrationVendorWidgets",
    "IntegrationVendorWidget",
    "CUDQ",
    """
    id long
    createDateTime datetime ro
    description str1000
    isActive bool req
    lastModifiedDateTime datetime ro
    referenceUrl str500 req
    secret str100
    title str100 req
    vendorSuppliedID str100
    widgetKey str100 ro
    width int req pick
    """,
)

WEBHOOK_EVENT_ERROR_LOGS = entity(
    "WebhookEventErrorLogs",
    "WebhookEventErrorLog",
    "DQ",
    """
    id long
    accountWebhookID int ro
    contactWebhookID int ro
    createDateTime datetime ro
    errorMessage str8000 ro
    payload str8000 ro
    sequenceNumber int ro
    """,
)

ENTITIES = (
    USER_DEFINED_FIELD_DEFINITIONS,
    USER_DEFINED_FIELD_LIST_ITEMS,
    INTEGRATION_VENDOR_INSIGHTS,
    INTEGRATION_VENDOR_WIDGETS,
    WEBHOOK_EVENT_ERROR_LOGS,
)
