"""Datto's 300 device fields: typed in V3, plain texts in V2. They are kept as texts, as V2 answers them."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from .model import Device, UdfLabel

UDF_COUNT: Final = 300
TYPES: Final = ("STRING", "NUMBER", "DATE", "BOOLEAN")
_TRUE, _FALSE = "true", "false"
_VALUE_KEYS: Final = {
    "STRING": "valueString",
    "NUMBER": "valueNumber",
    "DATE": "valueDate",
    "BOOLEAN": "valueBoolean",
}
_NOTHING: Final[dict[str, str | None]] = {f"udf{number}": None for number in range(1, UDF_COUNT + 1)}
_PLAIN: Final = UdfLabel("")


def v2_fields(device: Device) -> dict[str, str | None]:
    """Return `{"udf1": ..., ... "udf300": ...}`; the empty ones are null."""
    if not device.udf:
        return _NOTHING
    return {**_NOTHING, **{f"udf{number}": value for number, value in device.udf.items()}}


def v3_items(device: Device, labels: dict[int, UdfLabel]) -> list[dict[str, Any]]:
    """Return the filled fields by ordinal, typed; a text that does not fit the type is a STRING with `typeMisMatch`."""
    return [_item(number, device.udf[number], labels.get(number, _PLAIN)) for number in sorted(device.udf)]


def _item(number: int, text: str, known: UdfLabel) -> dict[str, Any]:
    label = known.label or None
    try:
        value = typed(text, known.type)
    except ValueError:
        return {
            "ordinal": number,
            "type": "STRING",
            "valueString": text,
            "label": label,
            "typeMisMatch": True,
        }
    return {"ordinal": number, "type": known.type, _VALUE_KEYS[known.type]: value, "label": label}


def typed(text: str, type_: str) -> str | float | bool:
    """Return a kept text as the type's value.

    Raises:
        ValueError: the text is no such value.
    """
    if type_ == "NUMBER":
        number = float(text)
        return int(number) if number.is_integer() else number
    if type_ == "BOOLEAN":
        if text.lower() not in {_TRUE, _FALSE}:
            raise ValueError(f"{text!r} is neither true nor false")
        return text.lower() == _TRUE
    return date.fromisoformat(text).isoformat() if type_ == "DATE" else text


def kept_text(item: dict[str, Any], known: UdfLabel | None) -> str:
    """Return what is kept of a V3 item; "" removes the field.

    Raises:
        ValueError: more than one value, or one that is not of the field's type.
    """
    given = {key: item[key] for key in _VALUE_KEYS.values() if item.get(key) is not None}
    if len(given) > 1:
        raise ValueError("only one value field may be set")
    if not given:
        return ""
    key, value = next(iter(given.items()))
    if known is not None and key != _VALUE_KEYS[known.type]:
        raise ValueError(f"the field is of type {known.type}")
    if key == "valueBoolean":
        if not isinstance(value, bool):
            raise ValueError("not a boolean")
        return _TRUE if value else _FALSE
    if key == "valueNumber":
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError("not a number")
        return str(value)
    if not isinstance(value, str):
        raise ValueError("not a text")  # noqa: TRY004 - one error type for the caller
    return date.fromisoformat(value).isoformat() if key == "valueDate" else value
