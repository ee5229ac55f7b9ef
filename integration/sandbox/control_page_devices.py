"""The control page's forms about devices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from . import control_device_actions as devices
from .control import Sandbox
from .control_actions import ControlError, find_device, number
from .datto.lifecycle import KINDS

#: action, what the page calls it, what its value is ("" none), what is said afterwards
ACTIONS: Final = (
    ("rename", "Rename", "hostname", "renamed"),
    ("move", "Move to the chosen site", "siteUid", "moved"),
    ("retype", "Change its category", "category", "has another category"),
    ("user", "Somebody logs on", "lastUser", "has another last user"),
    ("hardware", "Change its memory (GB)", "memoryGb", "has other hardware"),
    ("motherboard", "Replace the motherboard", "serial", "has another serial number"),
    ("udf", "Set a field, such as 7=Gold", "udf", "has the field"),
    ("offline", "Goes offline", "", "is offline"),
    ("online", "Comes online", "", "is online"),
    ("audit", "Sends an audit", "", "has been audited"),
    ("delete", "Delete it", "", "deleted"),
    ("purge", "Purge it for good", "", "purged"),
    ("return", "Comes back with a new uid", "", "has come back"),
    ("rebuild", "Install it anew (new uid)", "", "has been installed anew"),
)
_BY_NAME: Final = {action: (value, said) for action, _label, value, said in ACTIONS}
#: These may leave the value out; the double makes one up.
_OPTIONAL: Final = {"motherboard", "hardware"}


def choices() -> dict[str, Any]:
    """Return what the forms offer."""
    return {
        "device_kinds": list(KINDS),
        "device_actions": [(action, label) for action, label, _value, _said in ACTIONS],
    }


def add(sandbox: Sandbox, values: dict[str, Any]) -> str:
    """Let an agent install itself."""
    fields = {name: values[name] for name in ("siteUid", "kind", "hostname") if values.get(name)}
    device = devices.add_device(sandbox, fields)
    return f"{device.hostname} has appeared."


def change(sandbox: Sandbox, values: dict[str, Any]) -> str:
    """Do one of `ACTIONS` to the device that is named."""
    action = values.get("action", "")
    if action not in _BY_NAME:
        raise ControlError("action: choose what happens.", field="action")
    name, said = _BY_NAME[action]
    device = find_device(sandbox, {"device": values.get("device", "")})
    if device is None:
        raise ControlError("Choose a device.", field="device")
    devices.act_on_device(sandbox, device.uid, action, _given(action, name, values))
    return f"{device.hostname} {said}."


def _given(action: str, name: str, values: dict[str, Any]) -> dict[str, Any]:
    site, text = values.get("siteUid", ""), values.get("value", "")
    if action == "move" and not site:
        raise ControlError("Choose the site it moves to.", field="siteUid")
    if name == "siteUid" or (action == "return" and site):
        return {"siteUid": site}
    if not name or (not text and action in _OPTIONAL):
        return {}
    if not text:
        raise ControlError("Write the new value.", field="value")
    if name == "memoryGb":
        return {name: int(number(values, "value") or 0)}
    if name == "udf":
        place, _, content = text.partition("=")
        return {name: {place.strip(): content.strip()}}
    return {name: text}


def touch(sandbox: Sandbox, values: dict[str, Any]) -> str:
    """Change a share of the devices."""
    return f"{len(devices.touch_devices(sandbox, values))} devices have another last user and more memory."


FORMS: Final[dict[str, Callable[[Sandbox, dict[str, Any]], str]]] = {
    "add-device": add,
    "change-device": change,
    "touch-devices": touch,
}
