"""From a raw context to what people and keys need."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from integration.vendors.datto_rmm.contexts.registry import MONITOR_TYPES, OTHER, ContextKind, find_kind
from integration.vendors.datto_rmm.contexts.units import as_text

_LONGEST_OBJECT: Final = 120
_DIGITS: Final = re.compile(r"\d+")
#: An unknown context may be large; this many facts are for reading, the raw context keeps the rest.
_MOST_FACTS: Final = 40


@dataclass(frozen=True, slots=True)
class ContextDescription:
    """An alert context in words.

    Attributes:
        class_name: wire value of "@class", empty when there is none.
        monitor_type: slug in MONITOR_TYPES, "other" for unknown classes.
        monitor_label: the monitor type in words.
        object_label: which disk, service, path and so on; empty when the context names none.
        summary: one line in words with units.
        facts: (label, value) in reading order, empty values left out.
        stable: name -> text of what identifies the trouble; the same for every repetition of it.
        is_known: whether the class is known.
    """

    class_name: str
    monitor_type: str
    monitor_label: str
    object_label: str
    summary: str
    facts: list[tuple[str, str]]
    stable: dict[str, str]
    is_known: bool


def describe_context(context: Mapping[str, object] | None) -> ContextDescription:
    """Describe an alert context; never fails, whatever is in it.

    Args:
        context: the raw `alertContext`, None when the alert has none.
    """
    context = context or {}
    class_name = as_text(context.get("@class")).lower()
    kind = find_kind(class_name)
    used = kind or OTHER
    monitor_type = used.monitor_type_of(context)
    return ContextDescription(
        class_name=class_name,
        monitor_type=monitor_type,
        monitor_label=MONITOR_TYPES[monitor_type],
        object_label=_object_label(class_name, used, context),
        summary=used.summary(context) if context else "Alert without details",
        facts=_facts(used, context),
        stable=_stable(class_name, kind, context),
        is_known=kind is not None,
    )


def _object_label(class_name: str, kind: ContextKind, context: Mapping[str, object]) -> str:
    if class_name == "comp_script_ctx":
        return ", ".join(name for name in _sample_names(context) if name.lower() != "alert")[:_LONGEST_OBJECT]
    for name in kind.object_fields:
        if name == "type":
            continue  # that is the monitor type over again
        if text := as_text(context.get(name)):
            if class_name == "eventlog_ctx" and name == "source" and (code := as_text(context.get("code"))):
                text = f"{text} {code}"
            return text[:_LONGEST_OBJECT]
    if class_name == "printer_ctx" and (index := as_text(context.get("markerSupplyIndex"))):
        return f"Supply {index}"
    return ""


def _sample_names(context: Mapping[str, object]) -> list[str]:
    samples = context.get("samples")
    return sorted({name for key in samples if (name := as_text(key))}) if isinstance(samples, Mapping) else []


def _facts(kind: ContextKind, context: Mapping[str, object]) -> list[tuple[str, str]]:
    ordered = [name for name in kind.labels if name in context]
    ordered += [name for name in context if name not in kind.labels and name != "@class"]
    facts = []
    for name in ordered:
        value = context[name]
        # A value its own format cannot read is shown as it came.
        text = (kind.formats[name](value) if name in kind.formats else "") or as_text(value)
        if text:
            facts.append((kind.labels.get(name) or as_text(name) or "(no name)", text))
    return facts[:_MOST_FACTS]


def _stable(class_name: str, kind: ContextKind | None, context: Mapping[str, object]) -> dict[str, str]:
    if kind is None:
        # The names of the fields tell unlike alerts apart; their values may all be volatile.
        names = sorted(as_text(name) for name in context if name != "@class")
        return {"fields": ",".join(names)} if names else {}
    if class_name == "comp_script_ctx":
        names = _sample_names(context)
        return {"samples": ",".join(names)} if names else {}
    stable = {}
    for name in kind.stable:
        text = as_text(context.get(name))
        if name == "errorMessage":
            text = _DIGITS.sub("#", text)
        key = name.lower()  # the SNMP probe spells one field in two ways
        if text and key not in stable:
            stable[key if name == "OID" else name] = text
    return stable
