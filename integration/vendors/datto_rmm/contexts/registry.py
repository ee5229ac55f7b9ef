"""Every known context class: monitor type, what identifies it, what only varies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from integration.vendors.datto_rmm.contexts import summaries as say
from integration.vendors.datto_rmm.contexts.units import (
    as_moment,
    as_percent,
    as_size,
    as_update_result,
    as_words,
)

Context = Mapping[str, object]

#: Slug -> label of every monitor type an alert can be told to be. Slugs are stored: never rename one.
MONITOR_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "antivirus": "Antivirus Status",
        "backup": "Backup Management",
        "component": "Component",
        "cpu": "CPU",
        "datto_continuity": "Datto Continuity",
        "disk_usage": "Disk Usage",
        "esxi_data_store": "ESXi Data Store",
        "esxi_disk_health": "ESXi Disk Health",
        "esxi_fan": "ESXi Fan",
        "esxi_psu": "ESXi PSU",
        "esxi_temperature": "ESXi Temperature",
        "event_log": "Event Log",
        "file_size": "File/Folder Size",
        "memory": "Memory",
        "network": "Network Monitor",
        "online_status": "Online Status",
        "patch": "Patch",
        "performance": "Windows Performance",
        "ping": "Ping",
        "printer": "Printer Supplies",
        "process": "Process",
        "ransomware": "Ransomware",
        "resource": "Resource Usage",
        "security_center": "Windows Security Center",
        "security_management": "Security Management",
        "service": "Service",
        "snmp": "SNMP",
        "snmp_throughput": "SNMP Throughput",
        "software": "Software",
        "threat_detection": "Threat Detection",
        "windows_defender": "Windows Defender Antivirus",
        "wmi": "WMI",
        "other": "Other",
    }
)


@dataclass(frozen=True, slots=True)
class ContextKind:
    """How one context class is read.

    Attributes:
        monitor_type: slug in MONITOR_TYPES; `by_type` refines it by the context's `type`.
        stable: fields that identify the trouble.
        volatile: fields that change from alert to alert.
        object_fields: what names the object, the first filled one wins.
        summary: one line in words.
        labels: field -> label, in the order shown; fields not named here are shown under their own name.
        formats: field -> how its value is shown.
    """

    monitor_type: str
    stable: tuple[str, ...]
    volatile: tuple[str, ...]
    object_fields: tuple[str, ...]
    summary: Callable[[Context], str]
    labels: Mapping[str, str] = field(default_factory=dict)
    formats: Mapping[str, Callable[[object], str]] = field(default_factory=dict)
    by_type: Mapping[str, str] = field(default_factory=dict)

    def monitor_type_of(self, context: Context) -> str:
        """Return the monitor type's slug for one context."""
        return self.by_type.get(str(context.get("type") or "").upper(), self.monitor_type)


_USAGE_TYPES: Final = {"CPU": "cpu", "MEMORY": "memory", "SNMP_THROUGHPUT": "snmp_throughput"}

_disk_usage = ContextKind(
    "disk_usage",
    stable=("diskName", "diskNameDesignation"),
    volatile=("freeSpace", "totalVolume", "unitOfMeasure"),
    object_fields=("diskName",),
    summary=say.disk_usage,
    labels={
        "diskName": "Disk",
        "freeSpace": "Free",
        "totalVolume": "Size",
        "unitOfMeasure": "Measured as",
        "diskNameDesignation": "Watches",
    },
    formats={
        "freeSpace": as_size,
        "totalVolume": as_size,
        "unitOfMeasure": as_words,
        "diskNameDesignation": as_words,
    },
)
_resource_usage = ContextKind(
    "resource",
    stable=("type",),
    volatile=("percentage",),
    object_fields=("type",),
    summary=say.resource_usage,
    labels={"type": "Resource", "percentage": "Use"},
    formats={"type": as_words, "percentage": as_percent},
    by_type=_USAGE_TYPES,
)
_process_status = ContextKind(
    "process",
    stable=("processName", "status"),
    volatile=(),
    object_fields=("processName",),
    summary=say.process_status,
    labels={"processName": "Process", "status": "Status"},
    formats={"status": as_words},
)
_process_usage = ContextKind(
    "process",
    stable=("processName", "type"),
    volatile=("sample",),
    object_fields=("processName",),
    summary=say.process_usage,
    labels={"processName": "Process", "type": "Resource", "sample": "Value"},
    formats={"type": as_words},
)
_service_status = ContextKind(
    "service",
    stable=("serviceName", "status"),
    volatile=(),
    object_fields=("serviceName",),
    summary=say.service_status,
    labels={"serviceName": "Service", "status": "Status"},
    formats={"status": as_words},
)
_service_usage = ContextKind(
    "service",
    stable=("serviceName", "type"),
    volatile=("sample",),
    object_fields=("serviceName",),
    summary=say.service_usage,
    labels={"serviceName": "Service", "type": "Resource", "sample": "Use"},
    formats={"type": as_words, "sample": as_percent},
)
_performance = ContextKind(
    "performance",
    stable=(),
    volatile=("value",),
    object_fields=(),
    summary=say.performance,
    labels={"value": "Value"},
)
_file_size = ContextKind(
    "file_size",
    stable=("path", "objectType", "condition"),
    volatile=("sample", "threshold"),
    object_fields=("path",),
    summary=say.file_size,
    labels={
        "path": "Path",
        "objectType": "Kind",
        "condition": "Condition",
        "sample": "Value",
        "threshold": "Threshold",
    },
    formats={"objectType": as_words, "condition": as_words},
)
_software = ContextKind(
    "software",
    stable=("packageName", "actionType"),
    volatile=("prevVersion", "version"),
    object_fields=("packageName",),
    summary=say.software,
    labels={
        "packageName": "Program",
        "actionType": "Change",
        "version": "Version",
        "prevVersion": "Version before",
    },
    formats={"actionType": as_words},
)
_security_management = ContextKind(
    "security_management",
    stable=("productName", "status"),
    volatile=(
        "infoTime",
        "virusName",
        "infectedFiles",
        "productNotUpdatedForDays",
        "systemRemainsInfectedForHours",
        "expiryLicenseForDays",
    ),
    object_fields=("productName",),
    summary=say.security_management,
    labels={
        "productName": "Product",
        "status": "Status code",
        "virusName": "Threat",
        "infectedFiles": "Infected files",
        "productNotUpdatedForDays": "Not updated for (days)",
        "systemRemainsInfectedForHours": "Infected for (hours)",
        "expiryLicenseForDays": "Licence (days)",
        "infoTime": "Reported at",
    },
    formats={"infoTime": as_moment},
)


def _esxi(monitor_type: str) -> ContextKind:
    return ContextKind(
        monitor_type,
        stable=("type", "reason"),
        volatile=("degree",),
        object_fields=("type",),
        summary=say.hardware,
        labels={"type": "Part", "reason": "Reason", "degree": "Temperature (degrees)"},
        formats={"type": as_words},
    )


def _threat(monitor_type: str) -> ContextKind:
    return ContextKind(
        monitor_type,
        stable=("esAlertId",),
        volatile=("description",),
        object_fields=(),
        summary=say.threat,
        labels={"description": "Description", "esAlertId": "Endpoint security alert"},
    )


#: Wire value of "@class" -> how it is read. Two names for one thing share their kind.
CONTEXT_KINDS: Final[Mapping[str, ContextKind]] = MappingProxyType(
    {
        "online_offline_status_ctx": ContextKind(
            "online_status",
            stable=("status",),
            volatile=(),
            object_fields=(),
            summary=say.online_status,
            labels={"status": "Status"},
            formats={"status": as_words},
        ),
        "perf_resource_usage_ctx": _resource_usage,
        "perf_disk_usage_ctx": _disk_usage,
        "disk_usage_ctx": _disk_usage,
        "comp_script_ctx": ContextKind(
            "component",
            stable=(),  # the labels in samples; see describe.py
            volatile=("samples",),
            object_fields=(),
            summary=say.component,
            labels={"samples": "Result"},
        ),
        "eventlog_ctx": ContextKind(
            "event_log",
            stable=("logName", "source", "code", "type"),
            volatile=("description", "triggerCount", "lastTriggered", "causedSuspension"),
            object_fields=("source", "logName"),
            summary=say.event_log,
            labels={
                "logName": "Log",
                "source": "Source",
                "code": "Event ID",
                "type": "Level",
                "description": "Description",
                "triggerCount": "Occurrences",
                "lastTriggered": "Last seen",
                "causedSuspension": "Monitor suspended",
            },
            formats={"type": as_words, "lastTriggered": as_moment},
        ),
        "srvc_status_ctx": _service_status,
        "srvc_resource_usage_ctx": _service_usage,
        "process_status_ctx": _process_status,
        "status_ctx": _process_status,
        "process_resource_usage_ctx": _process_usage,
        "resource_usage_ctx": _process_usage,
        "antivirus_ctx": ContextKind(
            "antivirus",
            stable=("productName",),
            volatile=("status",),
            object_fields=("productName",),
            summary=say.antivirus,
            labels={"productName": "Product", "status": "Status"},
            formats={"status": as_words},
        ),
        "patch_ctx": ContextKind(
            "patch",
            stable=("policyUid",),
            volatile=("patchUid", "result", "info"),
            object_fields=(),
            summary=say.patch,
            labels={"info": "Details", "result": "Result", "patchUid": "Patch", "policyUid": "Policy"},
            formats={"result": as_update_result},
        ),
        "perf_mon_ctx": _performance,
        "windows_performance_ctx": _performance,
        "fs_object_ctx": _file_size,
        "filesystem_ctx": _file_size,
        "ping_ctx": ContextKind(
            "ping",
            stable=("instanceName",),
            volatile=("roundtripTime", "reasons"),
            object_fields=("instanceName",),
            summary=say.ping,
            labels={"instanceName": "Target", "roundtripTime": "Round trip (ms)", "reasons": "Reasons"},
        ),
        "wmi_ctx": ContextKind(
            "wmi",
            stable=(),
            volatile=("value",),
            object_fields=(),
            summary=say.wmi,
            labels={"value": "Value"},
        ),
        "custom_snmp_ctx": ContextKind(
            "snmp",
            stable=("monitorInstance", "displayName"),
            volatile=("currentValue",),
            object_fields=("displayName", "monitorInstance"),
            summary=say.custom_snmp,
            labels={"displayName": "Monitor", "monitorInstance": "Instance", "currentValue": "Value"},
        ),
        "snmp_probe_ctx": ContextKind(
            "snmp",
            stable=("OID", "oid", "ruleName", "ipAddress"),
            volatile=("responseValue", "deviceName", "monitorName"),
            object_fields=("ruleName", "monitorName", "OID", "oid"),
            summary=say.snmp_probe,
            labels={
                "monitorName": "Monitor",
                "ruleName": "Rule",
                "deviceName": "Device",
                "ipAddress": "Address",
                "OID": "OID",
                "responseValue": "Value",
            },
        ),
        "sw_action_ctx": _software,
        "action_ctx": _software,
        "sec_management_ctx": _security_management,
        "security_management_ctx": _security_management,
        "endpoint_security_threat_ctx": _threat("threat_detection"),
        "endpoint_security_windows_defender_ctx": _threat("windows_defender"),
        "ransomware_ctx": ContextKind(
            "ransomware",
            stable=("state",),
            volatile=(
                "confidenceFactor",
                "affectedDirectories",
                "watchPaths",
                "rwextension",
                "metaAlertTime",
                "alertTime",
            ),
            object_fields=(),
            summary=say.ransomware,
            labels={
                "affectedDirectories": "Affected folders",
                "rwextension": "File extension",
                "confidenceFactor": "Confidence",
                "watchPaths": "Watched paths",
                "alertTime": "Detected at",
                "metaAlertTime": "Reported at",
                "state": "State code",
            },
            formats={"alertTime": as_moment, "metaAlertTime": as_moment},
        ),
        "disk_health_ctx": _esxi("esxi_disk_health"),
        "fan_ctx": _esxi("esxi_fan"),
        "psu_ctx": _esxi("esxi_psu"),
        "temperature_ctx": _esxi("esxi_temperature"),
        "backup_management_ctx": ContextKind(
            "backup",
            stable=("errorMessage",),  # without its digits; see describe.py
            volatile=("timeout",),
            object_fields=(),
            summary=say.backup,
            labels={"errorMessage": "Error", "timeout": "Time-out"},
        ),
        "network_monitor_ctx": ContextKind(
            "network",
            stable=(),
            volatile=("description",),
            object_fields=(),
            summary=say.network,
            labels={"description": "Description"},
        ),
        "printer_ctx": ContextKind(
            "printer",
            stable=("markerSupplyIndex",),
            volatile=("currentLevel", "ipAddress", "macAddress"),
            object_fields=(),
            summary=say.printer,
            labels={
                "markerSupplyIndex": "Supply number",
                "currentLevel": "Level",
                "ipAddress": "Address",
                "macAddress": "MAC address",
            },
        ),
        "seccenter_ctx": ContextKind(
            "security_center",
            stable=("alertType", "productName"),
            volatile=(),
            object_fields=("productName",),
            summary=say.security_center,
            labels={"productName": "Product", "alertType": "Status"},
            formats={"alertType": as_words},
        ),
    }
)

#: For classes we do not know, and for alerts without a context.
OTHER: Final = ContextKind("other", stable=(), volatile=(), object_fields=(), summary=say.other)


def find_kind(class_name: str) -> ContextKind | None:
    """Return how a class is read, None when it is not known."""
    return CONTEXT_KINDS.get(class_name.strip().lower())
