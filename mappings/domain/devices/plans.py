"""What a plan consists of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from mappings.domain.devices.facts import Agreed, TypeTarget
from mappings.domain.devices.words import Basis, FindingKind, Operation, ReviewCause, State

#: A value of a field: ids, text, days, yes or no, and under "udfs" {name: text or None}; None is empty.
FieldValue = str | int | bool | date | Mapping[str, str | None] | Mapping[int, str] | None
Fields = Mapping[str, FieldValue]


@dataclass(frozen=True, slots=True)
class Loss:
    """A value that goes because both sides had changed it; `winner` is "datto_rmm" or "autotask"."""

    map_pk: int
    winner: str
    kept: str
    lost: str


@dataclass(frozen=True, slots=True)
class Change:
    """One vendor write.

    Attributes:
        item_pk: the item to write; None for `create_item`.
        autotask_company_id: for `create_item` and `move_item`, where the new item belongs.
        before, after: only what differs. Of items by the names of `ConfigurationItem`, with "udfs" as
            {name: text or None}; of `set_datto_udfs` {"udfs": {number: text}}, where "" clears.
        reason: one sentence for people.
        agreed: to record once applied, by map.
        losses: to record once applied.
        writes_volatile: once applied, today is the day on which volatile values were written.
        applied_type: to record once applied; None leaves what is recorded.
        is_guarded: counts for the guard against mass changes. New items, newly linked ones, what waits for a person
            anyway and what changes all the time do not.
    """

    operation: Operation
    reason: str
    item_pk: int | None = None
    autotask_company_id: int | None = None
    before: Fields = field(default_factory=dict)
    after: Fields = field(default_factory=dict)
    needs_approval: bool = False
    agreed: Mapping[int, Agreed] = field(default_factory=dict)
    losses: tuple[Loss, ...] = ()
    writes_volatile: bool = False
    applied_type: TypeTarget | None = None
    is_guarded: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """A drift for people.

    Attributes:
        key: the same drift has the same key in every run.
        item_pks: items concerned, the chief one first.
        detail: plain JSON values for the screen.
    """

    key: str
    kind: FindingKind
    summary: str
    device_pk: int | None = None
    item_pks: tuple[int, ...] = ()
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notice:
    """A value of a mapping that could not be used; to be told once per map. Map 0 is the policy's uid UDF."""

    map_pk: int
    text: str


@dataclass(frozen=True, slots=True)
class DevicePlan:
    """What to do about one device.

    Attributes:
        reason: one sentence for people, never empty.
        item_pk: the item the link should point at now; an item that is still to be created or moved to is linked
            by its operation. Write it only when it is another than the link had: in the same chunk an heir may have
            taken the item of a device that went.
        is_held_back: something has to be read first; nothing may be concluded from its having no changes.
        agreed, applied_type: to record at once; no write is needed for them.
        review_cause: why somebody should decide the contract; None when nothing calls for it.
    """

    device_pk: int
    state: State
    basis: Basis
    reason: str
    item_pk: int | None = None
    changes: tuple[Change, ...] = ()
    findings: tuple[Finding, ...] = ()
    notices: tuple[Notice, ...] = ()
    is_held_back: bool = False
    agreed: Mapping[int, Agreed] = field(default_factory=dict)
    applied_type: TypeTarget | None = None
    review_cause: ReviewCause | None = None
    type_rule_pk: int | None = None
