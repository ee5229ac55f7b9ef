"""The kinds of Datto RMM monitors, as rows are made from them. Pure.

Which one raised an alert is told by `integration.vendors.datto_rmm.contexts`: an alert carries neither a monitor's id
nor its name; the context's `@class` is all there is. CPU, Memory and SNMP Throughput share one class and differ by
the context's `type`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: What every class we have never met is filed under; such alerts are ticketed like any other.
OTHER: Final = "other"
#: A resource usage alert whose `type` is neither CPU nor memory nor SNMP throughput.
RESOURCE: Final = "resource"
#: No monitor: what end clients ask for. It has ticket defaults of its own, and rules may name it.
AGENT_TICKET: Final = "agent_ticket"


@dataclass(frozen=True, slots=True)
class MonitorTypeSeed:
    """One kind of monitor.

    Attributes:
        slug: how settings, filters and links name it; never changed once released.
        name: as Datto RMM's own screens name it.
        context_classes: `@class` values that mean it; empty where none is known yet.
        is_security: such alerts are never closed by themselves.
        is_legacy: no longer offered in Datto RMM's screens, met in the wild.
    """

    slug: str
    name: str
    context_classes: tuple[str, ...] = ()
    is_security: bool = False
    is_legacy: bool = False


_USAGE: Final = "perf_resource_usage_ctx"

#: In the order in which Datto RMM lists them; legacy ones and what fits nowhere at the end.
MONITOR_TYPES: Final[tuple[MonitorTypeSeed, ...]] = (
    MonitorTypeSeed("antivirus", "Antivirus Status", ("antivirus_ctx",), is_security=True),
    MonitorTypeSeed("component", "Component", ("comp_script_ctx",)),
    MonitorTypeSeed("cpu", "CPU", (_USAGE,)),
    MonitorTypeSeed("datto_continuity", "Datto Continuity"),
    MonitorTypeSeed("disk_usage", "Disk Usage", ("perf_disk_usage_ctx", "disk_usage_ctx")),
    MonitorTypeSeed("esxi_data_store", "ESXi Data Store"),
    MonitorTypeSeed("esxi_disk_health", "ESXi Disk Health", ("disk_health_ctx",)),
    MonitorTypeSeed("esxi_fan", "ESXi Fan", ("fan_ctx",)),
    MonitorTypeSeed("esxi_psu", "ESXi PSU", ("psu_ctx",)),
    MonitorTypeSeed("esxi_temperature", "ESXi Temperature", ("temperature_ctx",)),
    MonitorTypeSeed("event_log", "Event Log", ("eventlog_ctx",)),
    MonitorTypeSeed("file_size", "File/Folder Size", ("fs_object_ctx", "filesystem_ctx")),
    MonitorTypeSeed("memory", "Memory", (_USAGE,)),
    MonitorTypeSeed("online_status", "Online Status", ("online_offline_status_ctx",)),
    MonitorTypeSeed("patch", "Patch", ("patch_ctx",)),
    MonitorTypeSeed("ping", "Ping", ("ping_ctx",)),
    MonitorTypeSeed(
        "process",
        "Process",
        ("process_status_ctx", "process_resource_usage_ctx", "status_ctx", "resource_usage_ctx"),
    ),
    MonitorTypeSeed("ransomware", "Ransomware", ("ransomware_ctx",), is_security=True),
    MonitorTypeSeed("service", "Service", ("srvc_status_ctx", "srvc_resource_usage_ctx")),
    MonitorTypeSeed("snmp", "SNMP", ("custom_snmp_ctx", "snmp_probe_ctx")),
    MonitorTypeSeed("snmp_throughput", "SNMP Throughput", (_USAGE,)),
    MonitorTypeSeed("software", "Software", ("sw_action_ctx", "action_ctx")),
    MonitorTypeSeed(
        "threat_detection", "Threat Detection", ("endpoint_security_threat_ctx",), is_security=True
    ),
    MonitorTypeSeed(
        "windows_defender",
        "Windows Defender Antivirus",
        ("endpoint_security_windows_defender_ctx",),
        is_security=True,
    ),
    MonitorTypeSeed("performance", "Windows Performance", ("perf_mon_ctx", "windows_performance_ctx")),
    MonitorTypeSeed("wmi", "WMI", ("wmi_ctx",)),
    MonitorTypeSeed(
        "security_center", "Windows Security Center", ("seccenter_ctx",), is_security=True, is_legacy=True
    ),
    MonitorTypeSeed(
        "security_management",
        "Security Management",
        ("sec_management_ctx", "security_management_ctx"),
        is_security=True,
        is_legacy=True,
    ),
    MonitorTypeSeed("printer", "Printer Supplies", ("printer_ctx",), is_legacy=True),
    MonitorTypeSeed("network", "Network Monitor", ("network_monitor_ctx",), is_legacy=True),
    MonitorTypeSeed("backup", "Backup Management", ("backup_management_ctx",), is_legacy=True),
    MonitorTypeSeed(RESOURCE, "Resource Usage", (_USAGE,)),
    MonitorTypeSeed(OTHER, "Other"),
)

#: Everything that has a row of ticket defaults.
SEEDS: Final[tuple[MonitorTypeSeed, ...]] = (*MONITOR_TYPES, MonitorTypeSeed(AGENT_TICKET, "Agent ticket"))
