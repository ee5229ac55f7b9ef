"""What field mappings write, to Autotask and to Datto RMM. Pure.

To Autotask: the device's value through the steps; an empty one keeps or clears by the mapping's policy. From
Autotask: the item's value, as people read it, through the steps. Both ways: who changed its value since both last
agreed wins; if both did, Datto RMM wins and the other value is kept as a loss; when they never agreed, a value wins
over none. Two mappings may not write the same place: the older one does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from mappings.domain.devices.dattofields import read_field
from mappings.domain.devices.facts import Agreed, DeviceFacts, FieldMapFacts, ItemFacts, SiteFacts
from mappings.domain.devices.plans import Loss, Notice
from mappings.domain.devices.transforms import run_steps, udf_value
from mappings.domain.devices.udfvalues import Problem, canonical, from_udf, is_masked, is_same
from mappings.domain.devices.words import Direction, EmptyPolicy

#: Datto RMM keeps no longer value.
DATTO_UDF_LENGTH = 255
_HOURS_A_DAY = 24
_ORDER = {Direction.TWO_WAY: 0, Direction.TO_AUTOTASK: 1, Direction.FROM_AUTOTASK: 2}


@dataclass(slots=True)
class FieldsPlan:
    """What the mappings want of one device.

    Attributes:
        item_before, item_after: UDFs of the item that differ, {name: text or None}.
        datto_before, datto_after: UDFs of the device that differ, {number: text}; "" clears.
        agreed: what both sides hold alike already, and was not recorded.
        agreed_by_item, agreed_by_datto: to record once the write to that side is done; losses likewise.
        writes_volatile: some of `item_after` changes all the time.
        writes_lasting: some of it does not.
    """

    item_before: dict[str, str | None] = field(default_factory=dict)
    item_after: dict[str, str | None] = field(default_factory=dict)
    datto_before: dict[int, str] = field(default_factory=dict)
    datto_after: dict[int, str] = field(default_factory=dict)
    agreed: dict[int, Agreed] = field(default_factory=dict)
    agreed_by_item: dict[int, Agreed] = field(default_factory=dict)
    agreed_by_datto: dict[int, Agreed] = field(default_factory=dict)
    losses_by_item: list[Loss] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    writes_volatile: bool = False
    writes_lasting: bool = False


def volatile_is_due(written_on: date | None, now: datetime, volatile_hours: int) -> bool:
    """Return whether values that change all the time may be written again.

    Only the day of the last write is known, so hours are rounded up to whole days; 0 hours is always.
    """
    if written_on is None or volatile_hours <= 0:
        return True
    return now.date() - written_on >= timedelta(days=-(-volatile_hours // _HOURS_A_DAY))


def map_fits(one: FieldMapFacts, device: DeviceFacts) -> bool:
    """Return whether a mapping's filter lets the device through."""
    classes = {name.casefold() for name in one.device_classes}
    return (
        (not classes or device.device_class.casefold() in classes)
        and (
            not one.datto_category
            or one.datto_category.strip().casefold() == device.category.strip().casefold()
        )
        and (not one.site_pks or device.site_pk in one.site_pks)
    )


def plan_fields(
    device: DeviceFacts,
    site: SiteFacts,
    item: ItemFacts | None,
    maps: Sequence[FieldMapFacts],
    agreed: Mapping[int, Agreed],
    *,
    category_id: int | None,
    is_volatile_due: bool,
) -> FieldsPlan:
    """Return what all mappings want of one device.

    Args:
        item: None when it is still to be created; then nothing is read from it.
        category_id: the category the item has or will have; UDFs of other categories are left out, and told.
    """
    work = _Work(device, site, item, agreed, category_id, is_volatile_due)
    for one in sorted(maps, key=lambda one: (_ORDER[one.direction], one.map_pk)):
        if map_fits(one, device):
            work.add(one)
    return work.plan


class _Work:
    """Collects the plan; later mappings see what earlier ones will have written."""

    def __init__(
        self,
        device: DeviceFacts,
        site: SiteFacts,
        item: ItemFacts | None,
        agreed: Mapping[int, Agreed],
        category_id: int | None,
        is_volatile_due: bool,  # noqa: FBT001 - passed on as it came
    ) -> None:
        self.plan = FieldsPlan()
        self._device, self._site, self._item = device, site, item
        self._known = agreed
        self._category_id = category_id
        self._is_volatile_due = is_volatile_due
        self._written_names: set[str] = set()
        self._written_numbers: set[int] = set()
        self._read_numbers: set[int] = set()

    def add(self, one: FieldMapFacts) -> None:
        number = one.datto_udf_index
        if not self._may(one):
            return
        if one.direction is not Direction.FROM_AUTOTASK:
            self._written_names.add(one.udf.name)
            if number is not None:
                self._read_numbers.add(number)
        if one.direction is not Direction.TO_AUTOTASK and number is not None:
            self._written_numbers.add(number)
        if one.is_volatile and not self._is_volatile_due:
            return
        match one.direction:
            case Direction.TO_AUTOTASK:
                self._to_autotask(one)
            case Direction.FROM_AUTOTASK:
                self._from_autotask(one)
            case Direction.TWO_WAY:
                self._two_way(one)

    def _may(self, one: FieldMapFacts) -> bool:
        udf, number = one.udf, one.datto_udf_index
        if not udf.is_active:
            return self._tell(
                one, f"{udf.name} is inactive in Autotask. Activate it there, or switch the mapping off."
            )
        if self._category_id not in udf.category_ids:
            return self._tell(
                one,
                f"{udf.name} is not part of the configuration item's category. Associate it with the category.",
            )
        if self._item is not None and is_masked(self._item.udfs.get(udf.name)):
            return self._tell(
                one,
                f"{udf.name} is protected. Give the API user access to protected data, or choose another UDF.",
            )
        if one.direction is Direction.FROM_AUTOTASK:
            is_taken = number in self._written_numbers or number in self._read_numbers
            place = f"Datto RMM's UDF {number}"
        else:
            is_taken = udf.name in self._written_names or (
                one.direction is Direction.TWO_WAY and number in self._written_numbers
            )
            place = udf.name
        if is_taken:
            return self._tell(one, f"Another mapping already keeps {place} in step. Switch one of them off.")
        return True

    def _tell(self, one: FieldMapFacts, text: str) -> bool:
        self.plan.notices.append(Notice(one.map_pk, text))
        return False

    def _datto_text(self, one: FieldMapFacts) -> str:
        number = one.datto_udf_index
        if number is None:
            return read_field(one.datto_field, self._device, self._site)
        return self.plan.datto_after.get(number, self._device.udfs.get(number, "")).strip()

    def _item_text(self, one: FieldMapFacts) -> str:
        name = one.udf.name
        if name in self.plan.item_after:
            return canonical(one.udf, self.plan.item_after[name])
        return canonical(one.udf, None if self._item is None else self._item.udfs.get(name))

    def _set_item(self, one: FieldMapFacts, value: str) -> None:
        name = one.udf.name
        self.plan.item_before[name] = None if self._item is None else self._item.udfs.get(name)
        self.plan.item_after[name] = value or None
        self.plan.writes_volatile |= one.is_volatile
        self.plan.writes_lasting |= not one.is_volatile

    def _set_datto(self, number: int, value: str) -> None:
        self.plan.datto_before[number] = self._device.udfs.get(number, "")
        self.plan.datto_after[number] = value

    def _to_autotask(self, one: FieldMapFacts) -> None:
        value = udf_value(one.steps, self._datto_text(one), one.udf)
        if isinstance(value, Problem):
            self._tell(one, value.text)
            return
        if not is_same(one.udf, value, self._item_text(one)) and (
            value or one.empty_policy is EmptyPolicy.CLEAR
        ):
            self._set_item(one, value)

    def _from_autotask(self, one: FieldMapFacts) -> None:
        number = one.datto_udf_index
        if number is None or self._item is None:
            return
        text = from_udf(one.udf, self._item_text(one))
        value = text if isinstance(text, Problem) else run_steps(one.steps, text, one.udf)
        if isinstance(value, Problem):
            self._tell(one, value.text)
        elif len(value) > DATTO_UDF_LENGTH:
            self._tell(one, f"Datto RMM keeps at most {DATTO_UDF_LENGTH} characters. Add the step 'cut'.")
        elif value.strip() != self._datto_text(one) and (value or one.empty_policy is EmptyPolicy.CLEAR):
            self._set_datto(number, value.strip())

    def _two_way(self, one: FieldMapFacts) -> None:
        datto, autotask = self._datto_text(one), self._item_text(one)
        value = udf_value(one.steps, datto, one.udf)
        if isinstance(value, Problem):
            self._tell(one, value.text)
            return
        known = self._known.get(one.map_pk)
        if is_same(one.udf, value, autotask):
            now = Agreed(datto, autotask)
            if known != now and self._item is not None:
                self.plan.agreed[one.map_pk] = now
            return
        if known is None:
            has_datto_changed, has_autotask_changed = bool(value), bool(autotask)
        else:
            has_datto_changed = datto != known.datto
            has_autotask_changed = not is_same(one.udf, autotask, known.autotask)
        if has_autotask_changed and not has_datto_changed:
            self._back(one, autotask)
        elif value or one.empty_policy is EmptyPolicy.CLEAR:
            self._set_item(one, value)
            self.plan.agreed_by_item[one.map_pk] = Agreed(datto, canonical(one.udf, value))
            if has_datto_changed and has_autotask_changed:
                self.plan.losses_by_item.append(Loss(one.map_pk, "datto_rmm", value, autotask))

    def _back(self, one: FieldMapFacts, autotask: str) -> None:
        number = one.datto_udf_index
        if number is None or (not autotask and one.empty_policy is EmptyPolicy.KEEP):
            return
        text = from_udf(one.udf, autotask)
        again = text if isinstance(text, Problem) else udf_value(one.steps, text, one.udf)
        if isinstance(text, Problem):
            self._tell(one, text.text)
        elif isinstance(again, Problem) or not is_same(one.udf, again, autotask):
            # Written back it would change again at the next look, for ever.
            self._tell(
                one,
                f"The steps cannot be turned round: {one.udf.name} would not keep its value. Remove them.",
            )
        elif len(text) > DATTO_UDF_LENGTH:
            self._tell(
                one, f"Datto RMM keeps at most {DATTO_UDF_LENGTH} characters; {one.udf.name} holds more."
            )
        else:
            self._set_datto(number, text)
            self.plan.agreed_by_datto[one.map_pk] = Agreed(text, autotask)
