"""Field mappings tried on one device: before, after, and what would be sent. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mappings.domain.devices.dattofields import DATTO_FIELDS
from mappings.domain.devices.facts import DeviceFacts, FieldMapFacts, SiteFacts, UdfFacts
from mappings.domain.devices.fieldmaps import FieldsPlan, map_fits, plan_fields
from mappings.domain.devices.transforms import udf_value
from mappings.domain.devices.types import DeviceKind, pick_rule
from mappings.domain.devices.udfvalues import Problem, from_udf
from mappings.domain.devices.words import Direction
from mappings.models import ConfigurationItem, ConfigurationItemCategory, Device
from mappings.services.devices.loading import DeviceCase, load_cases
from mappings.services.devices.types import load_rules
from mappings.services.udf_labels import name_udf, read_labels


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One mapping on one device.

    Attributes:
        source: what the source holds, as text.
        before, after: of the side that would be written; `after` is what it would hold.
        is_sent: it differs, so it would be written.
        note: why nothing is written.
    """

    label: str
    target: str
    source: str
    before: str
    after: str
    is_sent: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class DeviceTrial:
    """What mappings would do to one device; nothing was written."""

    device: Device
    item: ConfigurationItem | None
    category: ConfigurationItemCategory | None
    rows: tuple[TrialRow, ...]
    to_autotask: Mapping[str, str | None] = field(default_factory=dict)
    to_datto: Mapping[int, str] = field(default_factory=dict)


def try_on_device(
    maps: Sequence[FieldMapFacts], device_pk: int, *, read_indexes: Iterable[int]
) -> DeviceTrial:
    """Return what mappings would do to one device now. Nothing is written or asked of a vendor.

    Args:
        maps: also unsaved ones (with map_pk 0).
        device_pk: row id.
        read_indexes: Datto RMM UDFs that are read from devices, since a saved mapping uses them.

    Raises:
        LookupError: no such device.
    """
    cases = load_cases([device_pk])
    if not cases:
        raise LookupError(f"device: there is no {device_pk}.")
    case = cases[0]
    category_id = _category_of(case)
    plan = plan_fields(
        case.device,
        case.site,
        case.link.item,
        maps,
        case.link.agreed,
        category_id=category_id,
        is_volatile_due=True,
    )
    notes = {notice.map_pk: notice.text for notice in plan.notices}
    known = frozenset(read_indexes)
    labels = read_labels()
    rows = tuple(_row(one, case, plan, notes.get(one.map_pk, ""), known, labels) for one in maps)
    item = (
        ConfigurationItem.objects.filter(pk=case.link.item.item_pk).first()
        if case.link.item is not None
        else None
    )
    category = (
        ConfigurationItemCategory.objects.filter(autotask_category_id=category_id).first()
        if category_id is not None
        else None
    )
    return DeviceTrial(case.row, item, category, rows, plan.item_after, plan.datto_after)


def _category_of(case: DeviceCase) -> int | None:
    item = case.link.item
    if item is not None and item.autotask_category_id is not None:
        return item.autotask_category_id
    device = case.device
    rule = pick_rule(DeviceKind(device.category, device.device_type, device.device_class), load_rules())
    if rule.target.autotask_category_id is not None:
        return rule.target.autotask_category_id
    return (
        ConfigurationItemCategory.objects.filter(is_global_default=True)
        .values_list("autotask_category_id", flat=True)
        .first()
    )


def _row(
    one: FieldMapFacts,
    case: DeviceCase,
    plan: FieldsPlan,
    note: str,
    read_indexes: frozenset[int],
    labels: Mapping[int, str],
) -> TrialRow:
    number, name = one.datto_udf_index, one.udf.name
    datto = (
        case.device.udfs.get(number, "")
        if number is not None
        else _read(one.datto_field, case.device, case.site)
    )
    label = name_udf(number, labels) if number is not None else _label(one.datto_field)
    held = case.link.item.udfs.get(name) if case.link.item is not None else None
    if not map_fits(one, case.device):
        return TrialRow(
            label, name, datto, held or "", held or "", is_sent=False, note="The filter leaves it out."
        )
    if number is not None and number not in read_indexes and not datto:
        note = note or (
            f"UDF {number} of this device has not been read yet, because no saved mapping uses it. "
            "Save the mapping and refresh the device to see its value."
        )
    if one.direction is Direction.FROM_AUTOTASK and number is not None:
        after = plan.datto_after.get(number, datto)
        return TrialRow(
            name, label, _shown(one.udf, held), datto, after, is_sent=number in plan.datto_after, note=note
        )
    if number is not None and number in plan.datto_after:
        return TrialRow(
            name, label, _shown(one.udf, held), datto, plan.datto_after[number], is_sent=True, note=note
        )
    is_sent = name in plan.item_after
    desired = plan.item_after[name] if is_sent else held
    if not is_sent and not note:
        value = udf_value(one.steps, datto, one.udf)
        if isinstance(value, Problem):
            note = value.text
        elif not value and held:
            note = "The device has no value; what is in Autotask is kept."
        else:
            note = "Both sides hold the same already."
    return TrialRow(
        label, name, datto, _shown(one.udf, held), _shown(one.udf, desired), is_sent=is_sent, note=note
    )


def _read(name: str, device: DeviceFacts, site: SiteFacts) -> str:
    source = DATTO_FIELDS.get(name)
    return source.read(device, site) if source is not None else ""


def _label(name: str) -> str:
    source = DATTO_FIELDS.get(name)
    return source.label if source is not None else name


def _shown(udf: UdfFacts, value: str | None) -> str:
    """Return a value as people read it: a list entry by its label."""
    text = from_udf(udf, value)
    return (value or "") if isinstance(text, Problem) else text
