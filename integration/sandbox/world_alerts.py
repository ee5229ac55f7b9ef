"""Monitors of a demo world, its open alerts, and who fires how often."""

# ruff: noqa: PLR2004 - chances and ids of made-up data are literal on purpose

from __future__ import annotations

from random import Random
from typing import Any

from .datto.contexts import CONTEXTS, UNKNOWN_CLASS, build_context, label_for, message_for
from .datto.model import Alert, Device, Monitor
from .world_datto import DAY_MS, PlacedSite, make_uid
from .world_profiles import Profile

#: Share of alerts by class; every other class shares the last per cent.
MIX = {
    "online_offline_status_ctx": 25,
    "comp_script_ctx": 20,
    "perf_disk_usage_ctx": 12,
    "eventlog_ctx": 12,
    "patch_ctx": 10,
    "srvc_status_ctx": 7,
    "perf_resource_usage_ctx": 6,
    "antivirus_ctx": 4,
    "ping_ctx": 2,
    "custom_snmp_ctx": 1,
}
_PRIORITIES = ("Critical", "High", "Moderate", "Low", "Information")
_PRIORITY_WEIGHTS = (5, 15, 35, 30, 15)
_SUBJECTS = {
    "srvc_status_ctx": (
        "Spooler",
        "MSSQLSERVER",
        "W3SVC",
        "wuauserv",
        "VeeamBackupSvc",
        "DNS",
        "NTDS",
        "TermService",
    ),
    "perf_disk_usage_ctx": ("C:", "D:", "E:", "F:"),
    "eventlog_ctx": (
        "disk/7",
        "NTFS/55",
        "Kernel-Power/41",
        "MSExchange/1022",
        "VSS/8193",
        "Backup/517",
        "DFSR/4012",
    ),
    "perf_resource_usage_ctx": ("CPU", "MEMORY", "SNMP_THROUGHPUT"),
    "antivirus_ctx": ("Datto AV", "Windows Defender", "SentinelOne"),
    "ping_ctx": ("8.8.8.8", "gateway", "vpn.example"),
    "custom_snmp_ctx": ("UPS load", "Toner black", "Interface 3 errors", "Fan speed"),
    "comp_script_ctx": (
        "BitLocker status",
        "Backup age check",
        "Disk SMART check",
        "Certificate expiry",
        "Local administrator audit",
        "Time drift",
        "Windows licence",
        "Pending reboot",
        "DHCP scope usage",
        "RAID health",
        "SQL job failures",
        "Uptime over 30 days",
    ),
}
_KINDS = {
    "disk_health_ctx": "esxi",
    "fan_ctx": "esxi",
    "psu_ctx": "esxi",
    "temperature_ctx": "esxi",
    "printer_ctx": "printer",
    "custom_snmp_ctx": "network",
    "snmp_probe_ctx": "network",
    "online_offline_status_ctx": "server",
    "srvc_status_ctx": "server",
}


def build_monitors(profile: Profile, rng: Random) -> list[Monitor]:
    """Return the profile's number of monitors: one of each class at least, the rest by the mix."""
    classes = list(CONTEXTS)
    wanted = classes + rng.choices(list(MIX), list(MIX.values()), k=profile.monitors - len(classes))
    counts: dict[str, int] = {}
    for name in wanted:
        counts[name] = counts.get(name, 0) + 1
    rest = [name for name in classes if name not in MIX]
    monitors = []
    seen: dict[str, int] = {}
    for key, name in enumerate(wanted, start=1):
        number = seen[name] = seen.get(name, -1) + 1
        subjects = _SUBJECTS.get(name, ("",))
        subject = subjects[number % len(subjects)]
        if number >= len(subjects) and subject and name == "comp_script_ctx":
            subject = f"{subject} {number // len(subjects) + 1}"
        share = MIX.get(name, 1 / len(rest))
        monitors.append(
            Monitor(
                key=key,
                context_class=name,
                label=CONTEXTS[name].label,
                priority=rng.choices(_PRIORITIES, _PRIORITY_WEIGHTS)[0],
                subject=subject,
                name=subject if name == "comp_script_ctx" else "",
                weight=share / counts[name],
                autoresolve_mins=rng.choice((None, 1, 5, 15, 60)),
                device_kind=_KINDS.get(name, "any"),
            )
        )
    return monitors


class Chooser:
    """Picks a fitting device for a monitor."""

    def __init__(self, devices: list[Device], rng: Random) -> None:
        self._rng = rng
        alive = [device for device in devices if not device.deleted]
        self._by_kind = {
            "any": [device for device in alive if device.device_class == "device"],
            "server": [device for device in alive if device.category == "Server"],
            "esxi": [device for device in alive if device.device_class == "esxihost"],
            "printer": [device for device in alive if device.device_class == "printer"],
            "network": [device for device in alive if device.device_class == "rmmnetworkdevice"],
        }

    def device_for(self, monitor: Monitor) -> Device:
        """Return a device of the monitor's kind, any device when there is none of it."""
        return self._rng.choice(self._by_kind.get(monitor.device_kind) or self._by_kind["any"])


def build_history_table(
    profile: Profile, devices: list[Device], monitors: list[Monitor], rng: Random
) -> list[tuple[str, int]]:
    """Return the (device uid, monitor key) table of the past: a tenth of the pairs makes four fifths of the volume."""
    chooser = Chooser(devices, rng)
    pairs = max(300, profile.devices // 2)
    chosen = rng.choices(monitors, [monitor.weight for monitor in monitors], k=pairs)
    table: list[tuple[str, int]] = []
    for number, monitor in enumerate(chosen):
        pair = (chooser.device_for(monitor).uid, monitor.key)
        table += [pair] * (36 if number % 10 == 0 else 1)
    return table


def build_open_alerts(
    profile: Profile,
    devices: list[Device],
    placed: list[PlacedSite],
    monitors: list[Monitor],
    now_ms: int,
    rng: Random,
) -> list[Alert]:
    """Return the open alerts, oldest first: one of every class, then by the mix; a few odd ones."""
    chooser = Chooser(devices, rng)
    names = {spot.site.uid: spot.site.name for spot in placed}
    chosen = monitors[: len(CONTEXTS)]
    weights = [monitor.weight for monitor in monitors]
    chosen = chosen + rng.choices(monitors, weights, k=profile.open_alerts - len(chosen))
    alerts = []
    for number, monitor in enumerate(chosen):
        device = chooser.device_for(monitor)
        context = build_context(monitor.context_class, monitor.subject, rng)
        if context.get("status") == "OFFLINE":
            device.online = False
        subject = monitor.name or monitor.subject
        alert = Alert(
            uid=make_uid(rng),
            priority=monitor.priority,
            timestamp=now_ms
            - int(min(170.0, rng.expovariate(1 / 6)) * DAY_MS)
            - rng.randint(60_000, 3_600_000),
            context=context,
            device_uid=device.uid,
            device_name=device.hostname,
            site_uid=device.site_uid,
            site_name=names[device.site_uid],
            label=label_for(context),
            message=message_for(context, subject),
            diagnostics=_diagnostics(monitor, rng),
            autoresolve_mins=monitor.autoresolve_mins,
        )
        _make_odd(alert, number, rng)
        alerts.append(alert)
    alerts.sort(key=lambda alert: alert.timestamp)
    return alerts


def _diagnostics(monitor: Monitor, rng: Random) -> str | None:
    if monitor.context_class != "comp_script_ctx" or rng.random() < 0.3:
        return None
    return f'<-Start Diagnostic->\nC:\\Windows\\Temp\\check.ps1: "{monitor.subject}"\nexit code 1\n<-End Diagnostic->'


def _make_odd(alert: Alert, number: int, rng: Random) -> None:
    """Spoil some: without a device, without a context, ticketed by Datto itself, no priority to speak of."""
    kind = (alert.context or {}).get("@class")
    if kind == "network_monitor_ctx":
        alert.device_uid = alert.device_name = None
    if kind == UNKNOWN_CLASS:
        alert.muted = None
    if number > len(CONTEXTS) and number % 47 == 0:
        alert.context = None
        alert.priority = "Unknown"
    if number > len(CONTEXTS) and number % 40 == 3:
        alert.creates_ticket = True
        alert.ticket_number = f"T20260{rng.randint(1, 9)}17.{number:04d}"
        alert.actions = [_ticket_action(alert)]


def _ticket_action(alert: Alert) -> dict[str, Any]:
    return {
        "actionTime": alert.timestamp + 4000,
        "actionType": "TICKET_CREATED",
        "description": "Ticket created",
        "actionReference": alert.ticket_number,
        "actionReferenceInt": None,
    }
