"""How the Datto double writes its records on the wire: shapes of the vendor's answers, nulls included."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from .model import Alert, Device, Settings, Site, UdfLabel
from .udfs import v2_fields, v3_items

PLATFORM = "sandbox"


def date(ms: int | None, settings: Settings) -> int | str | None:
    """Return an instant as epoch milliseconds, or as ISO 8601 text when the switch says so."""
    if ms is None or settings.dates == "ms":
        return ms
    return datetime.fromtimestamp(ms / 1000, tz=UTC).isoformat().replace("+00:00", "Z")


def site_wire(site: Site, counts: tuple[int, int], account_uid: str, host: str) -> dict[str, Any]:
    """Return a Site; `counts` is (devices, of them online)."""
    total, online = counts
    return {
        "id": site.id,
        "uid": site.uid,
        "accountUid": account_uid,
        "name": site.name,
        "description": site.description,
        "notes": site.notes,
        "onDemand": site.on_demand,
        "splashtopAutoInstall": site.splashtop_auto_install,
        "proxySettings": site.proxy,
        "devicesStatus": {
            "numberOfDevices": total,
            "numberOfOnlineDevices": online,
            "numberOfOfflineDevices": total - online,
        },
        "autotaskCompanyName": site.autotask_company_name,
        "autotaskCompanyId": site.autotask_company_id,
        "portalUrl": f"{host}/portal/site/{site.id}",
    }


def device_wire(
    device: Device, site: Site, settings: Settings, host: str, *, labels: dict[int, UdfLabel] | None
) -> dict[str, Any]:
    """Return a Device; with `labels` it is V3 and carries `udfs`, without it carries `udf` (unless switched off)."""
    agentless = device.device_class in {"printer", "esxihost", "rmmnetworkdevice"}
    answer: dict[str, Any] = {
        "id": device.id,
        "uid": device.uid,
        "siteId": site.id,
        "siteUid": site.uid,
        "siteName": site.name,
        "deviceType": {"category": device.category, "type": device.type}
        if device.category or device.type
        else None,
        "hostname": device.hostname,
        "intIpAddress": device.int_ip,
        "operatingSystem": device.operating_system,
        "lastLoggedInUser": device.last_user,
        "domain": device.domain,
        "cagVersion": None if agentless else "4.4.2235.2235",
        "displayVersion": None if agentless else "4.4.0.2235",
        "extIpAddress": device.ext_ip,
        "description": device.description,
        "a64Bit": None if agentless else True,
        "rebootRequired": device.reboot_required,
        "online": device.online,
        "suspended": device.suspended,
        "deleted": device.deleted,
        "lastSeen": date(device.last_seen, settings),
        "lastReboot": date(device.last_reboot, settings),
        "lastAuditDate": date(device.last_audit, settings),
        "creationDate": date(device.created, settings),
        "snmpEnabled": agentless,
        "deviceClass": device.device_class,
        "portalUrl": f"{host}/portal/device/{device.id}",
        "warrantyDate": device.warranty,
        "antivirus": _antivirus(device),
        "patchManagement": _patches(device),
        "softwareStatus": device.software_status,
        "webRemoteUrl": None if agentless else f"{host}/portal/remote/{device.id}",
        "networkProbe": False,
        "onboardedViaNetworkMonitor": device.device_class == "rmmnetworkdevice",
    }
    if labels is not None:
        answer["udfs"] = v3_items(device, labels)
    elif settings.udf_on_v2:
        answer["udf"] = v2_fields(device)
    return answer


def _antivirus(device: Device) -> dict[str, Any] | None:
    if device.antivirus is None:
        return None
    return {"antivirusProduct": device.antivirus[0], "antivirusStatus": device.antivirus[1]}


def _patches(device: Device) -> dict[str, Any] | None:
    if device.patch_status is None:
        return None
    pending, refused, installed = device.patches
    return {
        "patchStatus": device.patch_status,
        "patchesApprovedPending": pending,
        "patchesNotApproved": refused,
        "patchesInstalled": installed,
    }


def alert_wire(alert: Alert, settings: Settings) -> dict[str, Any]:
    """Return an Alert. There is no message, no type and no monitor name on it, as with the vendor."""
    answer: dict[str, Any] = {
        "alertUid": alert.uid,
        "priority": alert.priority,
        "diagnostics": alert.diagnostics,
        "resolved": alert.resolved,
        "resolvedBy": alert.resolved_by,
        "resolvedOn": date(alert.resolved_on, settings),
        "muted": alert.muted,
        "ticketNumber": alert.ticket_number,
        "timestamp": date(alert.timestamp, settings),
        "alertMonitorInfo": {"sendsEmails": alert.sends_emails, "createsTicket": alert.creates_ticket},
        "alertContext": alert.context,
        "alertSourceInfo": {
            "deviceUid": alert.device_uid,
            "deviceName": alert.device_name,
            "siteUid": alert.site_uid,
            "siteName": alert.site_name,
        },
        "responseActions": alert.actions,
        "autoresolveMins": alert.autoresolve_mins,
    }
    for name, value in (alert.odd or {}).items():
        if value == {"absent": True}:
            answer.pop(name, None)
        else:
            answer[name] = value
    return answer


def placeholder_values(alert: Alert, site: Site, device: Device | None, category: str) -> dict[str, str]:
    """Return the values of a webhook's placeholders; what is not known is an empty text."""
    values: dict[str, Any] = {
        "alert_uid": alert.uid,
        "alert_type": alert.label,
        "alert_category": category,
        "alert_priority": alert.priority,
        "alert_message": alert.message,
        "alert_message_en": alert.message,
        "alert": alert.message,
        "device_uid": alert.device_uid,
        "device_hostname": alert.device_name,
        "site_uid": site.uid,
        "site_id": site.id,
        "site_name": site.name,
        "platform": "Sandbox",
        "timestamp": alert.timestamp,
        "device_id": device.id if device else None,
        "device_os": device.operating_system if device else None,
        "device_description": device.description if device else None,
        "device_ip": device.ext_ip if device else None,
        "last_user": device.last_user if device else None,
    }
    return {name: "" if value is None else str(value) for name, value in values.items()}


#: first digits of an address -> adapter that is no part of the machine
_ADAPTERS = {
    "00E04C": "Realtek USB GbE Family Controller",
    "005056": "VMware Virtual Ethernet Adapter for VMnet8",
    "00155D": "Hyper-V Virtual Ethernet Adapter",
}


def nics_wire(device: Device) -> list[dict[str, Any]]:
    """Return the network interfaces; the first carries the device's address."""
    return [
        {
            "instance": _ADAPTERS.get(mac[:6], f"Network adapter {index + 1}"),
            "ipv4": device.int_ip if index == 0 else None,
            "ipv6": None,
            "macAddress": ":".join(mac[i : i + 2] for i in range(0, 12, 2)),
            "type": "Ethernet" if index == 0 or mac[:6] in _ADAPTERS else "Wi-Fi",
        }
        for index, mac in enumerate(device.macs)
    ]


def interface_wire(device: Device, site: Site) -> dict[str, Any]:
    """Return the short device form of the site's network-interface list."""
    return {
        "id": device.id,
        "uid": device.uid,
        "siteId": site.id,
        "siteUid": site.uid,
        "siteName": site.name,
        "deviceType": {"category": device.category, "type": device.type}
        if device.category or device.type
        else None,
        "hostname": device.hostname,
        "intIpAddress": device.int_ip,
        "extIpAddress": device.ext_ip,
        "nics": nics_wire(device),
    }
