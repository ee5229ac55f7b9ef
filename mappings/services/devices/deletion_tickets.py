"""A ticket that tells people of a deleted device, for those who decide about its configuration item by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.utils import timezone

from integration.models import SyncRunEntry
from integration.sync.operations import Applied, CannotApply, Draft, Work
from mappings.domain.devices.words import FindingKind
from mappings.models import DeviceFinding, PicklistValue
from mappings.services.devices.item_writes import get_item

#: Tickets of alerts have keys of their own; this one cannot be taken for any of them.
_KEY: Final = "rmmbridge-deleted:{}"
_DUE: Final = timedelta(days=3)
_EXTERNAL_ID_CHARACTERS: Final = 50


def apply_ticket(work: Work, entry: SyncRunEntry, is_doubtful: bool) -> Applied:  # noqa: FBT001 - the engine's signature
    """Open the ticket, once, and remember it in the finding.

    Raises:
        CannotApply: Autotask's status or priority lists have not been read.
        Superseded, VendorError: see `operations`.
    """
    del is_doubtful
    item = get_item(entry)
    uid = str(entry.payload.get("device_uid", ""))
    key = _KEY.format(uid)[:_EXTERNAL_ID_CHARACTERS]
    # Always looked for: the same device may have been deleted, and told of, before.
    found = [one for one in work.autotask.find_tickets_by_external_id(key) if one.status != _COMPLETE]
    if found:
        ticket_id = found[0].id
    else:
        ticket_id = work.autotask.create_ticket(
            {
                "companyID": item.autotask_company_id,
                "title": f"Device deleted in Datto RMM: {entry.label}"[:255],
                "description": (
                    f"{entry.label} was deleted in Datto RMM. Its configuration item {item} is still active.\n"
                    "Decide whether to deactivate it and whether its contract's units change."
                ),
                "status": _value("status", "New", 1),
                "priority": _value("priority", "Medium", 2),
                "dueDateTime": timezone.now() + _DUE,
                "externalID": key,
                "configurationItemID": item.autotask_configuration_item_id,
            }
        )
    for finding in DeviceFinding.objects.filter(
        device__datto_device_uid=uid, kind=FindingKind.DEVICE_DELETED.value
    ):
        finding.detail = {**finding.detail, "ticket": ticket_id}
        finding.save(update_fields=["detail"])
    return Applied({"ticket_id": ticket_id}, entry.message)


_COMPLETE: Final = 5


def _value(field: str, label: str, standard: int) -> int:
    """Return a pick list value by label; the standard one only when Autotask lists it."""
    values = PicklistValue.objects.filter(entity="Tickets", field=field, is_active=True)
    chosen = values.filter(label__iexact=label).first() or values.filter(value=standard).first()
    if chosen is None:
        raise CannotApply(
            f"Tickets.{field}: there is neither {label} nor value {standard} in Autotask's list.",
            "Run Sync > Organizations and pick lists; if it stays so, choose another policy for deleted devices.",
        )
    return int(chosen.value)


def undo_ticket(entry: SyncRunEntry) -> Draft | str:
    """Not offered: people may be at work on it."""
    return f"Ticket {entry.result.get('ticket_id')} was opened; close it in Autotask."
