"""What an alert is about, told from its raw `alertContext`. Pure: plain values in, plain values out.

The class of a context (its "@class") names the monitor type; its stable fields say which disk, service or event
source it is about and make up the condition key; its volatile fields change from alert to alert and must never be
part of a key. An unknown class is described generically and kept whole: no alert is dropped for its class.
"""

from integration.vendors.datto_rmm.contexts.describe import ContextDescription, describe_context
from integration.vendors.datto_rmm.contexts.registry import (
    CONTEXT_KINDS,
    MONITOR_TYPES,
    OTHER,
    ContextKind,
    find_kind,
)

__all__ = [
    "CONTEXT_KINDS",
    "MONITOR_TYPES",
    "OTHER",
    "ContextDescription",
    "ContextKind",
    "describe_context",
    "find_kind",
]
