"""Numbers and codes of alert contexts, the way a person reads them."""

from __future__ import annotations

import math
import re
from datetime import UTC
from typing import Final

from integration.vendors.datto_rmm.wire import parse_instant

_STEP: Final = 1024
_SIZES: Final = ("KB", "MB", "GB", "TB", "PB")
_TEN: Final = 10
_LONGEST_TEXT: Final = 300
_DEEPEST: Final = 3


def as_text(value: object, *, depth: int = 0) -> str:
    """Return a value as one line without control characters, at most 300 characters; empty for None."""
    if depth > _DEEPEST:
        return "…"
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return as_number(value)
    if isinstance(value, list | tuple):
        return _cut(", ".join(text for item in value if (text := as_text(item, depth=depth + 1))))
    if isinstance(value, dict):
        return _cut(
            ", ".join(
                f"{as_text(key) or '(no name)'}: {as_text(item, depth=depth + 1)}"
                for key, item in value.items()
            )
        )
    return _cut(" ".join("".join(c if c.isprintable() else " " for c in str(value)).split()))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"


def as_float(value: object) -> float | None:
    """Return a finite number, also from text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def as_number(value: object) -> str:
    """Return a number with at most two decimals, text as it is, empty for None."""
    number = as_float(value)
    if number is None:
        return as_text(value) if not isinstance(value, float) else ""
    return f"{number:.2f}".rstrip("0").rstrip(".") if abs(number) < 1e15 else f"{number:.3g}"  # noqa: PLR2004 - float precision


def as_percent(value: object) -> str:
    """Return "93.5 %", empty when it is no number."""
    return f"{as_number(value)} %" if as_float(value) is not None else ""


def as_size(kilobytes: object) -> str:
    """Return kilobytes as "9.3 GB", empty when it is no number."""
    number = as_float(kilobytes)
    if number is None:
        return ""
    step = 0
    while abs(number) >= _STEP and step < len(_SIZES) - 1:
        number, step = number / _STEP, step + 1
    return f"{number:.1f} {_SIZES[step]}" if abs(number) < _TEN and step else f"{number:.0f} {_SIZES[step]}"


def as_moment(value: object) -> str:
    """Return "2026-08-25 10:00 UTC", empty when it is no date."""
    try:
        instant = parse_instant(value)
    except ValueError:
        return ""
    return "" if instant is None else instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def as_words(value: object) -> str:
    """Return an enum value in words: START_PENDING and STARTPENDING become "start pending"."""
    text = as_text(value)
    if not re.fullmatch(r"[A-Z0-9_]+", text):
        return text
    return _WORDS.get(text, text.replace("_", " ").lower())


_WORDS: Final = {
    "STARTPENDING": "start pending",
    "STOPPENDING": "stop pending",
    "CONTINUEPENDING": "continue pending",
    "PAUSEPENDING": "pause pending",
    "NOTDETECTED": "not detected",
    "NOTRUNNING": "not running",
    "RUNNINGNOTUPTODATE": "running but not up to date",
    "NOT_UPTODATE": "not up to date",
    "CPU": "CPU",
    "PSU": "PSU",
    "SNMP_THROUGHPUT": "SNMP throughput",
    "DISKHEALTH": "disk health",
}

#: Windows Update results a technician meets often; the number is shown beside the text.
_UPDATE_RESULTS: Final = {
    0x80070002: "file not found",
    0x80070005: "access denied",
    0x80070070: "not enough disk space",
    0x80070643: "the installer failed",
    0x800F0922: "the update could not be applied",
    0x800F081F: "source files are missing",
    0x80072EE2: "time-out reaching the update server",
    0x80072EFD: "no connection to the update server",
    0x80240016: "another installation is running",
    0x80240017: "the update does not apply",
    0x80240022: "all updates failed",
    0x80240034: "the download failed",
    0x8024402C: "the update server's name was not resolved",
    0x80244022: "the update server is busy",
}


def as_update_result(value: object) -> str:
    """Return a Windows Update error as "0x80070643 (the installer failed)"; other text as it is."""
    text = as_text(value)
    try:
        number = int(text, 0) & 0xFFFFFFFF
    except ValueError:
        return text
    if number == 0:
        return text
    meaning = _UPDATE_RESULTS.get(number)
    return f"0x{number:08X}" + (f" ({meaning})" if meaning else "")
