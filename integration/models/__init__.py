"""Connection, call log and sync history."""

from integration.models.calls import VendorCall
from integration.models.connection import Connection, PreflightCheck, Vendor, VendorHealth
from integration.models.sync import SyncRun, SyncRunEntry

__all__ = ["Connection", "PreflightCheck", "SyncRun", "SyncRunEntry", "Vendor", "VendorCall", "VendorHealth"]
