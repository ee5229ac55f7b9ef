"""What a person can do about each kind of drift, and what each button says it will do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from mappings.models import DeviceFinding

Kind, State = DeviceFinding.Kind, DeviceFinding.State


@dataclass(frozen=True, slots=True)
class Button:
    """One thing to do; `does` tells what will happen. `is_page`: it is chosen on the drift's page."""

    name: str
    label: str
    does: str
    is_main: bool = False
    is_page: bool = False


_CHOOSE = Button(
    "choose", "Choose", "Shows what fits side by side, to link one of them", is_main=True, is_page=True
)
_CREATE = Button(
    "create",
    "Create a new one",
    "Creates a configuration item of its own for this device in Autotask; what fits is left alone",
)
_DEACTIVATE = Button(
    "deactivate",
    "Deactivate",
    "Sets the configuration item inactive in Autotask; undo activates it again",
    is_main=True,
)
_END_BILLING = Button(
    "end_billing",
    "End billing",
    "Sets the configuration item inactive and takes it off its contract and service; undo puts both back",
)
_LEAVE_OUT = Button(
    "leave_out", "Leave out", "Unlinks the device and leaves it out of every run, with a reason", is_page=True
)
_LEAVE = Button("leave", "Leave", "Takes it from this list with a reason; it comes back only when it changes")
_REOPEN = Button("reopen", "Back to the list", "Opens it again")
_MOVE = Button(
    "move",
    "Move",
    "Copies the configuration item with fields, notes and attachments to the organization of the device's site "
    "and deactivates the old one; undo takes both back",
    is_main=True,
)
_PREVIEW = Button("preview", "Preview", "Shows what the copy will hold", is_page=True)
_OFFERS: Final[dict[str, tuple[Button, ...]]] = {
    Kind.AMBIGUOUS: (_CHOOSE, _CREATE, _LEAVE),
    Kind.SHARED: (_CHOOSE, _CREATE, _LEAVE),
    Kind.MOVED: (_MOVE, _PREVIEW, _LEAVE),
    Kind.ELSEWHERE: (
        replace(_MOVE, label="Move it here"),
        _PREVIEW,
        Button(
            "another",
            "It is another machine",
            "Creates a configuration item of its own for this device; what stands elsewhere is left alone, and nobody is "
            "asked about this pair again",
        ),
        replace(
            _LEAVE,
            label="Leave it",
            does="Leaves the configuration item where it is and the device without one, with a reason",
        ),
    ),
    Kind.DUPLICATE: (
        Button("merge", "Merge", "Shows both, to choose which one stays", is_main=True, is_page=True),
        _LEAVE,
    ),
    Kind.ITEM_WITHOUT_DEVICE: (
        Button(
            "choose",
            "Link",
            "Shows devices of the organization, to link one of them",
            is_main=True,
            is_page=True,
        ),
        Button("deactivate", "Deactivate", _DEACTIVATE.does),
        _LEAVE,
    ),
    Kind.DEVICE_DELETED: (_DEACTIVATE, _END_BILLING, _LEAVE),
    Kind.RETURNED: (
        Button("seen", "Seen", "Takes it from this list; the device is linked already", is_main=True),
    ),
    Kind.ITEM_GONE: (
        Button("create", "Create a new one", _CREATE.does, is_main=True),
        Button("choose", "Choose another", "Shows configuration items of the organization", is_page=True),
        _LEAVE,
    ),
    Kind.ITEM_INACTIVE: (
        Button(
            "reactivate",
            "Activate again",
            "Sets the configuration item active in Autotask and brings it in step",
            is_main=True,
        ),
        _LEAVE_OUT,
        _LEAVE,
    ),
}
#: Names of what a POST may ask for without a page.
BUTTONS: Final = (
    "move", "another", "create", "deactivate", "end_billing", "reactivate", "seen", "leave", "reopen",
)  # fmt: skip
DONE: Final = {
    "move": "being moved",
    "another": "known as another machine",
    "create": "getting a configuration item of its own",
    "deactivate": "being deactivated",
    "end_billing": "being deactivated and taken off the contract",
    "reactivate": "being activated again",
    "seen": "taken from the list",
    "leave": "left as it is",
    "reopen": "back in the list",
}


def buttons_of(finding: DeviceFinding) -> tuple[Button, ...]:
    """Return what makes sense for a drift as it stands, the chief one first."""
    if finding.state == State.OPEN:
        return _OFFERS[finding.kind]
    return (_REOPEN,) if finding.state == State.DISMISSED else ()
