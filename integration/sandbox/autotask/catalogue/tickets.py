"""Tickets and the rows that hang on them."""

from __future__ import annotations

from integration.sandbox.autotask.schema import entity

TICKETS = entity(
    "Tickets",
    "Ticket",
    "CUQ",
    """
    id long
    apiVendorID int ro pick
    assignedResourceID int >Resources
    assignedResourceRoleID int >Roles
    billingCodeID int >BillingCodes
    changeApprovalBoard int pick
    changeApprovalStatus int pick
    changeApprovalType int pick
    changeInfoField1 str8000
    changeInfoField2 str8000
    changeInfoField3 str8000
    changeInfoField4 str8000
    changeInfoField5 str8000
    companyID int req >Companies
    companyLocationID int >CompanyLocations
    completedByResourceID int ro >Resources
    completedDate datetime ro
    configurationItemID int >ConfigurationItems
    contactID int >Contacts
    contractID int >Contracts
    contractServiceBundleID long >ContractServiceBundles
    contractServiceID long >ContractServices
    createDate datetime ro
    createdByContactID int >Contacts
    creatorResourceID int ro >Resources
    creatorType int ro pick nq
    currentServiceThermometerRating int ro pick
    description str8000
    dueDateTime datetime
    estimatedHours double
    externalID str50
    firstResponseAssignedResourceID int ro >Resources
    firstResponseDateTime datetime ro
    firstResponseDueDateTime datetime ro
    firstResponseInitiatingResourceID int ro >Resources
    hoursToBeScheduled double ro
    impersonatorCreatorResourceID int ro >Resources
    isAssignedToComanaged bool
    issueType int pick
    isVisibleToComanaged bool
    lastActivityDate datetime ro
    lastActivityPersonType int ro pick nq
    lastActivityResourceID int ro >Resources
    lastCustomerNotificationDateTime datetime ro
    lastCustomerVisibleActivityDateTime datetime ro
    lastTrackedModificationDateTime datetime ro
    monitorID long ro
    monitorTypeID int pick ro
    opportunityID int >Opportunities
    organizationalLevelAssociationID int
    previousServiceThermometerRating int ro pick
    priority int req pick
    problemTicketId int >Tickets
    projectID int >Projects
    purchaseOrderNumber str50
    queueID int pick
    resolution str32000
    resolutionPlanDateTime datetime ro
    resolutionPlanDueDateTime datetime ro
    resolvedDateTime datetime ro
    resolvedDueDateTime datetime ro
    rmaStatus int pick
    rmaType int pick
    rmmAlertID str50 ro
    serviceLevelAgreementHasBeenMet bool ro
    serviceLevelAgreementID int pick
    serviceLevelAgreementPausedNextEventHours double ro nq
    serviceThermometerTemperature int ro
    source int pick
    status int req pick
    subIssueType int pick
    ticketCategory int pick
    ticketNumber str50 ro
    ticketType int pick
    title str255 req
    """,
    udf="Ticket",
)

TICKET_NOTES = entity(
    "TicketNotes",
    "TicketNote",
    "CUQ",
    """
    id long
    createDateTime datetime ro
    createdByContactID int >Contacts
    creatorResourceID int ro >Resources
    description str32000 req
    impersonatorCreatorResourceID int ro >Resources
    impersonatorUpdaterResourceID int ro >Resources
    lastActivityDate datetime ro
    noteType int req pick
    publish int req pick
    ticketID int req >Tickets
    title str250
    """,
    under=("Tickets", "Notes", "ticketID"),
    always_required=("noteType", "publish"),
)

TICKET_ATTACHMENTS = entity(
    "TicketAttachments",
    "TicketAttachment",
    "CDQ",
    """
    id long
    attachDate datetime ro
    attachedByContactID long >Contacts
    attachedByResourceID long >Resources
    attachmentType text req
    contentType text
    creatorType int ro
    fileSize double ro
    fullPath text req
    impersonatorCreatorResourceID int ro >Resources
    opportunityID long
    parentAttachmentID int
    parentID long req
    publish int req pick
    ticketID int >Tickets
    ticketNoteID int >TicketNotes
    timeEntryID int >TimeEntries
    title text req
    data base64
    parentType int ro
    isTaskAttachment bool ro
    """,
    under=("Tickets", "Attachments", "parentID"),
    attachment=True,
)

TICKET_NOTE_ATTACHMENTS = entity(
    "TicketNoteAttachments",
    "TicketNoteAttachment",
    "CDQ",
    """
    id long
    attachDate datetime ro
    attachedByContactID long >Contacts
    attachedByResourceID long >Resources
    attachmentType text req
    contentType text
    creatorType int ro
    fileSize double ro
    fullPath text req
    impersonatorCreatorResourceID int ro >Resources
    opportunityID long
    parentID long req
    publish int req pick
    ticketID int >Tickets
    ticketNoteID int >TicketNotes
    title text req
    data base64
    parentType int ro
    isTaskAttachment bool ro
    """,
    under=("TicketNotes", "Attachments", "parentID"),
    attachment=True,
)

TICKET_ADDITIONAL_CONFIGURATION_ITEMS = entity(
    "TicketAdditionalConfigurationItems",
    "TicketAdditionalInstalledProduct",
    "CDQ",
    """
    id long
    configurationItemID int req >ConfigurationItems
    ticketID int req >Tickets
    """,
    under=("Tickets", "AdditionalConfigurationItems", "ticketID"),
)

TICKET_ADDITIONAL_CONTACTS = entity(
    "TicketAdditionalContacts",
    "TicketAdditionalContact",
    "CDQ",
    """
    id long
    contactID int req >Contacts
    ticketID int req >Tickets
    """,
    under=("Tickets", "AdditionalContacts", "ticketID"),
)

TICKET_SECONDARY_RESOURCES = entity(
    "TicketSecondaryResources",
    "TicketSecondaryResource",
    "CDQ",
    """
    id long
    resourceID long req >Resources
    roleID long req >Roles
    ticketID long req >Tickets
    """,
    under=("Tickets", "SecondaryResources", "ticketID"),
)

TICKET_CHECKLIST_ITEMS = entity(
    "TicketChecklistItems",
    "TicketChecklistItem",
    "CUDQ",
    """
    id long
    completedByResourceID int ro >Resources
    completedDateTime datetime ro
    isCompleted bool
    isImportant bool
    itemName str255 req
    knowledgebaseArticleID int
    position int
    ticketID int req >Tickets
    """,
    under=("Tickets", "ChecklistItems", "ticketID"),
)

TICKET_CATEGORIES = entity(
    "TicketCategories",
    "TicketCategory",
    "UQ",
    """
    id long
    displayColorRGB int pick
    isActive bool
    isApiOnly bool
    isGlobalDefault bool ro
    name str30
    nickname str3
    """,
)

TICKET_CATEGORY_FIELD_DEFAULTS = entity(
    "TicketCategoryFieldDefaults",
    "TicketCategoryFieldDefaults",
    "Q",
    """
    id long
    description text
    estimatedHours double
    issueTypeID int
    organizationalLevelAssociationID int
    priority int
    purchaseOrderNumber text
    queueID int
    resolution text
    serviceLevelAgreementID int
    sourceID int
    status int
    subIssueTypeID int
    ticketCategoryID int
    ticketTypeID int
    title text
    workTypeID int
    """,
    under=("TicketCategories", "FieldDefaults", "ticketCategoryID"),
)

TICKET_HISTORY = entity(
    "TicketHistory",
    "TicketHistory",
    "Q",
    """
    id long
    action text ro
    date datetime ro
    detail text ro
    resourceID int ro >Resources
    ticketID int ro >Tickets
    """,
)

DELETED_TICKET_LOGS = entity(
    "DeletedTicketLogs",
    "DeletedTicketLog",
    "Q",
    """
    id long
    deletedByResourceID int ro >Resources
    deletedDateTime datetime ro
    ticketID int ro
    ticketNumber text ro
    ticketTitle text ro
    """,
)

TIME_ENTRIES = entity(
    "TimeEntries",
    "TimeEntry",
    "CUDQ",
    """
    id long
    billingApprovalDateTime datetime
    billingApprovalLevelMostRecent int ro
    billingApprovalResourceID int >Resources
    billingCodeID int >BillingCodes
    contractID int >Contracts
    contractServiceBundleID long >ContractServiceBundles
    contractServiceID long >ContractServices
    createDateTime datetime ro
    creatorUserID int ro >Resources
    dateWorked datetime
    endDateTime datetime
    hoursToBill double ro
    hoursWorked double
    impersonatorCreatorResourceID int ro >Resources
    impersonatorUpdaterResourceID int ro >Resources
    internalBillingCodeID int >BillingCodes
    internalNotes str32000
    isInternalNotesVisibleToComanaged bool
    isNonBillable bool
    lastModifiedDateTime datetime ro
    lastModifiedUserID int ro >Resources
    offsetHours double
    resourceID int req >Resources
    roleID int >Roles
    showOnInvoice bool
    startDateTime datetime
    summaryNotes str32000
    taskID int >Tasks
    ticketID int >Tickets
    timeEntryType int ro pick
    """,
)

SERVICE_LEVEL_AGREEMENT_RESULTS = entity(
    "ServiceLevelAgreementResults",
    "ServiceLevelAgreementResults",
    "Q",
    """
    id long
    firstResponseElapsedHours double ro
    firstResponseInitiatingResourceID int ro
    firstResponseResourceID int ro
    isFirstResponseMet bool ro
    isResolutionMet bool ro
    isResolutionPlanMet bool ro
    resolutionElapsedHours double ro
    resolutionPlanElapsedHours double ro
    resolutionPlanResourceID int ro
    resolutionResourceID int ro
    serviceLevelAgreementName text ro
    ticketID int ro >Tickets
    """,
)

ATTACHMENT_INFO = entity(
    "AttachmentInfo",
    "AttachmentInfo",
    "Q",
    """
    id long
    attachDate datetime ro
    attachedByContactID long ro
    attachedByResourceID long ro
    attachmentType text ro
    companyID int ro
    configurationItemID int ro
    contentType text ro
    creatorType int ro
    fileSize double ro
    fullPath text ro
    parentID long ro
    parentType int ro
    publish int ro
    ticketID int ro
    ticketNoteID int ro
    title text ro
    """,
)

ENTITIES = (
    TICKETS,
    TICKET_NOTES,
    TICKET_ATTACHMENTS,
    TICKET_NOTE_ATTACHMENTS,
    TICKET_ADDITIONAL_CONFIGURATION_ITEMS,
    TICKET_ADDITIONAL_CONTACTS,
    TICKET_SECONDARY_RESOURCES,
    TICKET_CHECKLIST_ITEMS,
    TICKET_CATEGORIES,
    TICKET_CATEGORY_FIELD_DEFAULTS,
    TICKET_HISTORY,
    DELETED_TICKET_LOGS,
    TIME_ENTRIES,
    SERVICE_LEVEL_AGREEMENT_RESULTS,
    ATTACHMENT_INFO,
)
