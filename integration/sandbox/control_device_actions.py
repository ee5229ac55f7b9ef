"""What a person or a test can do to devices and to rows of Autotask: one function per action, over plain values."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

from .control import Sandbox
from .control_actions import ControlError, Values, acting_person, guarded, number, whole
from .datto import lifecycle
from .datto.model import Device, UdfLabel
from .datto.udfs import TYPES, UDF_COUNT

#: name in JSON -> (attribute of Device, accepted types)
FIELDS: Final[dict[str, tuple[str, tuple[type, ...]]]] = {
    "hostname": ("hostname", (str,)),
    "serial": ("serial", (str,)),
    "macs": ("macs", (list,)),
    "intIpAddress": ("int_ip", (str,)),
    "extIpAddress": ("ext_ip", (str,)),
    "domain": ("domain", (str,)),
    "online": ("online", (bool,)),
    "deleted": ("deleted", (bool,)),
    "suspended": ("suspended", (bool,)),
    "lastUser": ("last_user", (str,)),
    "operatingSystem": ("operating_system", (str,)),
    "model": ("model", (str,)),
    "manufacturer": ("manufacturer", (str,)),
    "description": ("description", (str,)),
    "memoryGb": ("memory_gb", (int,)),
    "diskGb": ("disk_gb", (int,)),
    "warranty": ("warranty", (str,)),
    "category": ("category", (str,)),
    "type": ("type", (str,)),
    "deviceClass": ("device_class", (str,)),
    "patchStatus": ("patch_status", (str,)),
    "udf": ("udf", (dict,)),
}
_NEVER_NULL: Final = {"macs", "memoryGb", "diskGb", "deviceClass", "udf"}
_MAC: Final = re.compile(r"[0-9A-F]{12}")


def device_row(sandbox: Sandbox, device: Device) -> Values:
    """Return a device with everything the double remembers, and the name of its site."""
    return {**asdict(device), "siteName": sandbox.datto.sites[device.site_uid].name}


def get_device(sandbox: Sandbox, uid: str) -> Device:
    """Return a device; ControlError 404 when there is none."""
    found: Device = guarded(lambda: sandbox.datto.get_device(uid))
    return found


def attributes(values: Values) -> Values:
    """Return the device fields among the values as attributes of `Device`.

    Raises:
        ControlError: a field is unknown or of the wrong type.
    """
    found: Values = {}
    for name, value in values.items():
        if name not in FIELDS:
            raise ControlError(
                f"{name}: cannot be changed. Known fields: {', '.join(sorted(FIELDS))}, siteUid, audit.",
                field=name,
            )
        attribute, kinds = FIELDS[name]
        if value is None and name in _NEVER_NULL:
            raise ControlError(f"{name}: must not be null.", field=name)
        if value is not None and (
            not isinstance(value, kinds) or (bool not in kinds and isinstance(value, bool))
        ):
            raise ControlError(f"{name}: expected {kinds[0].__name__}.", field=name)
        found[attribute] = value
    if "macs" in found:
        found["macs"] = tuple(_mac(text) for text in found["macs"])
    if "udf" in found:
        found["udf"] = _udf(found["udf"])
    return found


def _mac(text: Any) -> str:
    plain = re.sub(r"[:.\-]", "", str(text)).upper()
    if not _MAC.fullmatch(plain):
        raise ControlError(f"macs: {text} is not an address of 12 hexadecimal digits.", field="macs")
    return plain


def _udf(given: Any) -> dict[int, str]:
    if not isinstance(given, dict):
        raise ControlError('udf: expected an object such as {"7": "Gold"}.', field="udf")
    clean: dict[int, str] = {}
    for key, value in given.items():
        place = str(key).lower().removeprefix("udf")
        if not place.isdigit() or not 1 <= int(place) <= UDF_COUNT:
            raise ControlError(f"udf: {key} is none of 1 to {UDF_COUNT}.", field="udf")
        clean[int(place)] = "" if value is None else str(value)
    return clean


def add_device(sandbox: Sandbox, values: Values) -> Device:
    """Let an agent install itself; see `POST /control/devices`."""
    rest = {name: value for name, value in values.items() if name not in {"siteUid", "kind"}}
    fields = attributes(rest)
    if not values.get("siteUid"):
        raise ControlError("siteUid: name the site the device appears in.", field="siteUid")
    kind = str(values.get("kind") or "workstation")
    added: Device = guarded(
        lambda: lifecycle.add_device(sandbox.datto, site_uid=str(values["siteUid"]), kind=kind, **fields)
    )
    return added


def change_device(sandbox: Sandbox, uid: str, values: Values) -> Device:
    """Change a device as the world outside would; see `POST /control/devices/UID`."""
    rest = {name: value for name, value in values.items() if name not in {"siteUid", "audit"}}
    fields = attributes(rest)
    if "udf" in fields:
        fields["udf"] = _laid_over(get_device(sandbox, uid).udf, fields["udf"])
    if "siteUid" in values:
        fields["site_uid"] = str(values["siteUid"])
    audit = values.get("audit")
    changed: Device = guarded(lambda: lifecycle.change_device(sandbox.datto, uid, fields, audit=audit))
    return changed


def _laid_over(kept: dict[int, str], changes: dict[int, str]) -> dict[int, str]:
    return {place: text for place, text in {**kept, **changes}.items() if text}


def _only(sandbox: Sandbox, uid: str, values: Values, *names: str) -> Device:
    """Change exactly these fields, all of which must be given."""
    for name in names:
        if name not in values:
            raise ControlError(f"{name}: is needed here.", field=name)
    return change_device(sandbox, uid, values)


def _hardware(sandbox: Sandbox, uid: str, values: Values) -> Device:
    doubled = {"memoryGb": get_device(sandbox, uid).memory_gb * 2}
    return change_device(sandbox, uid, values or doubled)


def _online(*, on: bool) -> Callable[[Sandbox, str, Values], Device]:
    return lambda sandbox, uid, _values: change_device(sandbox, uid, {"online": on})


def _purge(sandbox: Sandbox, uid: str, _values: Values) -> None:
    guarded(lambda: lifecycle.purge_device(sandbox.datto, uid))


def _rebuild(sandbox: Sandbox, uid: str, values: Values) -> Device:
    fields = attributes({name: value for name, value in values.items() if name != "old"})
    old = str(values.get("old") or "offline")
    fresh: Device = guarded(lambda: lifecycle.rebuild_device(sandbox.datto, uid, old=old, **fields))
    return fresh


def _return(sandbox: Sandbox, uid: str, values: Values) -> Device:
    site = str(values.get("siteUid") or "")
    fresh: Device = guarded(lambda: lifecycle.return_device(sandbox.datto, uid, site_uid=site))
    return fresh


def _delete(sandbox: Sandbox, uid: str, _values: Values) -> Device:
    gone: Device = guarded(lambda: lifecycle.delete_device(sandbox.datto, uid))
    return gone


def _motherboard(sandbox: Sandbox, uid: str, values: Values) -> Device:
    serial = str(values.get("serial") or "")
    changed: Device = guarded(lambda: lifecycle.replace_motherboard(sandbox.datto, uid, serial))
    return changed


#: Every action on one device; the answer is the device, a new one for return and rebuild, None when it is gone.
DEVICE_ACTIONS: Final[dict[str, Callable[[Sandbox, str, Values], Device | None]]] = {
    "delete": _delete,
    "purge": _purge,
    "return": _return,
    "rebuild": _rebuild,
    "move": lambda sandbox, uid, values: _only(sandbox, uid, values, "siteUid"),
    "rename": lambda sandbox, uid, values: _only(sandbox, uid, values, "hostname"),
    "retype": lambda sandbox, uid, values: _only(sandbox, uid, values, "category"),
    "hardware": _hardware,
    "user": lambda sandbox, uid, values: _only(sandbox, uid, values, "lastUser"),
    "udf": lambda sandbox, uid, values: _only(sandbox, uid, values, "udf"),
    "motherboard": _motherboard,
    "online": _online(on=True),
    "offline": _online(on=False),
    "audit": lambda sandbox, uid, _values: change_device(sandbox, uid, {"audit": True}),
}


def act_on_device(sandbox: Sandbox, uid: str, action: str, values: Values) -> Device | None:
    """Do one of `DEVICE_ACTIONS`; ControlError 404 for an unknown one."""
    doer = DEVICE_ACTIONS.get(action)
    if doer is None:
        raise ControlError(f"{action}: choose one of {', '.join(DEVICE_ACTIONS)}.", status=404)
    return doer(sandbox, uid, values)


def touch_devices(sandbox: Sandbox, values: Values) -> list[str]:
    """Change last user and memory of a share of the devices; see `POST /control/devices/touch`. Returns their uids."""
    percent = number(values, "percent", 2.0) or 0.0
    seed = whole(values, "seed", 1) or 0
    audit = values.get("audit", True) is not False
    uids: list[str] = guarded(lambda: lifecycle.touch_devices(sandbox.datto, percent, seed=seed, audit=audit))
    return uids


def udf_rows(sandbox: Sandbox) -> list[Values]:
    """Return the labelled device fields of the account by number."""
    labels = sandbox.datto.udf_labels
    return [
        {"number": place, "label": labels[place].label, "type": labels[place].type}
        for place in sorted(labels)
    ]


def label_udf(sandbox: Sandbox, values: Values) -> None:
    """Name one of Datto's device fields and set its type; an empty label takes the name away."""
    place = whole(values, "number")
    if place is None or not 1 <= place <= UDF_COUNT:
        raise ControlError(f"number: give 1 to {UDF_COUNT}.", field="number")
    kind, label = str(values.get("type") or "STRING"), str(values.get("label") or "")
    if kind not in TYPES:
        raise ControlError(f"type: choose one of {', '.join(TYPES)}.", field="type")
    with sandbox.datto.lock:
        sandbox.datto.udf_labels.pop(place, None)
        if label:
            sandbox.datto.udf_labels[place] = UdfLabel(label, kind)
    sandbox.datto.changed()


def write_row(sandbox: Sandbox, entity: str, row_id: int | None, values: Values) -> int:
    """Create (`row_id` None) or change a row as a person in Autotask's screens; returns its id."""
    fields = values.get("fields")
    if not isinstance(fields, dict) or not fields:
        raise ControlError("fields: give the fields as an object.", field="fields")
    person = acting_person(sandbox, values)
    guarded(lambda: sandbox.autotask.find(entity, id=0))
    written: int = guarded(
        lambda: person.create(entity, fields) if row_id is None else person.update(entity, row_id, fields)
    )
    sandbox.state.mark()
    return written


def delete_row(sandbox: Sandbox, entity: str, row_id: int, values: Values) -> None:
    """Delete a row as a person does, where Autotask lets rows be deleted."""
    person = acting_person(sandbox, values)
    guarded(lambda: sandbox.autotask.find(entity, id=0))
    guarded(lambda: person.delete(entity, row_id))
    sandbox.state.mark()


def writes(sandbox: Sandbox, entity: str = "") -> Values:
    """Return the API's accepted writes since the start or the last reset of the counts, per object of both vendors."""
    datto: dict[str, dict[str, int]] = {}
    with sandbox.datto.lock:
        for (operation, about), times in sandbox.datto.writes.items():
            datto.setdefault(operation, {})[about] = times
    counted = sandbox.autotask.writes()
    return {
        "autotask": {name: row for name, row in counted.items() if entity in ("", name)},
        "datto_rmm": datto,
    }


def forget_writes(sandbox: Sandbox) -> None:
    """Count writes from 0 again."""
    with sandbox.datto.lock:
        sandbox.datto.writes.clear()
    sandbox.autotask.forget_writes()
