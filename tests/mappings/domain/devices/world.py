"""Both systems and our links in memory: plans are made of it as services make them, and applied as operations do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mappings.domain.devices.facts import (
    Candidates,
    Claimant,
    DeviceFacts,
    FieldMapFacts,
    ItemFacts,
    Key,
    LinkFacts,
    PolicyFacts,
    SiteFacts,
    TypeRule,
)
from mappings.domain.devices.identity import keys_of_device, keys_of_item
from mappings.domain.devices.planning import plan_device
from mappings.domain.devices.plans import Change, DevicePlan
from mappings.domain.devices.words import Basis, FindingKind, KeyKind, Operation
from tests.mappings.domain.devices.builders import NOW


@dataclass
class World:
    devices: dict[int, DeviceFacts]
    items: dict[int, ItemFacts]
    sites: Mapping[int, SiteFacts]
    rules: Sequence[TypeRule]
    maps: Sequence[FieldMapFacts]
    policy: PolicyFacts
    links: dict[int, LinkFacts] = field(default_factory=dict)
    losses: int = 0

    @property
    def _uid_name(self) -> str:
        return self.policy.uid_udf.name if self.policy.uid_udf else ""

    def _owner(self, item_pk: int) -> int | None:
        return next(
            (pk for pk, link in self.links.items() if link.item and link.item.item_pk == item_pk), None
        )

    def item(self, item_pk: int) -> ItemFacts:
        """An item with its link and everybody who shares a key with it."""
        plain = self.items[item_pk]
        owner = self._owner(item_pk)
        keys = set(keys_of_item(plain, self._uid_name))
        claimants = {
            (one.device_pk, key.kind): Claimant(
                one.device_pk,
                one.label,
                self.sites[one.site_pk].autotask_company_id,
                key.kind,
                self._settled_item_pk(one),
            )
            for one in self.devices.values()
            if not one.is_deleted
            for key in keys_of_device(one)
            if key in keys and (key.kind is KeyKind.UID or not self._is_denied(one.device_pk, item_pk))
        }
        return replace(
            plain,
            linked_device_pk=owner,
            linked_device_is_live=owner is not None and not self.devices[owner].is_deleted,
            claimants=tuple(claimants.values()),
        )

    def _settled_item_pk(self, one: DeviceFacts) -> int | None:
        link = self.links.get(one.device_pk, LinkFacts())
        item = None if link.item is None else self.items[link.item.item_pk]
        if item is None or item.is_missing:
            return None
        is_here = item.autotask_company_id == self.sites[one.site_pk].autotask_company_id
        return item.item_pk if item.is_active or is_here else None

    def _is_denied(self, device_pk: int, item_pk: int) -> bool:
        return item_pk in self.links.get(device_pk, LinkFacts()).denied_item_pks

    def candidates(self, one: DeviceFacts) -> Candidates:
        found: dict[Key, tuple[ItemFacts, ...]] = {}
        for key in keys_of_device(one):
            hits = [
                self.item(pk)
                for pk, plain in self.items.items()
                if key in keys_of_item(plain, self._uid_name)
            ]
            if hits:
                found[key] = tuple(hits)
        return found

    def link(self, device_pk: int) -> LinkFacts:
        link = self.links.get(device_pk, LinkFacts())
        return replace(link, item=self.item(link.item.item_pk)) if link.item else link

    def plan(self, device_pk: int, *, is_complete_read: bool = True) -> DevicePlan:
        one = self.devices[device_pk]
        return plan_device(
            one, self.sites[one.site_pk], self.link(device_pk), self.candidates(one), self.rules, self.maps,
            self.policy, NOW, is_complete_read=is_complete_read,
        )  # fmt: skip

    def run(
        self,
        order: Iterable[int],
        chunk: int = 2,
        *,
        is_complete_read: bool = True,
        is_same: bool | None = True,
    ) -> dict[int, DevicePlan]:
        """Plan in chunks, keeping links as they are planned; then apply everything, approvals too.

        Args:
            is_same: what a person says where a serial number stands at another organization: the same machine,
                another one, or nothing at all.
        """
        order = list(order)
        plans: dict[int, DevicePlan] = {}
        for start in range(0, len(order), chunk):
            part = {
                pk: self.plan(pk, is_complete_read=is_complete_read) for pk in order[start : start + chunk]
            }
            known = {pk: link.item.item_pk for pk in part if (link := self.links.get(pk)) and link.item}
            for device_pk, plan in part.items():
                self._keep_link(device_pk, plan, has_new_item=plan.item_pk != known.get(device_pk))
            plans |= part
        for device_pk, plan in plans.items():
            question = next((one for one in plan.findings if one.kind is FindingKind.ELSEWHERE), None)
            if question is not None and is_same is not True:
                if is_same is False:
                    self.deny(device_pk, question.item_pks)
                continue
            for change in plan.changes:
                self._apply(device_pk, change)
        return plans

    def deny(self, device_pk: int, item_pks: Iterable[int]) -> None:
        """Say that a device is another machine than what these items stand for."""
        link = self.links.get(device_pk, LinkFacts())
        self.links[device_pk] = replace(link, denied_item_pks=link.denied_item_pks | set(item_pks))

    def _keep_link(self, device_pk: int, plan: DevicePlan, *, has_new_item: bool) -> None:
        link = self.links.get(device_pk, LinkFacts())
        link = replace(
            link,
            state=plan.state,
            basis=plan.basis,
            applied_type=plan.applied_type or link.applied_type,
            agreed={**link.agreed, **plan.agreed},
        )
        if has_new_item:
            self._set_link(device_pk, link, plan.item_pk)
        else:
            # Not written again: in the same chunk an heir may have taken the item of a device that went.
            self.links[device_pk] = link

    def _set_link(self, device_pk: int, link: LinkFacts, item_pk: int | None) -> None:
        if item_pk is not None:
            owner = self._owner(item_pk)
            if owner not in {None, device_pk}:
                assert owner is not None
                assert self.devices[owner].is_deleted, f"devices {owner} and {device_pk} claim item {item_pk}"
                self.links[owner] = replace(self.links[owner], item=None)
        self.links[device_pk] = replace(link, item=None if item_pk is None else self.items[item_pk])

    def _apply(self, device_pk: int, change: Change) -> None:
        link = self.links[device_pk]
        item_pk = change.item_pk
        if change.operation is Operation.SET_DATTO_UDFS:
            one = self.devices[device_pk]
            numbers: Any = change.after["udfs"]
            self.devices[device_pk] = replace(one, udfs={**one.udfs, **numbers})
        elif change.operation is Operation.OPEN_TICKET:
            link = replace(link, deletion_ticket_is_open=True)
        elif change.operation in {Operation.CREATE_ITEM, Operation.MOVE_ITEM}:
            assert change.autotask_company_id is not None
            new_pk = max(self.items, default=0) + 1
            blank = ItemFacts(new_pk, 100 + new_pk, change.autotask_company_id, autotask_category_id=30)
            if change.operation is Operation.MOVE_ITEM:
                assert item_pk is not None
                old = self.items[item_pk]
                self.items[item_pk] = replace(old, is_active=False)
                blank = replace(old, item_pk=new_pk, autotask_configuration_item_id=100 + new_pk)
            self.items[new_pk] = _written(blank, change)
            self._set_link(device_pk, replace(link, basis=Basis.CREATED), new_pk)
            link = self.links[device_pk]
        else:
            assert item_pk is not None
            self.items[item_pk] = _written(self.items[item_pk], change)
        self.losses += len(change.losses)
        self.links[device_pk] = replace(
            link,
            agreed={**link.agreed, **change.agreed},
            applied_type=change.applied_type or link.applied_type,
            volatile_written_on=NOW.date() if change.writes_volatile else link.volatile_written_on,
        )


def _written(item: ItemFacts, change: Change) -> ItemFacts:
    """The item after a write, which must have been planned on what is really there."""
    after: dict[str, Any] = dict(change.after)
    for name, value in change.before.items():
        if name == "udfs":
            udfs: Any = value
            assert {key: item.udfs.get(key) for key in udfs} == udfs
        else:
            assert getattr(item, name) == value, name
    udfs = after.pop("udfs", {})
    return replace(item, **after, udfs={**item.udfs, **udfs})
