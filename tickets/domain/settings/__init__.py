"""What a ticket gets: the settings there are, the rows that set them, and which row wins. Pure."""

from tickets.domain.settings.catalogue import (
    BUILT_IN,
    CHOICE_FIELDS,
    FLAG_FIELDS,
    NUMBER_FIELDS,
    PICK_FIELDS,
    PRIORITY_STEPS,
    REFERENCE_FIELDS,
    STATUS_COMPLETE,
    STATUS_NEW,
    TEMPLATE_FIELDS,
    TEXT_FIELDS,
)
from tickets.domain.settings.resolution import resolve, shift_priority
from tickets.domain.settings.rows import (
    Catalogue,
    Effective,
    EffectiveSettings,
    PickRef,
    PrioritySettings,
    Reference,
    SettingsRow,
    Skipped,
)

__all__ = [
    "BUILT_IN",
    "CHOICE_FIELDS",
    "FLAG_FIELDS",
    "NUMBER_FIELDS",
    "PICK_FIELDS",
    "PRIORITY_STEPS",
    "REFERENCE_FIELDS",
    "STATUS_COMPLETE",
    "STATUS_NEW",
    "TEMPLATE_FIELDS",
    "TEXT_FIELDS",
    "Catalogue",
    "Effective",
    "EffectiveSettings",
    "PickRef",
    "PrioritySettings",
    "Reference",
    "SettingsRow",
    "Skipped",
    "resolve",
    "shift_priority",
]
