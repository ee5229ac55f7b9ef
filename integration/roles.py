"""Roles made ready: bundles of permissions for the people who sit in front of these pages.

A migration makes the roles once, so a role that an administrator deletes stays deleted, and one that is renamed is the
administrator's own. After each migration a ready-made role is granted the permissions that came into being with it, as
far as they are the role's. Nothing is ever taken from a role, and nothing that an administrator took from it is given
back, except to a role without any permission: that one was not filled yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from django.apps import AppConfig, apps
from django.contrib.auth.models import Group, Permission
from django.db import DEFAULT_DB_ALIAS, connections


@dataclass(frozen=True, slots=True)
class Role:
    """One role.

    Attributes:
        name: of the group, and what finds it again.
        purpose: what its people do, in a sentence.
        grants: patterns of `app_label.codename`, with `*`.
        refuses: patterns that take precedence over `grants`.
    """

    name: str
    purpose: str
    grants: tuple[str, ...]
    refuses: tuple[str, ...] = ()

    def includes(self, permission: str) -> bool:
        """Say whether `permission`, such as "tickets.view_alert", belongs to the role."""
        return any(fnmatchcase(permission, one) for one in self.grants) and not any(
            fnmatchcase(permission, one) for one in self.refuses
        )


_VIEWS: Final = (
    "mappings.view_*",
    "tickets.view_*",
    "integration.view_*",
    "django_celery_beat.view_*",
)
#: API users and addresses that hold secrets.
_CONNECTION: Final = ("integration.*_connection",)

ROLES: Final = (
    Role(
        "Administrator",
        "Sets everything up: the connection, people and roles, schedules, policies.",
        (
            "mappings.*",
            "tickets.*",
            "integration.*",
            "django_celery_beat.*",
            "auth.*_user",
            "auth.*_group",
            "admin.view_logentry",
        ),
    ),
    Role(
        "Dispatcher",
        "Tends mappings, rules, reviews, drift and ticket defaults, runs syncs, acts on alerts.",
        (*_VIEWS, "mappings.*", "tickets.*", "integration.add_syncrun", "admin.view_logentry"),
        (
            *_CONNECTION,
            # What the whole installation does on its own, and the guard's override.
            "mappings.change_mappingpolicy",
            "mappings.change_devicepolicy",
            "mappings.change_mirrorstate",
            # Holds the secret by which any device gets a request page.
            "tickets.*_requestpolicy",
        ),
    ),
    Role(
        "Technician",
        "Sees everything, retries and resolves alerts, decides reviews of devices.",
        (
            *_VIEWS,
            "tickets.change_alert",
            "tickets.add_silence",
            "tickets.change_silence",
            "tickets.change_agentrequest",
            "tickets.add_requestlink",
            "tickets.change_requestlink",
            "mappings.change_devicereview",
        ),
        _CONNECTION,
    ),
    Role("Viewer", "Sees everything, changes nothing.", _VIEWS, _CONNECTION),
)


class _BeforeMigration:
    """The permissions there were when this process began to migrate."""

    def __init__(self) -> None:
        self.permissions: frozenset[int] = frozenset()


_before = _BeforeMigration()


def remember_permissions(using: str, **_: Any) -> None:
    """Note which permissions exist, so that the new ones are known afterwards; for `pre_migrate`."""
    if using != DEFAULT_DB_ALIAS:
        return
    is_there = Permission._meta.db_table in connections[using].introspection.table_names()  # noqa: SLF001 - documented API
    _before.permissions = (
        frozenset(Permission.objects.values_list("pk", flat=True)) if is_there else frozenset()
    )


def grant_new_permissions(app_config: AppConfig, using: str, **options: Any) -> None:
    """Bring the roles up to date once the permissions of every app exist; for `post_migrate`.

    The signal comes once for each app; the last one is when they all exist. A flush sends it without `apps`, and has
    emptied everything, so that the roles are made again.
    """
    migrated = [one.label for one in apps.get_app_configs() if one.models_module is not None]
    if using != DEFAULT_DB_ALIAS or app_config.label != migrated[-1]:
        return
    tables = set(connections[using].introspection.table_names())
    if not {Group._meta.db_table, Permission._meta.db_table} <= tables:  # noqa: SLF001 - documented API
        return
    if options.get("apps") is None:
        Group.objects.bulk_create([Group(name=role.name) for role in ROLES], ignore_conflicts=True)
    fill_roles(known=_before.permissions)


def fill_roles(known: frozenset[int] = frozenset()) -> None:
    """Grant each ready-made role that is still there what is new of its permissions, or all of them to an empty role.

    Args:
        known: primary keys of permissions that are not new.
    """
    groups = {one.name: one for one in Group.objects.filter(name__in=[role.name for role in ROLES])}
    labels = {
        pk: f"{app_label}.{codename}"
        for pk, app_label, codename in Permission.objects.order_by().values_list(
            "pk", "content_type__app_label", "codename"
        )
    }
    through = Group.permissions.through
    held: dict[int, set[int]] = {group.pk: set() for group in groups.values()}
    for group_id, permission_id in through.objects.filter(group__in=held).values_list(
        "group_id", "permission_id"
    ):
        held[group_id].add(permission_id)
    wanted = [
        through(group_id=group.pk, permission_id=pk)
        for role in ROLES
        if (group := groups.get(role.name)) is not None
        for pk, label in labels.items()
        if role.includes(label) and pk not in held[group.pk] and (not held[group.pk] or pk not in known)
    ]
    if wanted:
        through.objects.bulk_create(wanted, ignore_conflicts=True)
