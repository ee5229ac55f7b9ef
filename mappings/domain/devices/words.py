"""Words of the database that decisions use."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Words of `DeviceLink.State`."""

    NEW = "new"
    LINKED = "linked"
    PENDING = "pending"
    AMBIGUOUS = "ambiguous"
    MOVED = "moved"
    UNMAPPED = "unmapped"
    EXCLUDED = "excluded"
    FAILED = "failed"
    GONE = "gone"


class Basis(StrEnum):
    """Words of `DeviceLink.Basis`."""

    NONE = ""
    CREATED = "created"
    UID = "uid"
    SERIAL = "serial"
    MAC = "mac"
    HOSTNAME = "hostname"
    PERSON = "person"


class KeyKind(StrEnum):
    """Words of `IdentityKind`, from sure to unsure."""

    UID = "uid"
    SERIAL = "serial"
    MAC = "mac"
    HOSTNAME = "hostname"


class WhenDeleted(StrEnum):
    """Words of `DevicePolicy.WhenDeleted`."""

    DEACTIVATE = "deactivate"
    END_BILLING = "end_billing"
    TICKET = "ticket"
    LEAVE = "leave"


class Direction(StrEnum):
    """Words of `FieldMap.Direction`."""

    TO_AUTOTASK = "to_autotask"
    FROM_AUTOTASK = "from_autotask"
    TWO_WAY = "two_way"


class EmptyPolicy(StrEnum):
    """Words of `FieldMap.EmptyPolicy`."""

    KEEP = "keep"
    CLEAR = "clear"


class FindingKind(StrEnum):
    """Words of `DeviceFinding.Kind`."""

    AMBIGUOUS = "ambiguous"
    SHARED = "shared"
    MOVED = "moved"
    ELSEWHERE = "elsewhere"
    DUPLICATE = "duplicate"
    ITEM_WITHOUT_DEVICE = "item_without_device"
    DEVICE_DELETED = "device_deleted"
    RETURNED = "returned"
    ITEM_GONE = "item_gone"
    ITEM_INACTIVE = "item_inactive"


class ReviewCause(StrEnum):
    """Words of `DeviceReview.Cause` that a plan can raise."""

    NEW = "new"
    MOVED = "moved"
    RETYPED = "retyped"
    RETURNED = "returned"


class Operation(StrEnum):
    """Names of the operations a plan uses."""

    CREATE_ITEM = "create_item"
    UPDATE_ITEM = "update_item"
    REACTIVATE_ITEM = "reactivate_item"
    DEACTIVATE_ITEM = "deactivate_item"
    MOVE_ITEM = "move_item"
    SET_DATTO_UDFS = "set_datto_udfs"
    OPEN_TICKET = "open_ticket"
