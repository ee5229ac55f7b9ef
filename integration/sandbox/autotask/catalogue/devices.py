"""Configuration items (devices) and the rows that hang on them."""

from __future__ import annotations

from integration.sandbox.autotask.schema import entity

CONFIGURATION_ITEMS = entity(
    "ConfigurationItems",
    "InstalledProduct",
    "CUQ",
    """
    id long
    apiVendorID int ro pick
    configurationItemCategoryID int >ConfigurationItemCategories
    companyID int req once >Companies
    companyLocationID int >CompanyLocations
    configurationItemType int pick
    contactID int >Contacts
    contractID int >Contracts
    contractServiceBundleID int >ContractServiceBundles
    contractServiceID int >ContractServices
    createDate datetime ro
    createdByPersonID int ro
    dailyCost double
    dattoAvailableKilobytes long ro
    dattoDeviceMemoryMegabytes int ro
    dattoDrivesErrors bool ro
    dattoHostname str255 ro
    dattoInternalIP str255 ro
    dattoKernelVersionID int ro pick
    dattoLastCheckInDateTime datetime ro
    dattoNICSpeedKilobitsPerSecond int ro
    dattoNumberOfAgents int ro
    dattoNumberOfDrives int ro
    dattoNumberOfVolumes int ro
    dattoOffsiteUsedBytes long ro
    dattoOSVersionID int ro pick
    dattoPercentageUsed double ro
    dattoProtectedKilobytes long ro
    dattoRemoteIP str255 ro
    dattoSerialNumber str100 ro
    dattoUptimeSeconds int ro
    dattoUsedKilobytes long ro
    dattoZFSVersionID int ro pick
    deviceNetworkingID str100 ro
    domain text ro
    domainRegistrarID int ro
    domainRegistrationDateTime datetime ro
    domainLastUpdatedDateTime datetime ro
    domainExpirationDateTime datetime ro
    hourlyCost double
    impersonatorCreatorResourceID int ro >Resources
    installDate datetime
    installedByContactID int ro >Contacts
    installedByID int ro >Resources
    isActive bool req
    lastActivityPersonID int ro
    lastActivityPersonType int ro pick nq
    lastModifiedTime datetime ro
    location str100
    monthlyCost double
    notes str5000
    numberOfUsers double
    parentConfigurationItemID int >ConfigurationItems
    perUseCost double
    productID int req >Products
    referenceNumber str100
    referenceTitle str200
    rmmDeviceAuditAntivirusStatusID int ro pick
    rmmDeviceAuditArchitectureID int ro pick
    rmmDeviceAuditBackupStatusID int ro pick
    rmmDeviceAuditDescription str255 ro
    rmmDeviceAuditDeviceTypeID int ro pick
    rmmDeviceAuditDisplayAdaptorID int ro pick
    rmmDeviceAuditDomainID int ro pick
    rmmDeviceAuditExternalIPAddress str255 ro
    rmmDeviceAuditHostname str255 ro
    rmmDeviceAuditIPAddress str255 ro
    rmmDeviceAuditLastUser str50 ro
    rmmDeviceAuditMacAddress str255 ro
    rmmDeviceAuditManufacturerID int ro pick
    rmmDeviceAuditFirmwareID int ro
    rmmDeviceAuditMemoryBytes long ro
    rmmDeviceAuditMissingPatchCount int ro
    rmmDeviceAuditMobileNetworkOperatorID int ro pick
    rmmDeviceAuditMobileNumber str255 ro
    rmmDeviceAuditModelID int ro pick
    rmmDeviceAuditMotherboardID int ro pick
    rmmDeviceAuditOperatingSystem str255 ro nq
    rmmDeviceAuditPatchStatusID int ro pick
    rmmDeviceAuditProcessorID int ro pick
    rmmDeviceAuditServicePackID int ro pick
    rmmDeviceAuditSNMPContact str255 ro
    rmmDeviceAuditSNMPLocation str255 ro
    rmmDeviceAuditSNMPName str255 ro
    rmmDeviceAuditSoftwareStatusID int ro pick
    rmmDeviceAuditStorageBytes long ro
    rmmDeviceID long ro
    rmmDeviceUID str255 ro
    rmmVsaxDeviceID text ro
    rmmOpenAlertCount int ro
    serialNumber str100
    serviceBundleID int >ServiceBundles
    serviceID int >Services
    serviceLevelAgreementID int pick
    setupFee double
    sourceChargeID int ro
    sourceChargeType int ro pick
    sslSource text ro
    sslCommonName text ro
    sslValidFromDateTime datetime ro
    sslValidUntilDateTime datetime ro
    sslIssuedBy text ro
    sslOrganization text ro
    sslOrganizationUnit text ro
    sslLocation text ro
    sslSerialNumber text ro
    sslSignatureAlgorithm text ro
    vendorID int >Companies
    warrantyExpirationDate datetime
    rmmIsInMaintenanceMode bool ro
    rmmIsMobileDeviceManagementEnrolled bool ro
    rmmDeviceUrl text ro
    """,
    udf="ConfigurationItem",
)

CONFIGURATION_ITEM_TYPES = entity(
    "ConfigurationItemTypes",
    "InstalledProductType",
    "CUDQ",
    """
    id long
    isActive bool req
    name str100 req
    """,
)

CONFIGURATION_ITEM_CATEGORIES = entity(
    "ConfigurationItemCategories",
    "InstalledProductCategory",
    "CUQ",
    """
    id long
    displayColorRGB int req pick
    isActive bool req
    isClientPortalDefault bool ro
    isGlobalDefault bool ro
    name str100 req
    nickname str3
    """,
)

CONFIGURATION_ITEM_CATEGORY_UDF_ASSOCIATIONS = entity(
    "ConfigurationItemCategoryUdfAssociations",
    "InstalledProductCategoryUdfAssociation",
    "CUDQ",
    """
    id long
    configurationItemCategoryID int req once >ConfigurationItemCategories
    isRequired bool req
    userDefinedFieldDefinitionID int req once >UserDefinedFieldDefinitions
    """,
    under=("ConfigurationItemCategories", "UdfAssociations", "configurationItemCategoryID"),
)

CONFIGURATION_ITEM_NOTES = entity(
    "ConfigurationItemNotes",
    "InstalledProductNote",
    "CUQ",
    """
    id long
    configurationItemID int req once >ConfigurationItems
    createDateTime datetime ro
    creatorResourceID int ro >Resources
    description str32000 req
    impersonatorCreatorResourceID int ro >Resources
    impersonatorUpdaterResourceID int ro >Resources
    lastActivityDate datetime ro
    noteType int req pick
    title str250 req
    """,
    under=("ConfigurationItems", "Notes", "configurationItemID"),
)

CONFIGURATION_ITEM_ATTACHMENTS = entity(
    "ConfigurationItemAttachments",
    "InstalledProductAttachment",
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
    configurationItemID int >ConfigurationItems
    configurationItemNoteID int >ConfigurationItemNotes
    title text req
    data base64
    parentType int ro
    isTaskAttachment bool ro
    """,
    under=("ConfigurationItems", "Attachments", "parentID"),
    attachment=True,
)

CONFIGURATION_ITEM_RELATED_ITEMS = entity(
    "ConfigurationItemRelatedItems",
    "InstalledProductRelatedItem",
    "CDQ",
    """
    id long
    configurationItemID int req >ConfigurationItems
    relatedConfigurationItemID int req >ConfigurationItems
    relationship int pick
    """,
    under=("ConfigurationItems", "RelatedItems", "configurationItemID"),
)

CONFIGURATION_ITEM_BILLING_PRODUCT_ASSOCIATIONS = entity(
    "ConfigurationItemBillingProductAssociations",
    "InstalledProductBillingProductAssociation",
    "CUDQ",
    """
    id long
    billingProductID int req >Products
    configurationItemID int req once >ConfigurationItems
    effectiveDate datetime req
    expirationDate datetime
    """,
    under=("ConfigurationItems", "BillingProductAssociations", "configurationItemID"),
)

CONFIGURATION_ITEM_DNS_RECORDS = entity(
    "ConfigurationItemDnsRecords",
    "InstalledProductDnsRecord",
    "DQ",
    """
    id long
    createDateTime datetime ro
    data text ro
    dnsType text ro
    installedProductID int ro >ConfigurationItems
    timeToLiveSeconds int ro
    """,
    under=("ConfigurationItems", "DnsRecords", "installedProductID"),
)

PRODUCTS = entity(
    "Products",
    "Product",
    "CUQ",
    """
    id long
    billingType int ro pick
    chargeBillingCodeID int >BillingCodes
    createdByResourceID int ro >Resources
    createdTime datetime ro
    defaultVendorID int >Companies
    description str2000
    doesNotRequireProcurement bool
    externalProductID str50
    impersonatorCreatorResourceID int ro >Resources
    internalProductID str50
    isActive bool req
    isEligibleForRma bool
    isSerialized bool req
    link str500
    manufacturerName str100
    manufacturerProductName str50
    markupRate double ro
    msrp double
    name str1000 req
    periodType int pick
    priceCostMethod int ro pick
    productBillingCodeID int req >BillingCodes
    productCategory int pick
    sku str50
    unitCost double
    unitPrice double
    vendorProductNumber str50
    defaultInstalledProductCategoryID int >ConfigurationItemCategories
    """,
    udf="Product",
)

ENTITIES = (
    CONFIGURATION_ITEMS,
    CONFIGURATION_ITEM_TYPES,
    CONFIGURATION_ITEM_CATEGORIES,
    CONFIGURATION_ITEM_CATEGORY_UDF_ASSOCIATIONS,
    CONFIGURATION_ITEM_NOTES,
    CONFIGURATION_ITEM_ATTACHMENTS,
    CONFIGURATION_ITEM_RELATED_ITEMS,
    CONFIGURATION_ITEM_BILLING_PRODUCT_ASSOCIATIONS,
    CONFIGURATION_ITEM_DNS_RECORDS,
    PRODUCTS,
)
