"""What single entities demand beyond their field table.

`BEFORE` rules may refuse or complete a write, `AFTER` effects write further rows and never refuse (their row is None
after a delete), `BEFORE_DELETE` rules may refuse a delete.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from integration.sandbox.autotask.catalogue.webhooks import FAMILIES
from integration.sandbox.autotask.database import Actor, Database
from integration.sandbox.autotask.rules import (
    attachments,
    contracts,
    devices,
    people,
    tickets,
    udfs,
    webhooks,
)
from integration.sandbox.autotask.schema import Row
from integration.sandbox.autotask.write import Write

Before = Callable[[Write], None]
After = Callable[[Database, Write, Row | None], None]
BeforeDelete = Callable[[Database, Row, Actor], None]

BEFORE: Final[dict[str, tuple[Before, ...]]] = {
    "Tickets": (
        tickets.answer_duplicate,
        tickets.fill_defaults,
        tickets.check_assignment,
        tickets.check_billing,
        devices.check_services,
        tickets.check_category,
        tickets.follow_status,
        tickets.give_number,
    ),
    "TicketNotes": (tickets.check_note_contact,),
    "TicketAdditionalConfigurationItems": (tickets.check_additional_item,),
    "TicketAdditionalContacts": (tickets.check_additional_contact,),
    "TicketSecondaryResources": (people.check_resource_and_role,),
    "TimeEntries": (people.check_time_entry,),
    "ConfigurationItems": (devices.fill_defaults, devices.check_services, devices.check_category_udfs),
    "ConfigurationItemCategoryUdfAssociations": (devices.check_association,),
    "Contracts": (contracts.check_dates,),
    "ContractServices": (contracts.take_price,),
    "ContractServiceAdjustments": (contracts.check_adjustment,),
    "ContractServiceBundleAdjustments": (contracts.check_adjustment,),
    "UserDefinedFieldDefinitions": (udfs.check_definition,),
    "UserDefinedFieldListItems": (udfs.check_list_item,),
    "TicketAttachments": (attachments.check_attachment,),
    "TicketNoteAttachments": (attachments.check_attachment,),
    "ConfigurationItemAttachments": (attachments.check_attachment,),
    "CompanyAttachments": (attachments.check_attachment,),
    **{f"{prefix}Webhooks": (webhooks.check_webhook,) for prefix, _object, _udfs in FAMILIES.values()},
}

AFTER: Final[dict[str, tuple[After, ...]]] = {
    "Tickets": (tickets.record_history,),
    "TicketNotes": (tickets.touch_ticket,),
    "TimeEntries": (tickets.touch_ticket,),
    "ContractServiceAdjustments": (contracts.change_units,),
    "ContractServiceBundleAdjustments": (contracts.change_units,),
    "TicketAttachments": (attachments.mirror_info,),
    "TicketNoteAttachments": (attachments.mirror_info,),
    "ConfigurationItemAttachments": (attachments.mirror_info,),
    "CompanyAttachments": (attachments.mirror_info,),
    **{f"{prefix}Webhooks": (webhooks.refresh_ready,) for prefix, _object, _udfs in FAMILIES.values()},
    **{f"{prefix}WebhookFields": (webhooks.refresh_ready,) for prefix, _object, _udfs in FAMILIES.values()},
    **{
        f"{prefix}WebhookUdfFields": (webhooks.refresh_ready,)
        for prefix, _object, has_udfs in FAMILIES.values()
        if has_udfs
    },
}

BEFORE_DELETE: Final[dict[str, tuple[BeforeDelete, ...]]] = {
    "ConfigurationItemTypes": (devices.keep_used_type,),
}
