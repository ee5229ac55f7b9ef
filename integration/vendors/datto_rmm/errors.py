"""Refusals only Datto RMM has; each is one of the vendor-neutral kinds as well."""

from __future__ import annotations

from integration.vendors.errors import NotFound, Rejected


class WrongDeviceClass(Rejected):
    """An audit was asked for at the address of another device class. Read the device again: its class changed."""


class AuditNotFound(NotFound):
    """There is no audit: the device is gone, or was never audited."""
