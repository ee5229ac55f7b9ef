"""What a review decision writes to a configuration item, through the sync engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.auth.models import User

from integration.models import SyncRun, SyncRunEntry
from integration.sync.changes import queue_changes
from integration.sync.operations import Draft
from mappings.models import ConfigurationItem, ContractService, ServiceKind

KIND = "devices"
OPERATION = "update_item"
CONTRACT_FIELDS = (
    "autotask_contract_id",
    "autotask_contract_service_id",
    "autotask_contract_service_bundle_id",
)


def queue_item_changes(drafts: Sequence[Draft], user: User | None, *, title: str = "") -> SyncRun | None:
    """Return a run that writes these changes, to be sent to a worker; None when there is nothing to write.

    Raises:
        LookupError: this version cannot write configuration items.
    """
    return queue_changes(KIND, drafts, user, title=title) if drafts else None


def contract_values(contract_id: int | None, service: tuple[str, int] | None) -> dict[str, int | None]:
    """Return the fields of an item on a contract; a service and a bundle exclude each other.

    Args:
        contract_id: Autotask id, None to take the item off its contract.
        service: (kind, Autotask id) of a service or bundle on that contract, or None.
    """
    values: dict[str, int | None] = dict.fromkeys(CONTRACT_FIELDS)
    values["autotask_contract_id"] = contract_id
    if service is not None:
        kind, service_id = service
        is_bundle = kind == ServiceKind.BUNDLE
        values["autotask_contract_service_bundle_id" if is_bundle else "autotask_contract_service_id"] = (
            service_id
        )
    return values


def service_key(service: ContractService | None) -> tuple[str, int] | None:
    """Return what `contract_values` takes for a service."""
    return None if service is None else (service.kind, service.autotask_contract_service_id)


def waiting_values(items: Iterable[ConfigurationItem]) -> dict[int, dict[str, Any]]:
    """Return {Autotask id: fields} that earlier decisions have not written yet. One query."""
    ids = [item.autotask_configuration_item_id for item in items]
    waiting: dict[int, dict[str, Any]] = {}
    rows = (
        SyncRunEntry.objects.filter(
            run__kind=KIND,
            run__is_whole=False,
            run__status__in=[SyncRun.Status.QUEUED, SyncRun.Status.RUNNING],
            status__in=[SyncRunEntry.Status.PLANNED, SyncRunEntry.Status.APPLYING],
            operation=OPERATION,
            payload__configuration_item_id__in=ids,
        )
        .order_by("pk")
        .values_list("payload", "after")
    )
    for payload, after in rows:
        held = waiting.setdefault(payload["configuration_item_id"], {})
        udfs = {**held.get("udfs", {}), **after.get("udfs", {})}
        held.update(after)
        if udfs:
            held["udfs"] = udfs
    return waiting


def draft_item(
    item: ConfigurationItem,
    label: str,
    wanted: dict[str, Any],
    udf: dict[str, Any],
    *,
    waiting: dict[str, Any] | None = None,
    message: str = "",
) -> Draft | None:
    """Return the change that brings an item to these values, None when it has them.

    Args:
        item: as mirrored.
        label: of the device.
        wanted: {field of `ConfigurationItem`: value}.
        udf: {"name", "before", "after"} or {}.
        waiting: what earlier decisions will have written by then.
        message: why.
    """
    expected = {name: getattr(item, name) for name in wanted} | {
        name: value for name, value in (waiting or {}).items() if name in wanted
    }
    names = [name for name in wanted if expected[name] != wanted[name]]
    before: dict[str, Any] = {name: expected[name] for name in names}
    after: dict[str, Any] = {name: wanted[name] for name in names}
    if udf:
        before["udfs"], after["udfs"] = {udf["name"]: udf["before"]}, {udf["name"]: udf["after"]}
    if not after:
        return None
    return make_draft(item.autotask_configuration_item_id, label, before, after, message=message)


def make_draft(
    configuration_item_id: int, label: str, before: dict[str, Any], after: dict[str, Any], *, message: str
) -> Draft:
    """Return an `update_item` change of one configuration item."""
    return Draft(
        action=SyncRunEntry.Action.UPDATE,
        operation=OPERATION,
        object_type="configuration item",
        object_id=str(configuration_item_id),
        label=label,
        before=before,
        after=after,
        payload={"configuration_item_id": configuration_item_id},
        message=message,
    )
