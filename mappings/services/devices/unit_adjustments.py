"""Writing units: the reconciliation's difference as an adjustment of a contract's service, once.

An adjustment can neither be read nor deleted in Autotask, and every one adds to those before. So the operation reads
the units first: they must be what the person saw, and after a doubt they tell whether the adjustment was stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from integration.models import SyncRun, SyncRunEntry
from integration.sync.changes import queue_changes
from integration.sync.operations import Applied, CannotApply, Draft, Operation, Superseded, Work
from mappings.domain.devices.reconciling import CompanyLine, ServiceLine
from mappings.models import Company, ContractService, ContractUnits, ServiceKind
from mappings.services.devices.reconciliation import reconcile
from mappings.services.devices.review_facts import get_policy

KIND = "devices"
OPERATION = "adjust_units"
_OPEN = [SyncRunEntry.Status.PLANNED, SyncRunEntry.Status.WAITING, SyncRunEntry.Status.APPLYING]


class UnitsRefused(ValueError):  # noqa: N818 - not a fault: the text tells a person why and what to do
    """Units that may not be written; the text names the reason and the cure."""


@dataclass(frozen=True, slots=True)
class UnitChange:
    """One service whose units would change from `before` to `after`."""

    line: ServiceLine
    before: int
    after: int

    @property
    def difference(self) -> int:
        """Units to add, negative to take away."""
        return self.after - self.before


def list_unit_changes(line: CompanyLine) -> list[UnitChange]:
    """Return what would have to change so that an organization's units are its devices."""
    return [
        UnitChange(service, service.units, service.devices)
        for service in line.services
        if service.units is not None and service.difference
    ]


def queue_unit_changes(company: Company, seen: dict[int, tuple[int, int]], user: User | None) -> SyncRun:
    """Return a run that writes an organization's units, to be sent to a worker.

    Args:
        company: the organization.
        seen: {contract service row: (units before, units after)} as the person confirmed them.
        user: who confirmed.

    Raises:
        UnitsRefused: the policy does not allow it, nothing differs any more, what was confirmed is no longer so, or
            an earlier change of the same service waits.
    """
    if not get_policy().adjusts_units:
        raise UnitsRefused(
            "Units are not written: switch on 'may adjust contract units' in the device policy."
        )
    with transaction.atomic():
        # The company's row is the lock that keeps a double click from queueing twice.
        Company.objects.select_for_update().get(pk=company.pk)
        lines = reconcile(timezone.localdate(), company_pk=company.pk)
        changes = [change for line in lines for change in list_unit_changes(line)]
        now = {change.line.service_id: (change.before, change.after) for change in changes}
        if not now:
            raise UnitsRefused("Units and devices agree; there is nothing to write.")
        if now != seen:
            raise UnitsRefused(
                "The numbers have changed since you saw them. Look at them again, then confirm."
            )
        services = ContractService.objects.select_related("contract").in_bulk(list(now))
        drafts = [_draft(change, services[change.line.service_id], company) for change in changes]
        waiting = SyncRunEntry.objects.filter(
            operation=OPERATION,
            status__in=_OPEN,
            object_id__in=[draft.object_id for draft in drafts],
            run__status__in=[SyncRun.Status.QUEUED, SyncRun.Status.RUNNING],
        )
        if waiting.exists():
            raise UnitsRefused(
                "An earlier change of these units is being written. Wait for it, then look again."
            )
        return queue_changes(KIND, drafts, user, title=f"Units of {company.name}")


def _draft(change: UnitChange, service: ContractService, company: Company) -> Draft:
    return Draft(
        action=SyncRunEntry.Action.UPDATE,
        operation=OPERATION,
        object_type="contract units",
        object_id=f"{service.kind}:{service.autotask_contract_service_id}",
        label=f"{company.name}: {change.line.name}",
        before={"units": change.before},
        after={"units": change.after},
        payload={
            "kind": service.kind,
            "contract_service_id": service.autotask_contract_service_id,
            "contract_id": service.contract.autotask_contract_id,
        },
        message=f"{change.line.contract_name}: units become the {change.after} devices on the service.",
    )


def apply_unit_change(work: Work, entry: SyncRunEntry, is_doubtful: bool) -> Applied:  # noqa: FBT001 - the engine's signature
    """Write one adjustment, unless the units are no longer what they were when a person confirmed.

    Raises:
        Superseded: they are not.
        CannotApply: no billing period holds today.
        VendorError: see the client.
    """
    now = timezone.now()
    before, after = int(entry.before["units"]), int(entry.after["units"])
    current = _fetch_units(work, entry, now)
    if current is None:
        raise CannotApply(
            "The contract bills no period that holds today.", "Look at the contract's units in Autotask."
        )
    if current == after:
        _store(entry, after)
        return Applied(
            {"units": after}, "Stored before; found there." if is_doubtful else "It is so already."
        )
    if current != before:
        raise Superseded(
            f"Autotask bills {current} units now, not {before}; look at the reconciliation again."
        )
    effective_at = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    service_id = int(entry.payload["contract_service_id"])
    if entry.payload["kind"] == ServiceKind.BUNDLE:
        adjustment_id = work.autotask.create_contract_service_bundle_adjustment(
            service_id, unit_change=after - before, effective_at=effective_at
        )
    else:
        adjustment_id = work.autotask.create_contract_service_adjustment(
            service_id, unit_change=after - before, effective_at=effective_at
        )
    _store(entry, after)
    return Applied({"units": after, "adjustment_id": adjustment_id})


def draft_undo(entry: SyncRunEntry) -> Draft | str:
    """Return the adjustment that takes an applied one back."""
    return Draft(
        action=SyncRunEntry.Action.UPDATE,
        operation=OPERATION,
        object_type=entry.object_type,
        object_id=entry.object_id,
        label=entry.label,
        before=entry.after,
        after=entry.before,
        payload=entry.payload,
        message="Units as before.",
    )


def _fetch_units(work: Work, entry: SyncRunEntry, now: datetime) -> int | None:
    """Return the units of the period that holds today; of several, the one that began last."""
    contract_id, service_id = int(entry.payload["contract_id"]), int(entry.payload["contract_service_id"])
    day = now.astimezone(UTC).date()
    client = work.autotask
    if entry.payload["kind"] == ServiceKind.BUNDLE:
        found = [
            (row.starts_at, row.id, row.units)
            for row in client.iter_contract_service_bundle_units(contract_id=contract_id, on_day=day)
            if row.contract_service_bundle_id == service_id
        ]
    else:
        found = [
            (row.starts_at, row.id, row.units)
            for row in client.iter_contract_service_units(contract_id=contract_id, on_day=day)
            if row.contract_service_id == service_id
        ]
    began = [(starts_at, row_id, units) for starts_at, row_id, units in found if starts_at is not None]
    return max(began)[2] if began else None


def _store(entry: SyncRunEntry, units: int) -> None:
    """Show the new number at once; the next read of contracts brings Autotask's own rows."""
    today = timezone.localdate()
    row = (
        ContractUnits.objects.filter(
            kind=entry.payload["kind"],
            contract_service__autotask_contract_service_id=entry.payload["contract_service_id"],
            start_date__lte=today,
        )
        .order_by("-start_date", "-pk")
        .first()
    )
    if row is not None:
        ContractUnits.objects.filter(pk=row.pk).update(units=units)


ADJUST_UNITS = Operation(OPERATION, apply_unit_change, draft_undo)
