"""What is known of devices and configuration items when a plan is made. Frozen, and free of the database.

Ids ending in `_pk` are rows of ours, others are the vendors'. Times are aware UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from mappings.domain.devices.words import Basis, Direction, EmptyPolicy, KeyKind, State, WhenDeleted


class Key(NamedTuple):
    """One comparable value by which devices and items are found."""

    kind: KeyKind
    value: str


@dataclass(frozen=True, slots=True)
class AdapterFacts:
    """A network adapter as the audit names it."""

    mac: str
    name: str = ""
    type: str = ""


@dataclass(frozen=True, slots=True)
class AuditFacts:
    """The last audit of a device, as text of the vendor."""

    serial_number: str = ""
    manufacturer: str = ""
    model: str = ""
    adapters: tuple[AdapterFacts, ...] = ()
    memory_bytes: int | None = None
    storage_bytes: int | None = None
    free_bytes: int | None = None
    disks: str = ""
    processor: str = ""
    cpu_cores: int | None = None
    motherboard: str = ""
    bios_version: str = ""
    display_adapter: str = ""
    snmp_name: str = ""
    snmp_location: str = ""


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """A Datto RMM device.

    Attributes:
        deleted_at: when we first saw that it is deleted; None when it is not, or when that is seen only now.
        udfs: {1 to 300: text}; a number that is absent is empty.
        audit: None when there is none, or none yet.
        audit_is_pending: an audit is due that could not be read yet.
        patches_missing, open_alerts, agent_version: None or empty where nobody counted.
    """

    device_pk: int
    datto_device_uid: str
    site_pk: int
    datto_device_id: int | None = None
    hostname: str = ""
    description: str = ""
    device_class: str = "device"
    category: str = ""
    device_type: str = ""
    operating_system: str = ""
    domain: str = ""
    internal_ip: str = ""
    external_ip: str = ""
    last_user: str = ""
    is_online: bool | None = None
    is_suspended: bool = False
    is_deleted: bool = False
    deleted_at: datetime | None = None
    reboot_required: bool | None = None
    antivirus_product: str = ""
    antivirus_status: str = ""
    patch_status: str = ""
    patches_missing: int | None = None
    open_alerts: int | None = None
    agent_version: str = ""
    warranty_date: date | None = None
    last_seen_at: datetime | None = None
    last_reboot_at: datetime | None = None
    created_in_datto_at: datetime | None = None
    portal_url: str = ""
    web_remote_url: str = ""
    udfs: Mapping[int, str] = field(default_factory=dict)
    audit: AuditFacts | None = None
    audit_is_pending: bool = False

    @property
    def label(self) -> str:
        """What people call it."""
        return self.hostname or self.description or self.datto_device_uid


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """The site of a device and the organization it is mapped to.

    Attributes:
        is_mapped: the mapping is confirmed (or renamed since) and its organization is known.
        autotask_company_id: of the mapping; None unless mapped.
        autotask_location_id: the mapping's location; None leaves locations alone.
    """

    site_pk: int
    name: str = ""
    is_mapped: bool = False
    autotask_company_id: int | None = None
    company_name: str = ""
    autotask_location_id: int | None = None
    devices_enabled: bool = True
    is_on_demand: bool = False


@dataclass(frozen=True, slots=True)
class Claimant:
    """A live device that shares a key with an item; the device being planned may be among them.

    One of which a person said that it is another machine is none, unless the key is its uid.

    Attributes:
        autotask_company_id: of its site's mapping; None when unmapped.
        kind: the kind of the shared key. One claimant per device and kind.
        linked_item_pk: the item it is linked to, if any; None when that one is gone from Autotask, or was left behind
            inactive at another organization: then the device looks for one.
    """

    device_pk: int
    label: str
    autotask_company_id: int | None
    kind: KeyKind
    linked_item_pk: int | None = None


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """A configuration item as last read from Autotask.

    Attributes:
        udfs: {exact name: text or None}.
        linked_device_pk: of the device link that points at it.
        linked_device_is_live: that device is not deleted.
        claimants: live devices that share any of its keys.
    """

    item_pk: int
    autotask_configuration_item_id: int
    autotask_company_id: int
    company_name: str = ""
    reference_title: str = ""
    reference_number: str = ""
    serial_number: str = ""
    is_active: bool = True
    is_missing: bool = False
    autotask_product_id: int | None = None
    autotask_type_id: int | None = None
    autotask_category_id: int | None = None
    autotask_location_id: int | None = None
    autotask_contact_id: int | None = None
    autotask_contract_id: int | None = None
    autotask_contract_service_id: int | None = None
    autotask_contract_service_bundle_id: int | None = None
    install_date: date | None = None
    warranty_date: date | None = None
    location: str = ""
    rmm_device_uid: str = ""
    rmm_hostname: str = ""
    rmm_mac_address: str = ""
    udfs: Mapping[str, str | None] = field(default_factory=dict)
    linked_device_pk: int | None = None
    linked_device_is_live: bool = False
    claimants: tuple[Claimant, ...] = ()

    @property
    def label(self) -> str:
        """What people call it, with its Autotask id."""
        name = self.reference_title or self.rmm_hostname or self.serial_number or "Configuration item"
        return f"{name} ({self.autotask_configuration_item_id})"


#: Items that share a key with the device, by that key; whatever their company, activity or links.
Candidates = Mapping[Key, tuple[ItemFacts, ...]]


@dataclass(frozen=True, slots=True)
class TypeTarget:
    """What a type rule makes of a device."""

    autotask_product_id: int | None = None
    autotask_type_id: int | None = None
    autotask_category_id: int | None = None


@dataclass(frozen=True, slots=True)
class TypeRule:
    """A device type rule; empty text fits anything."""

    rule_pk: int
    datto_category: str = ""
    datto_type: str = ""
    device_class: str = ""
    is_synced: bool = True
    target: TypeTarget = TypeTarget()

    @property
    def label(self) -> str:
        """What people call it."""
        parts = [self.datto_category, self.datto_type, self.device_class]
        return " / ".join(part for part in parts if part) or "All other devices"

    @property
    def is_catch_all(self) -> bool:
        """True for the rule that names nothing."""
        return not (self.datto_category or self.datto_type or self.device_class)


class DataType(StrEnum):
    """What a UDF holds; its value always travels as text."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    DATE = "date"
    LIST = "list"
    BOOLEAN = "boolean"
    UNKNOWN = "unknown"


class ListValue(NamedTuple):
    """One value of a list UDF; records carry `value`, people read `label`."""

    value: str
    label: str
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class UdfFacts:
    """A UDF of configuration items.

    Attributes:
        name: as records carry it.
        category_ids: configuration item categories that show it.
    """

    name: str
    data_type: DataType = DataType.TEXT
    max_length: int | None = None
    is_active: bool = True
    list_values: tuple[ListValue, ...] = ()
    category_ids: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a transform, checked: `transforms.read_steps` makes them of what is stored."""

    name: str
    arguments: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FieldMapFacts:
    """A field mapping; exactly one of `datto_udf_index` and `datto_field` is set.

    Attributes:
        device_classes, site_pks: empty for all.
    """

    map_pk: int
    udf: UdfFacts
    datto_udf_index: int | None = None
    datto_field: str = ""
    direction: Direction = Direction.TO_AUTOTASK
    steps: tuple[Step, ...] = ()
    empty_policy: EmptyPolicy = EmptyPolicy.KEEP
    is_volatile: bool = False
    device_classes: frozenset[str] = frozenset()
    datto_category: str = ""
    site_pks: frozenset[int] = frozenset()


class Agreed(NamedTuple):
    """What both sides of a mapping last agreed on."""

    datto: str
    autotask: str


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """The device's link as it stands.

    Attributes:
        basis: a person's, without an item, means that the person left the device out.
        reason: of the link as it stands, in words.
        item: the linked item, with all its facts; None when there is none.
        volatile_written_on: day (UTC) of the last write of values that change all the time.
        applied_type: what the type rule gave when it was last applied; None when nobody knows.
        agreed: {map_pk: values}.
        denied_item_pks: items of which a person said that the device is another machine.
        deletion_ticket_is_open: the ticket that tells of the deletion was written already.
    """

    state: State = State.NEW
    basis: Basis = Basis.NONE
    reason: str = ""
    item: ItemFacts | None = None
    volatile_written_on: date | None = None
    applied_type: TypeTarget | None = None
    agreed: Mapping[int, Agreed] = field(default_factory=dict)
    denied_item_pks: frozenset[int] = frozenset()
    deletion_ticket_is_open: bool = False


@dataclass(frozen=True, slots=True)
class PolicyFacts:
    """The device policy.

    Attributes:
        uid_udf: holds the device uid besides the reference number.
        default_category_id: Autotask's global default category, which a new item without one gets.
    """

    creates_items: bool = True
    includes_on_demand: bool = True
    when_deleted: WhenDeleted = WhenDeleted.DEACTIVATE
    deleted_grace_days: int = 0
    volatile_hours: int = 24
    guard_share_percent: int = 20
    guard_always: int = 25
    uid_udf: UdfFacts | None = None
    default_category_id: int | None = None
