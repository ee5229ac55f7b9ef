"""Which configuration item a device without a link stands for. Pure.

The rungs, from sure to unsure: device uid whatever the organization, serial number, MAC address, host name; the
last three within the organization only, the last one also within the configuration item type. The first rung that
finds anything decides. Unless it finds exactly one item that is free, and no other live device has as good a claim
on that item, nothing is linked and a person decides. When none finds anything, a serial number that stands at another
organization is a question too: the machine may have come from there without anybody saying so. Once a person has said
that a device is another machine than an item, that item counts for it by its device uid only.

Every live device that shares a key with an item counts, whatever has been linked so far, so the answer does not
depend on the order in which devices are looked at, and two devices can never be given the same item.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from enum import StrEnum

from mappings.domain.devices.facts import Candidates, Claimant, DeviceFacts, ItemFacts
from mappings.domain.devices.identity import keys_of_device, normalise_serial, serial_of_device
from mappings.domain.devices.words import Basis, KeyKind

_ORDER = {kind: place for place, kind in enumerate(KeyKind)}
_WORDS = {
    KeyKind.UID: "device uid",
    KeyKind.SERIAL: "serial number",
    KeyKind.MAC: "MAC address",
    KeyKind.HOSTNAME: "host name",
}
_BASES = {
    KeyKind.UID: Basis.UID,
    KeyKind.SERIAL: Basis.SERIAL,
    KeyKind.MAC: Basis.MAC,
    KeyKind.HOSTNAME: Basis.HOSTNAME,
}


class Outcome(StrEnum):
    """What the ladder found."""

    FOUND = "found"
    MOVED = "moved"
    ELSEWHERE = "elsewhere"
    NOTHING = "nothing"
    AMBIGUOUS = "ambiguous"
    SHARED = "shared"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Match:
    """What the ladder found for a device.

    Attributes:
        reason: one sentence for people.
        item: of `found`, `moved` and `elsewhere`.
        basis: the rung that decided.
        items: everything that came into question on that rung.
        rivals: other devices with as good a claim.
        trail: what each rung said, in order.
    """

    outcome: Outcome
    reason: str
    item: ItemFacts | None = None
    basis: Basis = Basis.NONE
    items: tuple[ItemFacts, ...] = ()
    rivals: tuple[Claimant, ...] = ()
    trail: tuple[str, ...] = ()


def without_denied(candidates: Candidates, denied: Set[int]) -> Candidates:
    """Return candidates without the items that a person told apart from the device; a device uid says more."""
    if not denied:
        return candidates
    return {
        key: ones if key.kind is KeyKind.UID else tuple(one for one in ones if one.item_pk not in denied)
        for key, ones in candidates.items()
    }


def match_item(
    device: DeviceFacts,
    autotask_company_id: int,
    autotask_type_id: int | None,
    candidates: Candidates,
    denied: Set[int] = frozenset(),
) -> Match:
    """Climb the ladder for one device.

    Args:
        autotask_company_id: the organization of its site.
        autotask_type_id: the configuration item type that its type rule gives; None fits any.
        candidates: items that share a key with the device, whatever their organization, activity and links.
        denied: row ids of items of which a person said that the device is another machine.
    """
    keys = keys_of_device(device)
    trail: list[str] = []
    everything, candidates = candidates, without_denied(candidates, denied)
    for kind in KeyKind:
        word = _WORDS[kind]
        if kind is not KeyKind.UID and device.audit is None and device.audit_is_pending:
            return Match(
                Outcome.HELD,
                "Its audit could not be read yet, so its serial number and MAC addresses are unknown.",
                trail=(*trail, "Waiting for the audit."),
            )
        values = [key for key in keys if key.kind is kind]
        if not values:
            trail.append(f"{_upper(word)}: the device has none that can be used.")
            continue
        shared = {
            item.item_pk: item for key in values for item in candidates.get(key, ()) if not item.is_missing
        }
        hits = _in_question(kind, device, shared.values(), autotask_company_id, autotask_type_id, trail)
        if hits:
            return _decide(kind, device, hits, autotask_company_id, trail)
        trail.append(f"{_upper(word)}: no configuration item fits.")
    same = [item for item in _with_serial(device, everything) if _stands_for_nobody(item, device)]
    told_apart = [item for item in same if item.item_pk in denied]
    abroad = [
        item
        for item in same
        if item.autotask_company_id != autotask_company_id and item.item_pk not in denied
    ]
    if abroad:
        return _ask(device, abroad, trail)
    reason = "No configuration item of the organization fits."
    if told_apart:
        names = ", ".join(one.label for one in told_apart)
        trail.append(f"Serial number: {names} does not count, a person said that it is another machine.")
        reason = f"{reason} A person said that it is another machine than {names}."
    return Match(Outcome.NOTHING, reason, trail=tuple(trail))


def other_claimants(item: ItemFacts, device_pk: int, kind: KeyKind) -> tuple[Claimant, ...]:
    """Return other live devices whose claim on the item is at least as good as one by this kind."""
    return tuple(
        one
        for one in sorted(item.claimants, key=lambda one: (_ORDER[one.kind], one.device_pk))
        if one.device_pk != device_pk
        and _ORDER[one.kind] <= _ORDER[kind]
        and (one.kind is KeyKind.UID or one.autotask_company_id == item.autotask_company_id)
    )


def _in_question(
    kind: KeyKind,
    device: DeviceFacts,
    items: Iterable[ItemFacts],
    autotask_company_id: int,
    autotask_type_id: int | None,
    trail: list[str],
) -> list[ItemFacts]:
    ordered = sorted(items, key=lambda one: one.item_pk)
    here = [one for one in ordered if one.autotask_company_id == autotask_company_id]
    if kind is KeyKind.UID:
        # What is inactive elsewhere was left behind by an earlier move.
        return here or [one for one in ordered if one.is_active]
    if kind is KeyKind.SERIAL:
        return here
    kept = []
    for item in here:
        objection = _objection(kind, device, item, autotask_type_id)
        if objection:
            trail.append(f"{_upper(_WORDS[kind])}: {item.label} does not count, {objection}.")
        else:
            kept.append(item)
    return kept


def _objection(kind: KeyKind, device: DeviceFacts, item: ItemFacts, autotask_type_id: int | None) -> str:
    ours, theirs = serial_of_device(device), normalise_serial(item.serial_number)
    if ours is not None and theirs is not None and ours != theirs:
        return "its serial number is another"
    if kind is not KeyKind.HOSTNAME:
        return ""
    if not item.is_active:
        return "it is inactive"
    if autotask_type_id is not None and item.autotask_type_id not in {None, autotask_type_id}:
        return "its type is another"
    if not _is_free(item, device):
        return "another device is linked to it"
    stronger = [one for one in other_claimants(item, device.device_pk, kind) if one.kind is not kind]
    return f"it is {stronger[0].label} by its {_WORDS[stronger[0].kind]}" if stronger else ""


def _decide(
    kind: KeyKind, device: DeviceFacts, hits: list[ItemFacts], autotask_company_id: int, trail: list[str]
) -> Match:
    word = _WORDS[kind]
    names = ", ".join(one.label for one in hits)
    trail.append(f"{_upper(word)}: {names}.")

    def answer(
        outcome: Outcome, reason: str, item: ItemFacts | None = None, rivals: tuple[Claimant, ...] = ()
    ) -> Match:
        return Match(outcome, reason, item, _BASES[kind], tuple(hits), rivals, tuple(trail))

    rivals = {item.item_pk: other_claimants(item, device.device_pk, kind) for item in hits}
    free = [item for item in hits if _is_free(item, device)]
    if not free:
        return answer(
            Outcome.SHARED,
            f"The {word} is that of {names}, which another device is linked to.",
            rivals=tuple(one for item in hits for one in rivals[item.item_pk]),
        )
    active = [item for item in free if item.is_active]
    choice = active if active else free
    if len(choice) > 1:
        return answer(
            Outcome.AMBIGUOUS,
            f"{len(choice)} configuration items have the {word} of the device: "
            f"{', '.join(one.label for one in choice)}.",
        )
    item = choice[0]
    if rivals[item.item_pk]:
        others = ", ".join(dict.fromkeys(one.label for one in rivals[item.item_pk]))
        return answer(
            Outcome.SHARED,
            f"{item.label} has the {word} of the device, and {others} may be it just as well.",
            rivals=rivals[item.item_pk],
        )
    if item.autotask_company_id != autotask_company_id:
        return answer(
            Outcome.MOVED,
            f"{item.label} has the {word} of the device but belongs to another organization.",
            item,
        )
    return answer(Outcome.FOUND, f"{item.label} has the same {word}.", item)


def _with_serial(device: DeviceFacts, candidates: Candidates) -> list[ItemFacts]:
    """Return all items that have the device's serial number, in the order of their row ids."""
    found = {
        item.item_pk: item
        for key in keys_of_device(device)
        if key.kind is KeyKind.SERIAL
        for item in candidates.get(key, ())
    }
    return [found[item_pk] for item_pk in sorted(found)]


def _stands_for_nobody(item: ItemFacts, device: DeviceFacts) -> bool:
    # What is inactive elsewhere was left behind by an earlier move.
    return item.is_active and not item.is_missing and _is_free(item, device)


def _ask(device: DeviceFacts, items: list[ItemFacts], trail: list[str]) -> Match:
    """Return the question about items of other organizations that have the device's serial number."""
    names = ", ".join(f"{one.label} of {one.company_name or 'another organization'}" for one in items)
    trail.append(f"Serial number: {names}.")
    rivals = tuple(
        one
        for item in items
        for one in sorted(item.claimants, key=lambda one: (_ORDER[one.kind], one.device_pk))
        if one.device_pk != device.device_pk
        and one.kind in {KeyKind.UID, KeyKind.SERIAL}
        and one.linked_item_pk in {None, item.item_pk}
    )

    def answer(outcome: Outcome, reason: str, item: ItemFacts | None = None) -> Match:
        return Match(outcome, reason, item, Basis.SERIAL, tuple(items), rivals, tuple(trail))

    if len(items) > 1:
        return answer(
            Outcome.AMBIGUOUS,
            f"{len(items)} configuration items of other organizations have the serial number of the device: {names}.",
        )
    if rivals:
        others = ", ".join(dict.fromkeys(one.label for one in rivals))
        return answer(
            Outcome.SHARED,
            f"{names} has the serial number of the device, and {others} may be it just as well.",
        )
    return answer(Outcome.ELSEWHERE, f"{names} has the serial number of the device.", items[0])


def _is_free(item: ItemFacts, device: DeviceFacts) -> bool:
    return item.linked_device_pk in {None, device.device_pk} or not item.linked_device_is_live


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
