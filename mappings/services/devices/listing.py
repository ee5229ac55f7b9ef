"""Devices as rows of a CSV file."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from mappings.models import Device

COLUMNS = (
    "device_uid",
    "host_name",
    "description",
    "site",
    "organization",
    "class",
    "category",
    "type",
    "operating_system",
    "serial_number",
    "manufacturer",
    "model",
    "internal_ip",
    "external_ip",
    "last_user",
    "online",
    "last_seen",
    "last_audit",
    "reboot_required",
    "antivirus",
    "antivirus_status",
    "patch_status",
    "patches_missing",
    "agent_version",
    "warranty_ends",
    "link_state",
    "configuration_item_id",
    "configuration_item",
    "review_state",
    "deleted",
)


def export_row(device: Device) -> list[str]:
    """Return a device's row; it must come with site, mapping, company, audit, link, item and review loaded."""
    mapping = getattr(device.site, "mapping", None)
    company = mapping.company if mapping is not None else None
    audit = getattr(device, "audit", None)
    link = getattr(device, "link", None)
    item = link.configuration_item if link is not None else None
    review = getattr(device, "review", None)
    values: list[Any] = [
        device.datto_device_uid,
        device.hostname,
        device.description,
        device.site.name,
        company.name if company is not None else "",
        device.device_class,
        device.category,
        device.device_type,
        device.operating_system,
        audit.serial_number if audit is not None else "",
        audit.manufacturer if audit is not None else "",
        audit.model if audit is not None else "",
        device.internal_ip,
        device.external_ip,
        device.last_user,
        device.is_online,
        device.last_seen_at,
        device.last_audit_at,
        device.reboot_required,
        device.antivirus_product,
        device.antivirus_status,
        device.patch_status,
        device.patches_missing,
        device.agent_version,
        device.warranty_date,
        link.state if link is not None else "new",
        item.autotask_configuration_item_id if item is not None else None,
        str(item) if item is not None else "",
        review.state if review is not None else "",
        device.is_deleted,
    ]
    return [_text(value) for value in values]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
