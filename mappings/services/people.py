"""Mirrors of who works in Autotask: roles, resources, and which role each may take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db import transaction

from integration.sync.recorder import RunRecorder
from integration.vendors.autotask.client import AutotaskClient
from integration.vendors.autotask.records import Resource as ResourceRecord
from integration.vendors.autotask.records import ResourceRole as ResourceRoleRecord
from integration.vendors.autotask.records import ResourceServiceDeskRole as DeskRoleRecord
from integration.vendors.autotask.records import Role as RoleRecord
from integration.vendors.errors import ContractBroken, NotFound, PermissionDenied, Rejected
from mappings.models import Resource, Role
from mappings.services.mirror import Mirror, Row, read_mirror, spared, writing

ROLES = Mirror("roles", "role", Role, "autotask_role_id", ("is_active", False))
RESOURCES = Mirror("resources", "resource", Resource, "autotask_resource_id", ("is_active", False))
_Through = Resource.roles.through
_RoleOf = ResourceRoleRecord | DeskRoleRecord


def sync_people(recorder: RunRecorder, autotask: AutotaskClient, refused: list[str]) -> None:
    """Read roles, resources and the roles of each, all of them; none carries a date of change.

    A part that may not be read is a failure of this part alone; what was known of it stays. Arguments and errors as
    `sync_catalogue`.
    """
    with spared(recorder, "role", "Roles"):
        read_mirror(
            recorder, ROLES, "Reading roles", autotask.iter_roles(), _role_row, since=None, refused=refused
        )
    with spared(recorder, "resource", "Resources"):
        read_mirror(
            recorder,
            RESOURCES,
            "Reading resources",
            autotask.iter_resources(),
            _resource_row,
            since=None,
            refused=refused,
        )
    _sync_roles_of_resources(recorder, autotask)


def _role_row(record: RoleRecord) -> Row:
    return {
        "autotask_role_id": record.id,
        "name": record.name or f"Role {record.id}",
        "is_active": record.is_active,
    }


def _resource_row(record: ResourceRecord) -> Row | None:
    if record.is_api_user:
        return None
    return {
        "autotask_resource_id": record.id,
        "name": record.name or record.user_name or f"Resource {record.id}",
        "email": record.email,
        "is_active": record.is_active,
    }


def _sync_roles_of_resources(recorder: RunRecorder, autotask: AutotaskClient) -> None:
    """Keep who has which role: by department or queue, and on the service desk; Autotask takes either on a ticket.

    Roles are taken away only when both lists were read.
    """
    recorder.begin_step("Reading roles of resources")
    wanted: defaultdict[int, set[int]] = defaultdict(set)
    is_complete = True
    for label, read in (
        ("Roles of resources", autotask.iter_resource_roles),
        ("Service desk roles of resources", autotask.iter_resource_service_desk_roles),
    ):
        is_complete = _collect(recorder, label, read(), wanted) and is_complete
    resources = {one.pk: one for one in Resource.objects.all()}
    resource_pks = {one.autotask_resource_id: pk for pk, one in resources.items()}
    roles = {one.pk: one for one in Role.objects.all()}
    role_pks = {one.autotask_role_id: pk for pk, one in roles.items()}
    after: defaultdict[int, set[int]] = defaultdict(set)
    for resource_id, role_ids in wanted.items():
        resource_pk = resource_pks.get(resource_id)
        if resource_pk is not None:
            after[resource_pk] = {role_pks[one] for one in role_ids if one in role_pks}
    with writing(RESOURCES.name):
        before: defaultdict[int, set[int]] = defaultdict(set)
        for resource_pk, role_pk in _Through.objects.values_list("resource_id", "role_id"):
            before[resource_pk].add(role_pk)
        for pk, resource in resources.items():
            have, shall = before[pk], after[pk] if is_complete else before[pk] | after[pk]
            if have == shall:
                continue
            recorder.updated(
                RESOURCES.object_type,
                resource.autotask_resource_id,
                str(resource),
                {"roles": sorted(roles[one].name for one in have)},
                {"roles": sorted(roles[one].name for one in shall)},
            )
            if not recorder.dry_run:
                _change(pk, have, shall)


def _collect(
    recorder: RunRecorder, label: str, records: Iterable[_RoleOf], wanted: defaultdict[int, set[int]]
) -> bool:
    """Add the active ones; return whether all were read."""
    try:
        for one in records:
            if one.is_active:
                wanted[one.resource_id].add(one.role_id)
    except (PermissionDenied, NotFound, Rejected, ContractBroken) as error:
        recorder.failed(
            RESOURCES.object_type,
            error.path,
            label,
            error.detail,
            "What was known before stays. Check that the API user's security level may read it.",
        )
        return False
    return True


def _change(resource_pk: int, have: set[int], shall: set[int]) -> None:
    with transaction.atomic():
        _Through.objects.filter(resource_id=resource_pk, role_id__in=have - shall).delete()
        _Through.objects.bulk_create(
            [_Through(resource_id=resource_pk, role_id=one) for one in sorted(shall - have)],
            ignore_conflicts=True,
        )
