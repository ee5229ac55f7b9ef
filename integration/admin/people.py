"""Settings > People and Roles."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from integration.admin.base import display
from integration.roles import ROLES

admin.site.unregister(User)
admin.site.unregister(Group)

_PURPOSES = " ".join(f"{role.name}: {role.purpose}" for role in ROLES)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):  # type: ignore[misc, type-arg]  # the theme ships no types
    """People who may sign in. Only a superuser makes superusers, or changes one."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "first_name", "last_name", "show_roles", "is_active", "last_login")
    list_filter = ("groups", "is_active", "is_superuser")
    add_fieldsets = (
        (
            None,
            {
                "fields": (
                    ("username", "email"),
                    ("first_name", "last_name"),
                    "usable_password",
                    "password1",
                    "password2",
                )
            },
        ),
        ("Roles", {"fields": ("groups", "is_staff"), "description": _PURPOSES}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Read everybody's roles at once."""
        rows: QuerySet[User] = super().get_queryset(request).prefetch_related("groups")
        return rows

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Let a new person sign in here: that is what people are added for."""
        return {"is_staff": True, **super().get_changeform_initial_data(request)}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep who may change people from making themselves superusers."""
        fields = tuple(super().get_readonly_fields(request, obj))
        return fields if request.user.is_superuser else (*fields, "is_superuser")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only a superuser changes a superuser: with the password goes everything."""
        return bool(super().has_change_permission(request, obj)) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only a superuser deletes a superuser."""
        return bool(super().has_delete_permission(request, obj)) and _may_touch(request, obj)

    @display(description="Roles")
    def show_roles(self, person: User) -> str:
        """Name the roles; a superuser needs none."""
        names = [group.name for group in person.groups.all()]
        return ", ".join(["Superuser", *names] if person.is_superuser else names) or "none"


def _may_touch(request: HttpRequest, person: User | None) -> bool:
    return person is None or not person.is_superuser or bool(request.user.is_superuser)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc]  # as above
    """Roles: bundles of permissions."""

    list_display = ("name", "show_purpose", "show_people")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        """Count the people of each."""
        rows: QuerySet[Group] = super().get_queryset(request).annotate(people=Count("user"))
        return rows

    @display(description="For")
    def show_purpose(self, group: Group) -> str:
        """Say what a role made ready is for."""
        return next((role.purpose for role in ROLES if role.name == group.name), "-")

    @display(description="People", ordering="people")
    def show_people(self, group: Group) -> int:
        """Show how many have it."""
        return int(getattr(group, "people", 0))
