"""Contracts, what they cover, and the catalogue of services."""

from __future__ import annotations

from integration.sandbox.autotask.schema import entity

CONTRACTS = entity(
    "Contracts",
    "Contract",
    "CUQ",
    """
    id long
    billingPreference int pick
    billToCompanyContactID int >Contacts
    billToCompanyID int >Companies
    companyID int req once >Companies
    contactID int >Contacts
    contactName str250
    contractCategory int pick
    contractExclusionSetID int
    contractName str100 req
    contractNumber str50
    contractPeriodType int ro pick
    contractType int req once pick
    description str2000
    endDate datetime req
    estimatedCost double
    estimatedHours double
    estimatedRevenue double
    exclusionContractID long ro >Contracts
    internalCurrencyOverageBillingRate double ro
    internalCurrencySetupFee double ro
    isCompliant bool
    isDefaultContract bool
    lastModifiedDateTime datetime ro
    opportunityID int >Opportunities
    organizationalLevelAssociationID int
    overageBillingRate double
    purchaseOrderNumber str50
    renewedContractID long >Contracts
    serviceLevelAgreementID int pick
    setupFee double
    setupFeeBillingCodeID long >BillingCodes
    startDate datetime req
    status int req pick
    timeReportingRequiresStartAndStopTimes int req pick
    """,
    udf="Contract",
)

CONTRACT_SERVICES = entity(
    "ContractServices",
    "ContractService",
    "CUQ",
    """
    id long
    contractID int req once >Contracts
    internalCurrencyAdjustedPrice double ro
    internalCurrencyUnitPrice double ro
    internalDescription str100
    invoiceDescription str1000
    quoteItemID long ro
    serviceID int req once >Services
    unitCost double
    unitPrice double ro
    """,
    under=("Contracts", "Services", "contractID"),
)

CONTRACT_SERVICE_UNITS = entity(
    "ContractServiceUnits",
    "ContractServiceUnit",
    "Q",
    """
    id long
    approveAndPostDate datetime ro
    contractID int ro >Contracts
    contractServiceID int ro >ContractServices
    cost double ro
    endDate datetime ro
    internalCurrencyPrice double ro
    organizationalLevelAssociationID int ro
    price double ro
    serviceID int ro >Services
    startDate datetime ro
    units int ro
    vendorCompanyID int ro >Companies
    """,
    under=("Contracts", "ServiceUnits", "contractID"),
)

CONTRACT_SERVICE_BUNDLES = entity(
    "ContractServiceBundles",
    "ContractServiceBundle",
    "CUQ",
    """
    id long
    adjustedPrice double
    contractID int req once >Contracts
    internalCurrencyAdjustedPrice double ro
    internalCurrencyUnitPrice double ro
    internalDescription str100
    invoiceDescription str1000
    quoteItemID long ro
    serviceBundleID int req once >ServiceBundles
    unitPrice double
    """,
    under=("Contracts", "ServiceBundles", "contractID"),
)

CONTRACT_SERVICE_BUNDLE_UNITS = entity(
    "ContractServiceBundleUnits",
    "ContractServiceBundleUnit",
    "Q",
    """
    id long
    approveAndPostDate datetime ro
    contractID int ro >Contracts
    contractServiceBundleID int ro >ContractServiceBundles
    cost double ro
    endDate datetime ro
    internalCurrencyPrice double ro
    organizationalLevelAssociationID int ro
    price double ro
    serviceBundleID int ro >ServiceBundles
    startDate datetime ro
    units int ro
    """,
    under=("Contracts", "ServiceBundleUnits", "contractID"),
)

CONTRACT_SERVICE_ADJUSTMENTS = entity(
    "ContractServiceAdjustments",
    "ContractServiceAdjustment",
    "C",
    """
    id long
    adjustedUnitCost double
    adjustedUnitPrice double
    allowRepeatService bool
    contractID int once >Contracts
    contractServiceID int once >ContractServices
    effectiveDate datetime req
    quoteItemID int
    serviceID int once >Services
    unitChange int req
    """,
    readable_at_top=False,
)

CONTRACT_SERVICE_BUNDLE_ADJUSTMENTS = entity(
    "ContractServiceBundleAdjustments",
    "ContractServiceBundleAdjustment",
    "C",
    """
    id long
    adjustedUnitPrice double
    allowRepeatServiceBundle bool
    contractID int once >Contracts
    contractServiceBundleID int once >ContractServiceBundles
    effectiveDate datetime req
    quoteItemID int
    serviceBundleID int once >ServiceBundles
    unitChange int req
    """,
    readable_at_top=False,
)

SERVICES = entity(
    "Services",
    "Service",
    "CUQ",
    """
    id long
    billingCodeID int req >BillingCodes
    createDate datetime ro
    creatorResourceID int ro >Resources
    description str400
    invoiceDescription str1000
    isActive bool
    lastModifiedDate datetime ro
    markupRate double ro
    name str150 req
    periodType int req once pick
    serviceLevelAgreementID long pick
    unitCost double
    unitPrice double req
    updateResourceID int ro >Resources
    vendorCompanyID int >Companies
    manufacturerServiceProvider text
    manufacturerServiceProviderProductNumber text
    catalogNumberPartNumber text
    sku text
    internalID text
    externalID text
    url text
    """,
    udf="Service",
)

SERVICE_BUNDLES = entity(
    "ServiceBundles",
    "ServiceBundle",
    "CUDQ",
    """
    id long
    billingCodeID int req >BillingCodes
    createDate datetime ro
    creatorResourceID int ro >Resources
    description str200
    invoiceDescription str1000
    isActive bool
    lastModifiedDate datetime ro
    name str150 req
    percentageDiscount double
    periodType int req once pick
    serviceLevelAgreementID long pick
    unitCost double ro
    unitDiscount double
    unitPrice double
    updateResourceID int ro >Resources
    manufacturerServiceProvider text
    manufacturerServiceProviderProductNumber text
    catalogNumberPartNumber text
    sku text
    internalID text
    externalID text
    url text
    """,
    udf="ServiceBundle",
)

SERVICE_BUNDLE_SERVICES = entity(
    "ServiceBundleServices",
    "ServiceBundleService",
    "CDQ",
    """
    id long
    serviceBundleID long req >ServiceBundles
    serviceID long req >Services
    """,
    under=("ServiceBundles", "Services", "serviceBundleID"),
)

BILLING_CODES = entity(
    "BillingCodes",
    "AllocationCode",
    "Q",
    """
    id long
    afterHoursWorkType int ro
    billingCodeType int ro pick
    department int ro
    description str500 ro
    externalNumber str100 ro
    generalLedgerAccount int
    isActive bool ro
    isExcludedFromNewContracts bool ro
    markupRate double ro
    name str200 ro
    taxCategoryID int ro
    unitCost double ro
    unitPrice double ro
    useType int ro pick
    """,
)

ENTITIES = (
    CONTRACTS,
    CONTRACT_SERVICES,
    CONTRACT_SERVICE_UNITS,
    CONTRACT_SERVICE_BUNDLES,
    CONTRACT_SERVICE_BUNDLE_UNITS,
    CONTRACT_SERVICE_ADJUSTMENTS,
    CONTRACT_SERVICE_BUNDLE_ADJUSTMENTS,
    SERVICES,
    SERVICE_BUNDLES,
    SERVICE_BUNDLE_SERVICES,
    BILLING_CODES,
)
