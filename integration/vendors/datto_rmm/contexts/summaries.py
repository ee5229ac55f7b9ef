"""One line per alert context, in words and with units. Every field may be missing."""

from __future__ import annotations

from collections.abc import Mapping

from integration.vendors.datto_rmm.contexts.units import (
    as_float,
    as_number,
    as_percent,
    as_size,
    as_text,
    as_update_result,
    as_words,
)

Context = Mapping[str, object]


def _named(context: Context, name: str, otherwise: str) -> str:
    return as_text(context.get(name)) or otherwise


def _with(text: str, detail: str, *, between: str = ": ") -> str:
    return f"{text}{between}{detail}" if detail else text


def online_status(context: Context) -> str:
    """Say whether the device is online."""
    status = as_words(context.get("status"))
    return f"Device is {status}" if status else "Device changed its online status"


def resource_usage(context: Context) -> str:
    """Say how much of the processor or memory is in use."""
    kind = {"CPU": "CPU", "MEMORY": "Memory", "SNMP_THROUGHPUT": "SNMP throughput"}.get(
        as_text(context.get("type")).upper(), as_words(context.get("type")).capitalize() or "Resource"
    )
    percent = as_percent(context.get("percentage"))
    return f"{kind} usage is {percent}" if percent else f"{kind} usage is out of range"


def disk_usage(context: Context) -> str:
    """Say how much of a disk is free."""
    name = _named(context, "diskName", "The disk")
    free, total = as_float(context.get("freeSpace")), as_float(context.get("totalVolume"))
    if free is None:
        return f"{name} disk usage is out of range"
    text = f"{name} has {as_size(free)} free"
    if total is not None and total > 0:
        text += f" of {as_size(total)} ({as_percent(round(100 * free / total, 1))})"
    return text


def component(context: Context) -> str:
    """Say what a component reported."""
    samples = context.get("samples")
    if not isinstance(samples, Mapping):
        return _with("Component raised an alert", as_text(samples))
    parts = [
        _with(as_text(name), as_text(value)) if as_text(name) else as_text(value)
        for name, value in samples.items()
    ]
    text = as_text("; ".join(part for part in parts if part))
    return text or "Component raised an alert"


def event_log(context: Context) -> str:
    """Say which event was logged."""
    source, code = as_text(context.get("source")), as_text(context.get("code"))
    text = (
        f"{source} event {code}" if source and code else source or (f"Event {code}" if code else "An event")
    )
    if log := as_text(context.get("logName")):
        text += f" in {log}"
    count = as_float(context.get("triggerCount"))
    if count is not None and count > 1:
        text += f", {count:.0f} times"
    return as_text(_with(text, as_text(context.get("description"))))


def _status(label: str, name: str, context: Context) -> str:
    status = as_words(context.get("status"))
    return f"{label} {name} is {status}" if status else f"{label} {name} changed its status"


def service_status(context: Context) -> str:
    """Say what state a service is in."""
    return _status("Service", _named(context, "serviceName", "(unnamed)"), context)


def process_status(context: Context) -> str:
    """Say what state a process is in."""
    return _status("Process", _named(context, "processName", "(unnamed)"), context)


def _usage(label: str, name: str, context: Context) -> str:
    kind = as_text(context.get("type")).upper()
    sample = (
        as_percent(context.get("sample"))
        if kind in {"CPU", "MEMORY", ""}
        else as_number(context.get("sample"))
    )
    what = {"MEMORY": "memory"}.get(kind, as_words(context.get("type")) or "resource")
    text = f"{label} {name}: {what} usage"
    return f"{text} is {sample}" if sample else f"{text} is out of range"


def service_usage(context: Context) -> str:
    """Say how much a service uses."""
    return _usage("Service", _named(context, "serviceName", "(unnamed)"), context)


def process_usage(context: Context) -> str:
    """Say how much a process uses."""
    return _usage("Process", _named(context, "processName", "(unnamed)"), context)


def antivirus(context: Context) -> str:
    """Say what state the antivirus product is in."""
    status = as_words(context.get("status")) or "not in order"
    return f"{_named(context, 'productName', 'Antivirus')} is {status}"


def patch(context: Context) -> str:
    """Say why a patch failed."""
    info, result = as_text(context.get("info")), as_update_result(context.get("result"))
    # The human text often quotes the code already.
    if info and result and result.split(maxsplit=1)[0].lower() not in info.lower():
        return as_text(f"Patch: {info} - {result}")
    return as_text(_with("Patch failed", info or result))


def performance(context: Context) -> str:
    """Say what a performance counter shows."""
    return _with("Performance counter is out of range", as_number(context.get("value")))


def wmi(context: Context) -> str:
    """Say what a WMI query returned."""
    return (
        _with("WMI query returned", as_text(context.get("value")))
        if context.get("value") is not None
        else "WMI query matched"
    )


def file_size(context: Context) -> str:
    """Say what happened to a file or folder. The unit of the size is not reported."""
    path = _named(context, "path", "File or folder")
    condition = as_text(context.get("condition")).upper()
    if condition in {"REMOVED", "CREATED"}:
        return f"{path} was {condition.lower()}"
    sample, threshold = as_number(context.get("sample")), as_number(context.get("threshold"))
    side = {"ABOVE_THRESHOLD": "above", "BELOW_THRESHOLD": "below"}.get(condition, "against")
    if sample and threshold:
        return f"{path}: size {sample} {side} threshold {threshold}"
    return f"{path}: size {sample}" if sample else f"{path} changed"


def ping(context: Context) -> str:
    """Say how a ping went."""
    target, time = _named(context, "instanceName", "target"), as_number(context.get("roundtripTime"))
    text = _with(f"Ping to {target}", f"{time} ms" if time else "failed")
    return _with(text, as_text(context.get("reasons")), between=", ")


def custom_snmp(context: Context) -> str:
    """Say what an SNMP monitor reads."""
    name = as_text(context.get("displayName")) or _named(context, "monitorInstance", "SNMP monitor")
    return _with(name, as_text(context.get("currentValue")))


def snmp_probe(context: Context) -> str:
    """Say what a network probe reads."""
    name = as_text(context.get("ruleName")) or as_text(context.get("monitorName")) or "SNMP rule"
    device = as_text(context.get("deviceName")) or as_text(context.get("ipAddress"))
    return _with(f"{name} on {device}" if device else name, as_text(context.get("responseValue")))


def software(context: Context) -> str:
    """Say which program came, went or changed."""
    name, action = _named(context, "packageName", "A program"), as_text(context.get("actionType")).upper()
    before, now = as_text(context.get("prevVersion")), as_text(context.get("version"))
    if action == "VERSION_CHANGED":
        return (
            f"{name} changed version" + (f" from {before}" if before else "") + (f" to {now}" if now else "")
        )
    done = {"INSTALLED": "was installed", "UNINSTALLED": "was uninstalled"}.get(action, "changed")
    return f"{name} {done}" + (f" ({now or before})" if now or before else "")


def security_management(context: Context) -> str:
    """Say what the security product found."""
    product = _named(context, "productName", "Security product")
    if virus := as_text(context.get("virusName")):
        return _with(f"{product} found {virus}", as_text(context.get("infectedFiles")))
    hours = as_number(context.get("systemRemainsInfectedForHours"))
    days = as_number(context.get("productNotUpdatedForDays"))
    licence = as_number(context.get("expiryLicenseForDays"))
    if hours:
        return f"{product}: infected for {hours} hours"
    if days:
        return f"{product}: not updated for {days} days"
    if licence:
        return f"{product}: licence ends in {licence} days"
    return _with(f"{product} reports a problem", as_number(context.get("status")), between=", status ")


def threat(context: Context) -> str:
    """Say what endpoint security found."""
    return as_text(context.get("description")) or "Endpoint security found a threat"


def ransomware(context: Context) -> str:
    """Say where ransomware was seen."""
    text = "Ransomware activity"
    if extension := as_text(context.get("rwextension")):
        text += f" (files renamed to {extension})"
    return as_text(_with(text, as_text(context.get("affectedDirectories")), between=" in "))


def hardware(context: Context) -> str:
    """Say which part of an ESXi host is in trouble."""
    part = {
        "TEMPERATURE": "Temperature",
        "FAN": "Fan",
        "PSU": "Power supply",
        "DISKHEALTH": "Disk health",
    }.get(as_text(context.get("type")).upper(), as_words(context.get("type")).capitalize() or "Hardware")
    if degree := as_number(context.get("degree")):
        return _with(f"{part} is {degree} degrees", as_text(context.get("reason")), between=", ")
    return _with(part, as_text(context.get("reason")) or "out of order")


def backup(context: Context) -> str:
    """Say why a backup failed."""
    return _with("Backup failed", as_text(context.get("errorMessage")))


def network(context: Context) -> str:
    """Say what the network monitor saw."""
    return as_text(context.get("description")) or "Network monitor raised an alert"


def printer(context: Context) -> str:
    """Say which supply runs low."""
    supply, level = as_number(context.get("markerSupplyIndex")), as_number(context.get("currentLevel"))
    text = f"Printer supply {supply}" if supply else "Printer supply"
    return f"{text} is at {level}" if level else f"{text} is low"


def security_center(context: Context) -> str:
    """Say what Windows Security Center reports."""
    status = as_words(context.get("alertType")) or "not in order"
    return f"{_named(context, 'productName', 'Security product')} is {status}"


def other(context: Context) -> str:
    """Say what little an unknown context offers: a sentence if it has one, else its plain values."""
    for name in ("description", "message", "info", "reason", "errorMessage", "errorText"):
        if text := as_text(context.get(name)):
            return text
    parts = [
        f"{as_text(name)} {as_text(value)}"
        for name, value in context.items()
        if name != "@class" and isinstance(value, str | int | float) and as_text(value)
    ]
    return as_text(", ".join(parts[:4])) or "Alert"
