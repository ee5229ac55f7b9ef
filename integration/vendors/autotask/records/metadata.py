"""What Autotask says about itself: zone, limits, entities, fields and picklists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from integration.vendors.autotask.wire import Wire, WireError


@dataclass(frozen=True, slots=True)
class Threshold:
    """The request budget of the database, shared by all its integrations."""

    limit: int
    timeframe_minutes: int
    used: int

    @property
    def used_share(self) -> float:
        """Used part of the limit, 0.0 to about 1.0."""
        return self.used / self.limit if self.limit else 0.0

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `ThresholdInformation` answer.

        Raises:
            WireError: a number is missing or not a number.
        """
        wire = Wire("ThresholdInformation", row)
        return cls(
            limit=wire.needed_whole("externalRequestThreshold"),
            timeframe_minutes=wire.needed_whole("requestThresholdTimeframe"),
            used=wire.needed_whole("currentTimeframeRequestCount"),
        )


@dataclass(frozen=True, slots=True)
class Version:
    """Version of the Autotask installation behind the zone."""

    major: int | None
    minor: int | None
    build: str
    customer_type: str

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `Version` answer.

        Raises:
            WireError: not an object, or a value of the wrong type.
        """
        wire = Wire("Version", row)
        return cls(
            major=wire.whole("majorVersion"),
            minor=wire.whole("minorVersion"),
            build=wire.text("build"),
            customer_type=wire.text("customerType"),
        )


@dataclass(frozen=True, slots=True)
class EntityInformation:
    """What the API user may do with an entity.

    The `user_access_` texts say how far the API user's security level reaches ("None", "All", "Restricted"...).
    """

    name: str
    can_create: bool
    can_update: bool
    can_query: bool
    can_delete: bool
    user_access_for_create: str
    user_access_for_update: str
    user_access_for_query: str
    user_access_for_delete: str
    has_user_defined_fields: bool
    supports_webhook_callouts: bool

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse the `info` object of an `entityInformation` answer.

        Raises:
            WireError: not an object, or a value of the wrong type.
        """
        wire = Wire("entityInformation", row)
        return cls(
            name=wire.text("name"),
            can_create=wire.flag("canCreate"),
            can_update=wire.flag("canUpdate"),
            can_query=wire.flag("canQuery"),
            can_delete=wire.flag("canDelete"),
            user_access_for_create=wire.text("userAccessForCreate"),
            user_access_for_update=wire.text("userAccessForUpdate"),
            user_access_for_query=wire.text("userAccessForQuery"),
            user_access_for_delete=wire.text("userAccessForDelete"),
            has_user_defined_fields=wire.flag("hasUserDefinedFields"),
            supports_webhook_callouts=wire.flag("supportsWebhookCallouts"),
        )


@dataclass(frozen=True, slots=True)
class PicklistValue:
    """One choice of a picklist field.

    Attributes:
        value: the id as field info writes it, a string; records and writes use `number`.
        parent_value: id in the parent picklist this choice belongs to, such as the issue type of a sub-issue type.
    """

    value: str
    label: str
    is_active: bool
    is_default: bool
    is_system: bool
    sort_order: int | None
    parent_value: str | None

    @property
    def number(self) -> int | None:
        """The id as records hold it; None for the few picklists whose ids are texts."""
        return _number(self.value)

    @property
    def parent_number(self) -> int | None:
        """The parent's id as records hold it."""
        return None if self.parent_value is None else _number(self.parent_value)

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse one entry of `picklistValues`.

        Raises:
            WireError: no value, or a value of the wrong type.
        """
        wire = Wire("picklistValues", row)
        value = wire.optional_text("value")
        if value is None:
            raise WireError("picklistValues.value: missing in the answer")
        return cls(
            value=value,
            label=wire.text("label"),
            is_active=wire.flag("isActive", default=True),
            is_default=wire.flag("isDefaultValue"),
            is_system=wire.flag("isSystem"),
            sort_order=wire.whole("sortOrder"),
            parent_value=wire.text("parentValue") or None,
        )


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """One field of an entity, or one user-defined field.

    Attributes:
        length: most characters of a string, None when Autotask sets no limit.
        picklist_parent_field: name of the field a dependent picklist hangs on; compare it without case.
        label: what the screen says; user-defined fields only.
    """

    name: str
    data_type: str
    length: int | None
    is_required: bool
    is_read_only: bool
    is_queryable: bool
    is_reference: bool
    reference_entity: str
    is_picklist: bool
    picklist: tuple[PicklistValue, ...]
    picklist_parent_field: str
    is_webhook_field: bool
    label: str
    description: str

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse one entry of `fields`; user-defined fields say `type` where others say `dataType`.

        Raises:
            WireError: no name, or a value of the wrong type.
        """
        wire = Wire("fields", row)
        name = wire.text("name")
        if not name:
            raise WireError("fields.name: missing in the answer")
        values = wire.raw("picklistValues")
        if values is not None and not isinstance(values, list):
            raise WireError(f"fields.picklistValues of {name}: expected a list, got {type(values).__name__}")
        return cls(
            name=name,
            data_type=wire.text("dataType") or wire.text("type"),
            length=wire.whole("length") or None,
            is_required=wire.flag("isRequired"),
            is_read_only=wire.flag("isReadOnly"),
            is_queryable=wire.flag("isQueryable", default=True),
            is_reference=wire.flag("isReference"),
            reference_entity=wire.text("referenceEntityType"),
            is_picklist=wire.flag("isPickList"),
            picklist=tuple(PicklistValue.from_wire(value) for value in values or ()),
            picklist_parent_field=wire.text("picklistParentValueField"),
            is_webhook_field=wire.flag("isSupportedWebhookField"),
            label=wire.text("label"),
            description=wire.text("description"),
        )


def _number(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None
