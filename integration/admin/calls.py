"""Sync > Vendor calls."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RangeDateTimeFilter

from integration.admin.base import ReadOnlyAdmin, display
from integration.models import VendorCall
from integration.templatetags.bridge import ago


@admin.register(VendorCall)
class VendorCallAdmin(ReadOnlyAdmin):
    """Every request sent to a vendor."""

    empty_text = "No vendor call yet. Every request to Datto RMM and Autotask is listed here, without secrets or bodies."
    list_display = ("show_when", "show_vendor", "show_call", "show_answer", "duration_ms", "lane", "subject")
    list_filter = ("vendor", "method", "lane", "error", ("started_at", RangeDateTimeFilter))
    list_filter_submit = True
    search_fields = ("=subject", "path")
    search_help_text = "A subject such as alert:<uid> or ticket:<id>, or a part of the path"
    list_per_page = 100
    show_full_result_count = False
    ordering = ("-id",)

    @display(description="When", ordering="started_at")
    def show_when(self, call: VendorCall) -> SafeString | str:
        """Show the time relative."""
        return ago(call.started_at)

    @display(description="Vendor", ordering="vendor", label={"datto_rmm": "info", "autotask": "primary"})
    def show_vendor(self, call: VendorCall) -> tuple[str, str]:
        """Show the vendor as a label."""
        return call.vendor, call.get_vendor_display()

    @display(description="Call")
    def show_call(self, call: VendorCall) -> str:
        """Show method and path."""
        return f"{call.method} {call.path}"

    @display(description="Answer", ordering="status", label={"ok": "success", "bad": "danger"})
    def show_answer(self, call: VendorCall) -> tuple[str, str]:
        """Show status and error."""
        text = f"{call.status if call.status is not None else 'none'} {call.error}".strip()
        return ("bad" if call.error else "ok"), text
