"""Which Autotask entities this product may touch, what can be done with them, and where they are written.

Children such as notes and locations are read at their own top-level path, but created, updated and deleted below
their parent only; Autotask answers 404 or 405 elsewhere. Knowing this before the call keeps a wrong path from
costing a request and from looking like a vendor's fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity of the REST API.

    Attributes:
        name: spelling in paths.
        object_name: old name in webhook events and error texts, "" when there is none.
        operations: letters of C(reate), U(pdate), D(elete), Q(uery).
        has_udfs: whether rows carry user-defined fields.
        parent: entity it is written below, None for a root entity.
        segment: its path segment below the parent.
    """

    name: str
    object_name: str
    operations: str
    has_udfs: bool = False
    parent: str | None = None
    segment: str | None = None

    @property
    def can_create(self) -> bool:
        """Whether rows can be created."""
        return "C" in self.operations

    @property
    def can_query(self) -> bool:
        """Whether rows can be read."""
        return "Q" in self.operations

    @property
    def can_update(self) -> bool:
        """Whether rows can be updated."""
        return "U" in self.operations

    @property
    def can_delete(self) -> bool:
        """Whether rows can be deleted; most are deactivated instead."""
        return "D" in self.operations


_ENTITIES: Final = (
    Entity("Tickets", "Ticket", "CUQ", has_udfs=True),
    Entity("TicketNotes", "TicketNote", "CUQ", parent="Tickets", segment="Notes"),
    Entity("TicketAttachments", "", "CDQ", parent="Tickets", segment="Attachments"),
    Entity("TicketNoteAttachments", "", "CDQ", parent="TicketNotes", segment="Attachments"),
    Entity(
        "TicketAdditionalConfigurationItems",
        "TicketAdditionalInstalledProduct",
        "CDQ",
        parent="Tickets",
        segment="AdditionalConfigurationItems",
    ),
    Entity(
        "TicketAdditionalContacts",
        "TicketAdditionalContact",
        "CDQ",
        parent="Tickets",
        segment="AdditionalContacts",
    ),
    Entity(
        "TicketSecondaryResources",
        "TicketSecondaryResource",
        "CDQ",
        parent="Tickets",
        segment="SecondaryResources",
    ),
    Entity("TicketChecklistItems", "TicketChecklistItem", "CUDQ", parent="Tickets", segment="ChecklistItems"),
    Entity("TicketCategories", "TicketCategory", "UQ"),
    Entity("TicketCategoryFieldDefaults", "TicketCategoryFieldDefaults", "Q"),
    Entity("TicketHistory", "TicketHistory", "Q"),
    Entity("DeletedTicketLogs", "DeletedTicketLog", "Q"),
    Entity("TimeEntries", "TimeEntry", "CUDQ"),
    Entity("ConfigurationItems", "InstalledProduct", "CUQ", has_udfs=True),
    Entity("ConfigurationItemTypes", "InstalledProductType", "CUDQ"),
    Entity("ConfigurationItemCategories", "InstalledProductCategory", "CUQ"),
    Entity(
        "ConfigurationItemCategoryUdfAssociations",
        "InstalledProductCategoryUdfAssociation",
        "CUDQ",
        parent="ConfigurationItemCategories",
        segment="UdfAssociations",
    ),
    Entity(
        "ConfigurationItemNotes", "InstalledProductNote", "CUQ", parent="ConfigurationItems", segment="Notes"
    ),
    Entity("ConfigurationItemAttachments", "", "CDQ", parent="ConfigurationItems", segment="Attachments"),
    Entity(
        "ConfigurationItemRelatedItems",
        "InstalledProductRelatedItem",
        "CDQ",
        parent="ConfigurationItems",
        segment="RelatedItems",
    ),
    Entity(
        "ConfigurationItemBillingProductAssociations",
        "InstalledProductBillingProductAssociation",
        "CUDQ",
        parent="ConfigurationItems",
        segment="BillingProductAssociations",
    ),
    Entity(
        "ConfigurationItemDnsRecords",
        "InstalledProductDnsRecord",
        "DQ",
        parent="ConfigurationItems",
        segment="DnsRecords",
    ),
    Entity("Companies", "Account", "CUQ", has_udfs=True),
    Entity("CompanyLocations", "AccountPhysicalLocation", "CUDQ", parent="Companies", segment="Locations"),
    Entity("CompanyNotes", "AccountNote", "CUQ", parent="Companies", segment="Notes"),
    Entity("CompanyAlerts", "AccountAlert", "CUDQ", parent="Companies", segment="Alerts"),
    Entity("CompanyAttachments", "", "CDQ", parent="Companies", segment="Attachments"),
    Entity(
        "CompanySiteConfigurations",
        "AccountLocation",
        "UQ",
        has_udfs=True,
        parent="Companies",
        segment="SiteConfigurations",
    ),
    Entity("Contacts", "Contact", "CUDQ", has_udfs=True, parent="Companies", segment="Contacts"),
    Entity("Contracts", "Contract", "CUQ", has_udfs=True),
    Entity("ContractServices", "ContractService", "CUQ", parent="Contracts", segment="Services"),
    Entity("ContractServiceUnits", "ContractServiceUnit", "Q", parent="Contracts", segment="ServiceUnits"),
    Entity(
        "ContractServiceBundles", "ContractServiceBundle", "CUQ", parent="Contracts", segment="ServiceBundles"
    ),
    Entity(
        "ContractServiceBundleUnits",
        "ContractServiceBundleUnit",
        "Q",
        parent="Contracts",
        segment="ServiceBundleUnits",
    ),
    # Written at top level by the ids in the body; nobody can read an adjustment, only the units it leads to.
    Entity("ContractServiceAdjustments", "ContractServiceAdjustment", "C"),
    Entity("ContractServiceBundleAdjustments", "ContractServiceBundleAdjustment", "C"),
    Entity("Services", "Service", "CUQ", has_udfs=True),
    Entity("ServiceBundles", "ServiceBundle", "CUDQ", has_udfs=True),
    Entity(
        "ServiceBundleServices", "ServiceBundleService", "CDQ", parent="ServiceBundles", segment="Services"
    ),
    Entity("Products", "Product", "CUQ", has_udfs=True),
    Entity("BillingCodes", "AllocationCode", "Q"),
    Entity("Resources", "Resource", "UQ"),
    Entity("ResourceRoles", "ResourceRole", "Q", parent="Resources", segment="Roles"),
    Entity(
        "ResourceServiceDeskRoles",
        "ResourceServiceDeskRole",
        "CUQ",
        parent="Resources",
        segment="ServiceDeskRoles",
    ),
    Entity("ResourceRoleQueues", "ResourceRoleQueue", "CUQ", parent="Resources", segment="RoleQueues"),
    Entity("Roles", "Role", "CUQ"),
    Entity("InternalLocationWithBusinessHours", "InternalLocationWithBusinessHours", "CUQ"),
    Entity("HolidaySets", "HolidaySet", "CUDQ"),
    Entity("Holidays", "Holiday", "CUDQ", parent="HolidaySets", segment="Holidays"),
    Entity("UserDefinedFieldDefinitions", "UserDefinedFieldDefinition", "CUQ"),
    Entity(
        "UserDefinedFieldListItems",
        "UserDefinedFieldListItem",
        "CUQ",
        parent="UserDefinedFields",
        segment="ListItems",
    ),
    Entity(
        "ServiceLevelAgreementResults",
        "ServiceLevelAgreementResults",
        "Q",
        parent="ServiceLevelAgreements",
        segment="Results",
    ),
    Entity("IntegrationVendorInsights", "IntegrationVendorInsight", "CUDQ"),
    Entity("IntegrationVendorWidgets", "IntegrationVendorWidget", "CUDQ"),
    Entity("CompanyWebhooks", "AccountWebhook", "CUDQ"),
    Entity("ContactWebhooks", "ContactWebhook", "CUDQ"),
    Entity("ConfigurationItemWebhooks", "InstalledProductWebhook", "CUDQ"),
    Entity("TicketWebhooks", "TicketWebhook", "CUDQ"),
    Entity("TicketNoteWebhooks", "TicketNoteWebhook", "CUDQ"),
    Entity("TicketWebhookFields", "TicketWebhookField", "CUDQ", parent="TicketWebhooks", segment="Fields"),
    Entity(
        "TicketWebhookUdfFields",
        "TicketWebhookUdfField",
        "CUDQ",
        parent="TicketWebhooks",
        segment="UdfFields",
    ),
    Entity(
        "TicketWebhookExcludedResources",
        "TicketWebhookExcludedResource",
        "CDQ",
        parent="TicketWebhooks",
        segment="ExcludedResources",
    ),
    Entity("WebhookEventErrorLogs", "WebhookEventErrorLog", "DQ"),
    Entity("AttachmentInfo", "AttachmentInfo", "Q"),
)

_BY_NAME: Final = {entity.name.lower(): entity for entity in _ENTITIES}
_BY_OBJECT_NAME: Final = {entity.object_name.lower(): entity for entity in _ENTITIES if entity.object_name}


class EntityError(ValueError):
    """A call that Autotask cannot serve for this entity: our mistake, found before a request is spent."""


def entity_named(name: str) -> Entity:
    """Return the entity with this REST name, compared without case.

    Raises:
        EntityError: for a name that is not in the map.
    """
    try:
        return _BY_NAME[name.lower()]
    except KeyError:
        raise EntityError(
            f"{name!r} is no Autotask entity this product knows; add it to the entity map"
        ) from None


def entity_of_event(entity_type: str) -> Entity | None:
    """Return the entity of a webhook's `EntityType`: the old object name or the REST name, singular or plural."""
    wanted = entity_type.strip().lower()
    return _BY_OBJECT_NAME.get(wanted) or _BY_NAME.get(wanted) or _BY_NAME.get(f"{wanted}s")


def read_path(entity: Entity, id_: int) -> str:
    """Return the path of one row."""
    return f"{entity.name}/{_checked_id(entity, id_)}"


def write_path(entity: Entity, parent_id: int | None) -> str:
    """Return the collection path for create and update.

    Args:
        entity: what is written.
        parent_id: id of the parent row; needed for a child, forbidden for a root entity.

    Raises:
        EntityError: naming the parent that is missing or too much.
    """
    if entity.parent is None:
        if parent_id is not None:
            raise EntityError(f"{entity.name} has no parent; leave `parent` out")
        return entity.name
    if parent_id is None:
        raise EntityError(
            f"{entity.name} is written below its parent only; pass the id of its {entity.parent} row as `parent`"
        )
    return f"{entity.parent}/{_checked_id(entity, parent_id)}/{entity.segment}"


def bucket_of_path(path: str) -> str:
    """Return the object whose threads a call takes, such as "Tickets", from the path of its address.

    A nested write counts for the child: `/V1.0/Tickets/5/Notes` is "TicketNotes".
    """
    parts = [part for part in path.split("/") if part]
    start = next((index + 1 for index, part in enumerate(parts) if part.lower() in {"v1.0", "1.0"}), 0)
    parts = parts[start:]
    if not parts:
        return ""
    if len(parts) > 2 and parts[1].isdigit():  # noqa: PLR2004  parent, its id, child
        for entity in _ENTITIES:
            if (entity.parent or "").lower() == parts[0].lower() and entity.segment == parts[2]:
                return entity.name
    known = _BY_NAME.get(parts[0].lower())
    return known.name if known is not None else parts[0]


def _checked_id(entity: Entity, id_: int) -> int:
    # 0 is a real id: the MSP's own company.
    if type(id_) is not int or id_ < 0:
        raise EntityError(f"{entity.name}: {id_!r} is not an id; ids are whole numbers from 0")
    return id_
