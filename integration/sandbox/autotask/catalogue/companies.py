"""Companies, their locations and contacts, and the people who work on them."""

from __future__ import annotations

from integration.sandbox.autotask.schema import entity

COMPANIES = entity(
    "Companies",
    "Account",
    "CUQ",
    """
    id long
    additionalAddressInformation str100
    address1 str128
    address2 str128
    alternatePhone1 str25
    alternatePhone2 str25
    apiVendorID int ro pick
    assetValue double nq
    billToCompanyLocationID int >CompanyLocations
    billToAdditionalAddressInformation str100 ro
    billingAddress1 str150 ro
    billingAddress2 str150 ro
    billToAddressToUse int ro pick
    billToAttention str50
    billToCity str50 ro
    billToCountryID int ro
    billToState str128 ro
    billToZipCode str50 ro
    city str30
    classification int pick
    companyCategoryID int
    companyName str100 req
    companyNumber str50
    companyType int req pick
    competitorID int pick
    countryID int
    createDate datetime ro
    createdByResourceID int ro >Resources
    currencyID int
    fax str25
    impersonatorCreatorResourceID int ro >Resources
    invoiceEmailMessageID int
    invoiceMethod int pick
    invoiceNonContractItemsToParentCompany bool
    invoiceTemplateID int
    isActive bool
    isClientPortalActive bool ro
    isEnabledForComanaged bool
    isSample bool
    isTaskFireActive bool ro
    isTaxExempt bool
    lastActivityDate datetime ro
    lastTrackedModifiedDateTime datetime ro
    marketSegmentID int pick
    ownerResourceID int req >Resources
    parentCompanyID int >Companies
    phone str25 req
    postalCode str10
    purchaseOrderTemplateID int pick
    quoteEmailMessageID int
    quoteTemplateID int
    sicCode str32 nq
    state str40
    stockMarket str10 nq
    stockSymbol str10 nq
    surveyCompanyRating double ro
    taxID str50
    taxRegionID int
    territoryID int pick
    webAddress str255
    """,
    udf="Company",
    naive_dates=True,
)

COMPANY_LOCATIONS = entity(
    "CompanyLocations",
    "AccountPhysicalLocation",
    "CUDQ",
    """
    id long
    address1 str128
    address2 str128
    alternatePhone1 str25
    alternatePhone2 str25
    city str50
    companyID int req once >Companies
    countryID int
    description str500
    fax str25
    isActive bool
    isPrimary bool
    isTaxExempt bool
    overrideCompanyTaxSettings bool
    name str100 req
    phone str25
    postalCode str20
    roundtripDistance double
    state str25
    taxRegionID int
    """,
    under=("Companies", "Locations", "companyID"),
)

COMPANY_NOTES = entity(
    "CompanyNotes",
    "AccountNote",
    "CUQ",
    """
    id long
    actionType int req pick
    assignedResourceID int req >Resources
    companyID int req once >Companies
    completedDateTime datetime ro
    contactID int >Contacts
    createDateTime datetime ro
    endDateTime datetime req
    impersonatorCreatorResourceID int ro >Resources
    impersonatorUpdaterResourceID int ro >Resources
    lastModifiedDate datetime ro
    name str128
    note str32000
    opportunityID int
    startDateTime datetime req
    """,
    under=("Companies", "Notes", "companyID"),
)

COMPANY_ALERTS = entity(
    "CompanyAlerts",
    "AccountAlert",
    "CUDQ",
    """
    id long
    alertText str8000 req
    alertTypeID int req pick
    companyID int req once >Companies
    """,
    under=("Companies", "Alerts", "companyID"),
)

COMPANY_ATTACHMENTS = entity(
    "CompanyAttachments",
    "AccountAttachment",
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
    companyID int >Companies
    companyNoteID int >CompanyNotes
    salesOrderID int
    title text req
    data base64
    parentType int ro
    isTaskAttachment bool ro
    """,
    under=("Companies", "Attachments", "parentID"),
    attachment=True,
)

COMPANY_SITE_CONFIGURATIONS = entity(
    "CompanySiteConfigurations",
    "AccountLocation",
    "UQ",
    """
    id long
    companyID int ro >Companies
    locationName str100
    """,
    under=("Companies", "SiteConfigurations", "companyID"),
    udf="Site",
)

CONTACTS = entity(
    "Contacts",
    "Contact",
    "CUDQ",
    """
    id long
    additionalAddressInformation str100
    addressLine str128
    addressLine1 str128
    alternatePhone str32
    apiVendorID int ro pick
    bulkEmailOptOutTime datetime ro
    city str32
    companyID int req once >Companies
    companyLocationID int >CompanyLocations
    countryID int
    createDate datetime ro
    emailAddress str254
    emailAddress2 str254
    emailAddress3 str254
    extension str10
    externalID str50
    facebookUrl str200
    faxNumber str25
    firstName str50 req
    impersonatorCreatorResourceID int ro >Resources
    isActive int req
    isOptedOutFromBulkEmail bool nq
    lastActivityDate datetime ro
    lastModifiedDate datetime ro
    lastName str50 req
    linkedInUrl str200
    middleInitial str50
    mobilePhone str25
    namePrefix int pick
    nameSuffix int pick
    note str50
    receivesEmailNotifications bool
    phone str25
    primaryContact bool
    billingContact bool
    roomNumber str50
    solicitationOptOut bool ro nq
    solicitationOptOutTime datetime ro
    state str40
    surveyOptOut bool ro nq
    title str50
    twitterUrl str200
    zipCode str16
    """,
    udf="Contact",
    under=("Companies", "Contacts", "companyID"),
    naive_dates=True,
)

RESOURCES = entity(
    "Resources",
    "Resource",
    "UQ",
    """
    id long
    accountingReferenceID str100
    dateFormat text ro pick
    defaultServiceDeskRoleID long nq
    email str254
    email2 str254
    email3 str254
    emailTypeCode text pick
    emailTypeCode2 text pick
    emailTypeCode3 text pick
    firstName str50
    gender text pick
    greeting int pick
    hireDate datetime ro
    homePhone str25
    initials str32
    internalCost double ro
    isActive bool
    lastName str50
    licenseType int ro pick
    locationID int ro pick
    middleName str50
    mobilePhone str25
    numberFormat text pick
    officeExtension str10
    officePhone str25
    payrollIdentifier text
    payrollType int pick
    resourceType text pick
    suffix int pick
    surveyResourceRating double ro
    timeFormat text ro pick
    title str50
    travelAvailabilityPct text pick
    userName str32
    userType int ro pick
    """,
)

RESOURCE_ROLES = entity(
    "ResourceRoles",
    "ResourceRole",
    "Q",
    """
    id long
    departmentID long ro
    isActive bool ro
    queueID long ro pick
    resourceID long ro >Resources
    roleID long ro >Roles
    """,
    under=("Resources", "Roles", "resourceID"),
)

RESOURCE_SERVICE_DESK_ROLES = entity(
    "ResourceServiceDeskRoles",
    "ResourceServiceDeskRole",
    "CUQ",
    """
    id long
    isActive bool
    isDefault bool
    resourceID int req >Resources
    roleID int req >Roles
    """,
    under=("Resources", "ServiceDeskRoles", "resourceID"),
)

RESOURCE_ROLE_QUEUES = entity(
    "ResourceRoleQueues",
    "ResourceRoleQueue",
    "CUQ",
    """
    id long
    queueID int req pick
    resourceID int req >Resources
    """,
    under=("Resources", "RoleQueues", "resourceID"),
)

ROLES = entity(
    "Roles",
    "Role",
    "CUQ",
    """
    id long
    description str200
    hourlyFactor double req
    hourlyRate double req
    isActive bool req
    isExcludedFromNewContracts bool
    isSystemRole bool ro
    name str200 req
    quoteItemDefaultTaxCategoryId int
    roleType int ro
    """,
)

ENTITIES = (
    COMPANIES,
    COMPANY_LOCATIONS,
    COMPANY_NOTES,
    COMPANY_ALERTS,
    COMPANY_ATTACHMENTS,
    COMPANY_SITE_CONFIGURATIONS,
    CONTACTS,
    RESOURCES,
    RESOURCE_ROLES,
    RESOURCE_SERVICE_DESK_ROLES,
    RESOURCE_ROLE_QUEUES,
    ROLES,
)
