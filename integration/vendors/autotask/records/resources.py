"""Resources (Autotask's users) and their roles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from integration.vendors.autotask.wire import Wire

#: Licence type of API users: they cannot log in and cannot be assigned work.
LICENSE_TYPE_API_USER: Final = 7


@dataclass(frozen=True, slots=True)
class Resource:
    """A person or API user of the Autotask database."""

    id: int
    first_name: str
    last_name: str
    user_name: str
    email: str
    is_active: bool
    license_type: int | None
    user_type: int | None
    location_id: int | None

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def is_api_user(self) -> bool:
        """True for an API user, who is no valid assignee."""
        return self.license_type == LICENSE_TYPE_API_USER

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `Resources` row.

        Raises:
            WireError: no id, or a value of the wrong type.
        """
        wire = Wire("Resources", row)
        return cls(
            id=wire.needed_whole("id"),
            first_name=wire.text("firstName"),
            last_name=wire.text("lastName"),
            user_name=wire.text("userName"),
            email=wire.text("email"),
            is_active=wire.flag("isActive", default=True),
            license_type=wire.whole("licenseType"),
            user_type=wire.whole("userType"),
            location_id=wire.whole("locationID"),
        )


@dataclass(frozen=True, slots=True)
class Role:
    """A billing role, such as "Engineer"."""

    id: int
    name: str
    description: str
    is_active: bool

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `Roles` row.

        Raises:
            WireError: no id, or a value of the wrong type.
        """
        wire = Wire("Roles", row)
        return cls(
            id=wire.needed_whole("id"),
            name=wire.text("name"),
            description=wire.text("description"),
            is_active=wire.flag("isActive", default=True),
        )


@dataclass(frozen=True, slots=True)
class ResourceRole:
    """Which role a resource may take, in a department or a queue. A ticket needs resource and role together."""

    id: int
    resource_id: int
    role_id: int
    department_id: int | None
    queue_id: int | None
    is_active: bool

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `ResourceRoles` row.

        Raises:
            WireError: no id, resource or role, or a value of the wrong type.
        """
        wire = Wire("ResourceRoles", row)
        return cls(
            id=wire.needed_whole("id"),
            resource_id=wire.needed_whole("resourceID"),
            role_id=wire.needed_whole("roleID"),
            department_id=wire.whole("departmentID"),
            queue_id=wire.whole("queueID"),
            is_active=wire.flag("isActive", default=True),
        )


@dataclass(frozen=True, slots=True)
class ResourceServiceDeskRole:
    """A role that a resource may take on the service desk."""

    id: int
    resource_id: int
    role_id: int
    is_active: bool
    is_default: bool

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `ResourceServiceDeskRoles` row.

        Raises:
            WireError: no id, resource or role, or a value of the wrong type.
        """
        wire = Wire("ResourceServiceDeskRoles", row)
        return cls(
            id=wire.needed_whole("id"),
            resource_id=wire.needed_whole("resourceID"),
            role_id=wire.needed_whole("roleID"),
            is_active=wire.flag("isActive", default=True),
            is_default=wire.flag("isDefault"),
        )
