"""What to do about one device: link, create, update, move or leave alone. Pure.

Every plan carries its reason. Planning again what was applied gives no changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from mappings.domain.devices.desired import TYPE_FIELDS, diff_item, new_item
from mappings.domain.devices.facts import (
    Candidates,
    DeviceFacts,
    FieldMapFacts,
    ItemFacts,
    LinkFacts,
    PolicyFacts,
    SiteFacts,
    TypeRule,
)
from mappings.domain.devices.fieldmaps import FieldsPlan, plan_fields, volatile_is_due
from mappings.domain.devices.ladder import Match, Outcome, match_item, without_denied
from mappings.domain.devices.lifecycle import find_duplicates, plan_deleted
from mappings.domain.devices.plans import Change, DevicePlan, FieldValue, Finding
from mappings.domain.devices.types import kind_of, pick_rule
from mappings.domain.devices.words import Basis, FindingKind, Operation, ReviewCause, State

#: Stands for the policy's uid UDF among the mappings; no row has this id.
UID_MAP_PK = 0


def plan_device(
    device: DeviceFacts,
    site: SiteFacts,
    link: LinkFacts,
    candidates: Candidates,
    rules: Sequence[TypeRule],
    maps: Sequence[FieldMapFacts],
    policy: PolicyFacts,
    now: datetime,
    *,
    is_complete_read: bool,
) -> DevicePlan:
    """Return what to do about one device.

    Args:
        site: where the device is now, with its organization.
        candidates: items that share a key with the device, the linked one among them or not.
        maps: active field mappings.
        is_complete_read: every page of Datto RMM's devices was read; else no deletion is concluded.
    """
    if device.is_deleted:
        return plan_deleted(device, link, policy, now, is_complete_read=is_complete_read)
    return _Planner(device, site, link, candidates, rules, maps, policy, now).plan()


class _Planner:
    """One device that is there."""

    def __init__(
        self,
        device: DeviceFacts,
        site: SiteFacts,
        link: LinkFacts,
        candidates: Candidates,
        rules: Sequence[TypeRule],
        maps: Sequence[FieldMapFacts],
        policy: PolicyFacts,
        now: datetime,
    ) -> None:
        self._device, self._site, self._link = device, site, link
        self._candidates, self._rules, self._policy = candidates, rules, policy
        self._maps = tuple(maps)
        if policy.uid_udf is not None:
            self._maps = (FieldMapFacts(UID_MAP_PK, policy.uid_udf, datto_field="device_uid"), *self._maps)
        self._now = now
        self._company_id = 0
        self._rule = TypeRule(0)

    def plan(self) -> DevicePlan:
        """Return the plan: who is left out first, then who is linked, then the ladder."""
        site = self._site
        if self._link.item is None and self._link.basis is Basis.PERSON:
            # Its reason is the person's own words as long as nothing else was said since.
            words = self._link.reason if self._link.state is State.EXCLUDED else ""
            return self._leave(State.EXCLUDED, words or "A person left it out.")
        if not site.is_mapped or site.autotask_company_id is None:
            return self._leave(State.UNMAPPED, f"Its site {site.name} has no confirmed organization.")
        if not site.devices_enabled:
            return self._leave(State.EXCLUDED, f"Devices of its site {site.name} are not synchronised.")
        if site.is_on_demand and not self._policy.includes_on_demand:
            return self._leave(State.EXCLUDED, "By policy, On-Demand sites are not synchronised.")
        try:
            self._rule = pick_rule(kind_of(self._device), self._rules)
        except LookupError as error:
            return self._leave(State.FAILED, str(error))
        if not self._rule.is_synced:
            return self._leave(
                State.EXCLUDED, f"By the device type rule {self._rule.label} it is not synchronised."
            )
        self._company_id = site.autotask_company_id
        item = self._link.item
        return self._find() if item is None else self._linked(item)

    def _leave(
        self, state: State, reason: str, findings: tuple[Finding, ...] = (), *, is_held_back: bool = False
    ) -> DevicePlan:
        item = self._link.item
        return DevicePlan(
            self._device.device_pk,
            state,
            self._link.basis,
            reason,
            None if item is None else item.item_pk,
            findings=findings,
            is_held_back=is_held_back,
            type_rule_pk=self._rule.rule_pk or None,
        )

    def _linked(self, item: ItemFacts) -> DevicePlan:
        if item.is_missing:
            gone = self._finding(FindingKind.ITEM_GONE, f"Autotask no longer returns {item.label}.", item)
            return self._find(gone)
        if item.autotask_company_id != self._company_id:
            # An inactive one was left behind by a move made by hand.
            return self._move(item) if item.is_active else self._find()
        if item.is_active:
            return self._keep(item, self._link.basis, f"Linked to {item.label}.")
        if self._link.state is State.GONE:
            return self._keep(
                item, self._link.basis, f"It is back; {item.label} is activated again.", is_returned=True
            )
        return self._leave(
            State.LINKED,
            f"{item.label} was deactivated in Autotask; nothing is written to it.",
            (
                self._finding(
                    FindingKind.ITEM_INACTIVE,
                    f"{self._device.label} is in use, but {item.label} was deactivated in Autotask.",
                    item,
                ),
            ),
        )

    def _find(self, gone: Finding | None = None) -> DevicePlan:
        """Climb the ladder; `gone` tells of a linked item that vanished."""
        others = {
            key: tuple(
                one for one in ones if self._link.item is None or one.item_pk != self._link.item.item_pk
            )
            for key, ones in self._candidates.items()
        }
        match = match_item(
            self._device,
            self._company_id,
            self._rule.target.autotask_type_id,
            others,
            self._link.denied_item_pks,
        )
        findings = () if gone is None else (gone,)
        if match.outcome is Outcome.HELD:
            return self._leave(
                self._link.state, f"Waits: {_lower(match.reason)}", findings, is_held_back=True
            )
        if match.outcome is Outcome.MOVED and match.item is not None:
            return self._move(match.item)
        if match.outcome is Outcome.ELSEWHERE and match.item is not None:
            return self._ask_to_move(match.item, gone)
        if match.outcome is Outcome.FOUND and match.item is not None:
            return self._adopt(match, match.item)
        if match.outcome is Outcome.NOTHING:
            return self._create(match, gone)
        kind = FindingKind.AMBIGUOUS if match.outcome is Outcome.AMBIGUOUS else FindingKind.SHARED
        question = Finding(
            f"{kind.value}:{self._device.device_pk}",
            kind,
            f"{self._device.label}: {match.reason}",
            self._device.device_pk,
            tuple(one.item_pk for one in match.items),
            {
                "trail": list(match.trail),
                "devices": [{"device_pk": one.device_pk, "label": one.label} for one in match.rivals],
            },
        )
        return self._leave(State.AMBIGUOUS, match.reason, (*findings, question))

    def _adopt(self, match: Match, item: ItemFacts) -> DevicePlan:
        is_returned = not item.is_active or item.linked_device_pk not in {None, self._device.device_pk}
        plan = self._keep(item, match.basis, match.reason, is_returned=is_returned, is_new_link=True)
        if not is_returned:
            return replace(plan, review_cause=ReviewCause.NEW)
        back = self._finding(
            FindingKind.RETURNED, f"{self._device.label} came back; it is {item.label} as before.", item
        )
        return replace(plan, findings=(*plan.findings, back))

    def _keep(
        self,
        item: ItemFacts,
        basis: Basis,
        reason: str,
        *,
        is_returned: bool = False,
        is_new_link: bool = False,
    ) -> DevicePlan:
        target = self._rule.target
        applied = None if is_new_link else self._link.applied_type
        difference = diff_item(self._device, self._site, item, target, applied, is_returned=is_returned)
        is_retyped = not is_new_link and any(difference.before.get(name) is not None for name in TYPE_FIELDS)
        category = difference.after.get("autotask_category_id", item.autotask_category_id)
        fields = self._fields(item, category, is_new_link=is_new_link)
        is_guarded = not is_new_link and not is_returned and (bool(difference.after) or fields.writes_lasting)
        if fields.item_after:
            difference.add("udfs", fields.item_before, fields.item_after)
        changes = []
        if difference.after:
            changes.append(
                Change(
                    Operation.REACTIVATE_ITEM if "is_active" in difference.after else Operation.UPDATE_ITEM,
                    reason if is_new_link or is_returned else _what_differs(difference.after),
                    item.item_pk,
                    before=difference.before,
                    after=difference.after,
                    agreed=fields.agreed_by_item,
                    losses=tuple(fields.losses_by_item),
                    writes_volatile=fields.writes_volatile,
                    applied_type=target,
                    is_guarded=is_guarded,
                )
            )
        changes += self._datto_changes(fields, item, is_new_link=is_new_link)
        cause = ReviewCause.RETURNED if is_returned else (ReviewCause.RETYPED if is_retyped else None)
        return DevicePlan(
            self._device.device_pk,
            State.LINKED,
            basis,
            reason,
            item.item_pk,
            tuple(changes),
            find_duplicates(self._device, item, without_denied(self._candidates, self._link.denied_item_pks)),
            tuple(fields.notices),
            agreed=fields.agreed,
            applied_type=None if difference.after or applied == target else target,
            review_cause=cause,
            type_rule_pk=self._rule.rule_pk,
        )

    def _create(self, match: Match, gone: Finding | None) -> DevicePlan:
        findings = () if gone is None else (gone,)
        if not self._policy.creates_items:
            return self._leave(
                State.EXCLUDED, f"{match.reason} By policy, missing ones are not created.", findings
            )
        target = self._rule.target
        if target.autotask_product_id is None:
            return self._leave(
                State.FAILED,
                f"The device type rule {self._rule.label} has no product, and Autotask needs one. Choose a product.",
                findings,
            )
        fields = self._fields(None, target.autotask_category_id, is_new_link=True)
        after = new_item(self._device, self._site, target)
        if fields.item_after:
            after["udfs"] = fields.item_after
        reason = match.reason if gone is None else f"{gone.summary} {match.reason}"
        change = Change(
            Operation.CREATE_ITEM,
            reason,
            autotask_company_id=self._company_id,
            after=after,
            needs_approval=gone is not None,
            agreed=fields.agreed_by_item,
            losses=tuple(fields.losses_by_item),
            writes_volatile=fields.writes_volatile,
            applied_type=target,
        )
        return DevicePlan(
            self._device.device_pk,
            State.PENDING,
            self._link.basis,
            f"{reason} One is created.",
            None if self._link.item is None else self._link.item.item_pk,
            (change,),
            findings,
            tuple(fields.notices),
            review_cause=ReviewCause.NEW,
            type_rule_pk=self._rule.rule_pk,
        )

    def _ask_to_move(self, item: ItemFacts, gone: Finding | None) -> DevicePlan:
        """Propose the move of an item that has the device's serial number under another organization."""
        here = self._site.company_name or self._site.name
        there = item.company_name or "another organization"
        reason = f"{item.label} has its serial number and stands under {there}; its site belongs to {here}."
        question = replace(
            self._finding(FindingKind.ELSEWHERE, f"{self._device.label}: {reason}", item),
            # By their ids: a name that changes makes no other question of it.
            detail={
                "company_name": item.company_name,
                "company_ids": [item.autotask_company_id, self._company_id],
            },
        )
        held = self._link.item
        return replace(
            self._move(item, reason),
            item_pk=None if held is None else held.item_pk,
            basis=self._link.basis,
            findings=(question,) if gone is None else (gone, question),
            reason=f"{reason} A person decides whether it is the same machine.",
        )

    def _move(self, item: ItemFacts, reason: str = "") -> DevicePlan:
        target, site = self._rule.target, self._site
        home = site.company_name or site.name
        reason = reason or f"{item.label} belongs to another organization than the device's site, {home}."
        difference = diff_item(self._device, site, item, target, self._link.applied_type)
        category = difference.after.get("autotask_category_id", item.autotask_category_id)
        fields = self._fields(item, category, is_new_link=False)
        difference.add("autotask_company_id", item.autotask_company_id, self._company_id)
        if site.autotask_location_id is None and item.autotask_location_id is not None:
            difference.add("autotask_location_id", item.autotask_location_id, None)
        if fields.item_after:
            difference.add("udfs", fields.item_before, fields.item_after)
        change = Change(
            Operation.MOVE_ITEM,
            reason,
            item.item_pk,
            self._company_id,
            difference.before,
            difference.after,
            needs_approval=True,
            agreed=fields.agreed_by_item,
            losses=tuple(fields.losses_by_item),
            writes_volatile=fields.writes_volatile,
            applied_type=target,
        )
        linked = self._link.item is not None and self._link.item.item_pk == item.item_pk
        return DevicePlan(
            self._device.device_pk,
            State.MOVED,
            self._link.basis if linked else Basis.NONE,
            f"{reason} It can be moved by copying it there and deactivating the old one.",
            item.item_pk if linked else None,
            (change,),
            (self._finding(FindingKind.MOVED, f"{self._device.label}: {reason}", item),),
            tuple(fields.notices),
            review_cause=ReviewCause.MOVED,
            type_rule_pk=self._rule.rule_pk,
        )

    def _fields(self, item: ItemFacts | None, category: FieldValue, *, is_new_link: bool) -> FieldsPlan:
        return plan_fields(
            self._device,
            self._site,
            item,
            self._maps,
            # What was agreed with another item says nothing of this one.
            {} if is_new_link else self._link.agreed,
            category_id=category if isinstance(category, int) else self._policy.default_category_id,
            is_volatile_due=is_new_link
            or volatile_is_due(self._link.volatile_written_on, self._now, self._policy.volatile_hours),
        )

    def _datto_changes(self, fields: FieldsPlan, item: ItemFacts, *, is_new_link: bool) -> list[Change]:
        if not fields.datto_after:
            return []
        numbers = ", ".join(str(number) for number in sorted(fields.datto_after))
        return [
            Change(
                Operation.SET_DATTO_UDFS,
                f"By field mappings, UDF {numbers} follows Autotask.",
                item.item_pk,
                before={"udfs": fields.datto_before},
                after={"udfs": fields.datto_after},
                agreed=fields.agreed_by_datto,
                is_guarded=not is_new_link,
            )
        ]

    def _finding(self, kind: FindingKind, summary: str, item: ItemFacts) -> Finding:
        return Finding(
            f"{kind.value}:{self._device.device_pk}", kind, summary, self._device.device_pk, (item.item_pk,)
        )


def _what_differs(after: dict[str, FieldValue]) -> str:
    words = [
        name.removeprefix("autotask_").removesuffix("_id").replace("_", " ")
        for name in after
        if name != "udfs"
    ]
    udfs = after.get("udfs")
    if isinstance(udfs, dict):
        words += [f"UDF {name}" for name in udfs]
    return f"Differs: {', '.join(words)}."


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
