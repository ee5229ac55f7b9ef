"""Alert contexts by class: what each monitor type puts into `alertContext`, and the sentence its webhook carries.

`CONTEXTS` maps the wire value of `@class` to (label, category, builder). A builder takes the monitor's subject (a
service, a disk, a component name...) and a seeded random source and returns the context's fields without `@class`.
"""

# ruff: noqa: PLR2004 - chances of made-up data are literal on purpose

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Final

Fields = dict[str, Any]
Builder = Callable[[str, Random], Fields]


@dataclass(frozen=True, slots=True)
class ContextType:
    """One alert context class: its label in words, its alert category, how its fields and its sentence are made."""

    label: str
    category: str
    build: Builder
    message: str


def _service_status(name: str, _rng: Random) -> Fields:
    return {"serviceName": name or "Spooler", "status": "STOPPED"}


def _process_status(name: str, _rng: Random) -> Fields:
    return {"processName": name or "sqlservr.exe", "status": "STOPPED"}


def _process_usage(name: str, rng: Random) -> Fields:
    return {"processName": name or "chrome.exe", "sample": round(rng.uniform(80, 100), 2), "type": "CPU"}


def _disk(name: str, rng: Random) -> Fields:
    total = float(rng.choice((240, 480, 960, 1920)) * 1024 * 1024)
    return {
        "diskName": name or "C:",
        "totalVolume": total,
        "freeSpace": round(total * rng.uniform(0.005, 0.09), 1),
        "unitOfMeasure": "PERCENT",
        "diskNameDesignation": "SINGLE_VOLUME",
    }


def _samples(name: str, rng: Random) -> Fields:
    style = rng.random()
    if style < 0.1:
        return {"samples": {}}
    if style < 0.2:
        return {"samples": {"": f"{name or 'Check'} failed"}}
    return {"samples": {"Alert": f"{name or 'Check'}: result {rng.randint(1, 9)} of 10 is out of range"}}


def _eventlog(name: str, rng: Random) -> Fields:
    source, _, code = (name or "disk/7").partition("/")
    return {
        "logName": "System",
        "code": code or "7",
        "type": "ERROR",
        "source": source,
        "description": f"{source} reported event {code or '7'}: the operation did not finish.",
        "triggerCount": rng.randint(1, 12),
        "lastTriggered": None,
        "causedSuspension": False,
    }


#: An account has a handful of patch policies.
_PATCH_POLICIES: Final = ("6b0daf350e1dacf9", "4598ec978aa9f1ba", "3109cb067b4f02b8")


def _patch(_name: str, rng: Random) -> Fields:
    code = rng.choice(("0x80070643", "0x800f0922", "0x80240034", "-2145124329"))
    return {
        "patchUid": f"{rng.getrandbits(64):016x}",
        "policyUid": rng.choice(_PATCH_POLICIES),
        "result": code,
        "info": f"Cumulative update failed to install ({code})",
    }


def _file_size(name: str, rng: Random) -> Fields:
    return {
        "path": name or "C:\\Logs\\app.log",
        "sample": round(rng.uniform(5000, 9000), 1),
        "threshold": 4096.0,
        "objectType": None,
        "condition": None,
    }


def _ping(name: str, rng: Random) -> Fields:
    return {
        "instanceName": name or "8.8.8.8",
        "roundtripTime": rng.randint(300, 4000),
        "reasons": ["Timeout"],
    }


def _software(name: str, _rng: Random) -> Fields:
    return {
        "packageName": name or "AnyDesk",
        "actionType": "INSTALLED",
        "prevVersion": None,
        "version": "8.0.9",
    }


def _security(name: str, _rng: Random) -> Fields:
    return {
        "status": 2,
        "productName": name or "Webroot SecureAnywhere",
        "infoTime": 1_790_000_000_000,
        "virusName": "EICAR-Test-File",
        "infectedFiles": ["C:\\Users\\Public\\eicar.com"],
        "productNotUpdatedForDays": None,
        "systemRemainsInfectedForHours": 3,
        "expiryLicenseForDays": None,
    }


def _ransomware(_name: str, rng: Random) -> Fields:
    return {
        "state": 1,
        "confidenceFactor": rng.randint(70, 99),
        "affectedDirectories": ["D:\\Shares\\Accounts"],
        "watchPaths": ["D:\\Shares"],
        "rwextension": ".lck",
        "metaAlertTime": None,
        "alertTime": 1_790_000_000_000,
    }


def _es(name: str, rng: Random) -> Fields:
    return {
        "esAlertId": f"es-{rng.getrandbits(40):010x}",
        "description": name or "Suspicious PowerShell command",
    }


def _hardware(kind: str) -> Builder:
    return lambda name, _rng: {"reason": name or f"{kind} sensor state is red", "type": kind}


def _snmp_probe(name: str, rng: Random) -> Fields:
    oid = "1.3.6.1.2.1.2.2.1.8.3"
    return {
        "ipAddress": f"10.0.{rng.randint(0, 9)}.{rng.randint(2, 250)}",
        "OID": oid,
        "oid": oid,
        "ruleName": name or "Port 3 down",
        "responseValue": "2",
        "deviceName": "core-sw",
        "monitorName": "Switch ports",
    }


def _printer(_name: str, rng: Random) -> Fields:
    return {
        "ipAddress": f"10.0.0.{rng.randint(2, 250)}",
        "macAddress": "00:1B:A9:12:34:56",
        "markerSupplyIndex": 1,
        "currentLevel": rng.randint(0, 8),
    }


def _usage(rng: Random, kind: str) -> Fields:
    return {"percentage": round(rng.uniform(91, 100), 2), "type": kind}


def _perf(name: str, rng: Random) -> Fields:
    return _usage(rng, name if name in {"CPU", "MEMORY", "SNMP_THROUGHPUT"} else "CPU")


CONTEXTS: dict[str, ContextType] = {
    "online_offline_status_ctx": ContextType(
        "Online Status", "Status", lambda _n, _r: {"status": "OFFLINE"}, "Device went Offline"
    ),
    "comp_script_ctx": ContextType("Component", "Component", _samples, "[{subject}] - Result: {samples}"),
    "perf_disk_usage_ctx": ContextType(
        "Disk Usage",
        "Performance",
        _disk,
        "Disk {diskName} is nearly full: {free_gb} GB of {total_gb} GB free",
    ),
    "eventlog_ctx": ContextType(
        "Event Log", "Event Log", _eventlog, 'Event log {logName}: {source} {code} "{description}"'
    ),
    "patch_ctx": ContextType("Patch", "Patch", _patch, "Patch alert: {info}"),
    "srvc_status_ctx": ContextType(
        "Service", "Service", _service_status, "Service '{serviceName}' isStopped"
    ),
    "perf_resource_usage_ctx": ContextType("CPU", "Performance", _perf, "{type} usage reached {percentage}%"),
    "antivirus_ctx": ContextType(
        "Antivirus Status",
        "Security",
        lambda name, _r: {"productName": name or "Datto AV", "status": "RUNNINGNOTUPTODATE"},
        "Antivirus {productName}: {status}",
    ),
    "ping_ctx": ContextType("Ping", "Network", _ping, "Ping to {instanceName} took {roundtripTime} ms"),
    "custom_snmp_ctx": ContextType(
        "SNMP",
        "Network",
        lambda name, _r: {"displayName": name or "UPS load", "currentValue": "97", "monitorInstance": "1"},
        "SNMP {displayName} is {currentValue}",
    ),
    "srvc_resource_usage_ctx": ContextType(
        "Service",
        "Service",
        lambda name, rng: {
            "serviceName": name or "W3SVC",
            "sample": round(rng.uniform(80, 99), 2),
            "type": "MEMORY",
        },
        "Service '{serviceName}' uses {sample}% {type}",
    ),
    "process_status_ctx": ContextType(
        "Process", "Process", _process_status, "Process '{processName}' isStopped"
    ),
    "process_resource_usage_ctx": ContextType(
        "Process", "Process", _process_usage, "Process '{processName}' uses {sample}% {type}"
    ),
    "perf_mon_ctx": ContextType(
        "Windows Performance",
        "Performance",
        lambda _n, rng: {"value": round(rng.uniform(40, 900), 3)},
        "Performance counter reached {value}",
    ),
    "fs_object_ctx": ContextType("File/Folder Size", "Files", _file_size, "{path} has grown to {sample} MB"),
    "wmi_ctx": ContextType(
        "WMI", "WMI", lambda name, _r: {"value": name or "Degraded"}, "WMI query returned {value}"
    ),
    "sw_action_ctx": ContextType(
        "Software", "Software", _software, "Software {packageName} was {actionType}"
    ),
    "sec_management_ctx": ContextType(
        "Security Management", "Security", _security, "{productName} found {virusName}"
    ),
    "endpoint_security_threat_ctx": ContextType("Threat Detection", "Security", _es, "Threat: {description}"),
    "endpoint_security_windows_defender_ctx": ContextType(
        "Windows Defender Antivirus", "Security", _es, "Windows Defender: {description}"
    ),
    "ransomware_ctx": ContextType(
        "Ransomware",
        "Security",
        _ransomware,
        "Ransomware suspected ({confidenceFactor}% sure), files end in {rwextension}",
    ),
    "disk_health_ctx": ContextType(
        "ESXi Disk Health", "Hardware", _hardware("DISKHEALTH"), "Disk health: {reason}"
    ),
    "fan_ctx": ContextType("ESXi Fan", "Hardware", _hardware("FAN"), "Fan: {reason}"),
    "psu_ctx": ContextType("ESXi PSU", "Hardware", _hardware("PSU"), "Power supply: {reason}"),
    "temperature_ctx": ContextType(
        "ESXi Temperature",
        "Hardware",
        lambda _n, rng: {"degree": round(rng.uniform(60, 95), 1), "type": "TEMPERATURE"},
        "Temperature is {degree} degrees",
    ),
    "backup_management_ctx": ContextType(
        "Backup Management",
        "Backup",
        lambda name, _r: {"errorMessage": name or "Backup did not run", "timeout": 30},
        "Backup: {errorMessage}",
    ),
    "network_monitor_ctx": ContextType(
        "Network Monitor",
        "Network",
        lambda name, _r: {"description": name or "A new device appeared on the network"},
        "Network: {description}",
    ),
    "snmp_probe_ctx": ContextType("SNMP", "Network", _snmp_probe, "{monitorName}: {ruleName} on {ipAddress}"),
    "printer_ctx": ContextType(
        "Printer", "Printer", _printer, "Printer supply {markerSupplyIndex} is at {currentLevel}%"
    ),
    "seccenter_ctx": ContextType(
        "Windows Security Center",
        "Security",
        lambda name, _r: {"productName": name or "Windows Security", "alertType": "NOT_UPTODATE"},
        "{productName}: {alertType}",
    ),
    "status_ctx": ContextType("Process", "Process", _process_status, "Process '{processName}' isStopped"),
    "resource_usage_ctx": ContextType(
        "Process", "Process", _process_usage, "Process '{processName}' uses {sample}% {type}"
    ),
    "disk_usage_ctx": ContextType("Disk Usage", "Performance", _disk, "Disk {diskName} is nearly full"),
    "windows_performance_ctx": ContextType(
        "Windows Performance",
        "Performance",
        lambda _n, rng: {"value": round(rng.uniform(40, 900), 3)},
        "Performance counter reached {value}",
    ),
    "filesystem_ctx": ContextType("File/Folder Size", "Files", _file_size, "{path} has grown to {sample} MB"),
    "action_ctx": ContextType("Software", "Software", _software, "Software {packageName} was {actionType}"),
    "security_management_ctx": ContextType(
        "Security Management", "Security", _security, "{productName} found {virusName}"
    ),
    # Nobody has published what Datto Continuity sends, so this stands for every class a client has never met.
    "sandbox_unknown_ctx": ContextType(
        "Datto Continuity",
        "Backup",
        lambda name, _r: {
            "agentName": name or "BCDR appliance",
            "screenshot": {"verified": False},
            "code": 7,
        },
        "Continuity: screenshot verification failed for {agentName}",
    ),
}

UNKNOWN_CLASS = "sandbox_unknown_ctx"


class _Gaps(dict[str, Any]):
    """Format arguments that leave a missing field as a question mark instead of raising."""

    def __missing__(self, key: str) -> str:
        return "?"


def build_context(context_class: str, subject: str, rng: Random) -> Fields:
    """Return `{"@class": ..., fields}` for a class of `CONTEXTS`; any other class gets `{"subject": ...}`."""
    kind = CONTEXTS.get(context_class)
    fields = kind.build(subject, rng) if kind else {"subject": subject}
    return {"@class": context_class, **fields}


def label_for(context: Fields) -> str:
    """Return the monitor type in words ("Memory" and "CPU" share one class and differ by `type`)."""
    kind = CONTEXTS.get(str(context.get("@class")))
    if kind is None:
        return str(context.get("@class") or "Unknown")
    if context.get("@class") == "perf_resource_usage_ctx":
        return {"MEMORY": "Memory", "SNMP_THROUGHPUT": "SNMP Throughput"}.get(str(context.get("type")), "CPU")
    return kind.label


def category_for(context_class: str) -> str:
    """Return the alert category webhooks carry."""
    kind = CONTEXTS.get(context_class)
    return kind.category if kind else "Other"


def message_for(context: Fields, subject: str) -> str:
    """Return the sentence a webhook's `[alert_message]` carries."""
    kind = CONTEXTS.get(str(context.get("@class")))
    if kind is None:
        return f"Alert: {subject or context.get('@class')}"
    values = _Gaps(context)
    values["subject"] = subject or "Check"
    samples = context.get("samples")
    values["samples"] = ", ".join(map(str, samples.values())) if isinstance(samples, dict) else ""
    for name, source in (("free_gb", "freeSpace"), ("total_gb", "totalVolume")):
        amount = context.get(source)
        values[name] = round(amount / 1024**2, 1) if isinstance(amount, (int, float)) else "?"
    return kind.message.format_map(values)
