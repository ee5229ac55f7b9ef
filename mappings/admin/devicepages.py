"""The pages around the list of devices: a device, the dashboard, the CSV file, refresh now."""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from integration.connections import get_connection
from integration.csv_files import csv_answer
from integration.ids import read_id
from integration.models import SyncRun, SyncRunEntry
from integration.sync import runs
from integration.sync.kinds import get_kind
from integration.tasks import execute_run
from integration.vendors.autotask.links import company_link, configuration_item_link
from integration.views.pages import send
from mappings.admin.common import MirrorAdmin, autotask_web_url
from mappings.models import ConfigurationItem, Device, DeviceAudit, DeviceLink, DeviceReview, FieldMap
from mappings.services.devices.dashboard import read_dashboard, tone_of, words_of
from mappings.services.devices.fieldmaps import source_label
from mappings.services.devices.listing import COLUMNS, export_row
from mappings.services.devices.loading import field_values
from mappings.services.udf_labels import read_labels

LIST = "admin:mappings_device_changelist"
_CHANGES_SHOWN = 20
#: Of one entry; the run's page has them all.
_FIELDS_SHOWN = 8
_BYTES_UNITS = ("bytes", "KB", "MB", "GB", "TB")
_KILO = 1024


class DevicePages(MirrorAdmin):
    """The pages."""

    list_before_template = "mappings/device_bar.html"

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("mappings/devices.css",)}

    def get_urls(self) -> list[URLPattern]:
        """Add the pages."""
        wrap = self.admin_site.admin_view
        return [
            path("dashboard/", wrap(self.dashboard_view), name="mappings_device_dashboard"),
            path("export/", wrap(self.export_view), name="mappings_device_export"),
            path("<int:device_id>/refresh/", wrap(self.refresh_view), name="mappings_device_refresh"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Hand the filters on to the export."""
        query = request.GET.copy()
        for name in ("p", "o", "e"):
            query.pop(name, None)
        context = {"export_query": query.urlencode(), **(extra_context or {})}
        return super().changelist_view(request, context)

    def dashboard_view(self, request: HttpRequest) -> HttpResponse:
        """Show the numbers."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        may_see_items = request.user.has_perm("mappings.view_configurationitem")
        return TemplateResponse(
            request,
            "mappings/device_dashboard.html",
            {
                **self.admin_site.each_context(request),
                "title": "Device dashboard",
                "dashboard": read_dashboard(timezone.now()),
                "list_url": reverse(LIST),
                "items_url": reverse("admin:mappings_configurationitem_changelist") if may_see_items else "",
            },
        )

    def export_view(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """Send the devices that fit the list's filters as CSV, row by row."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        devices = (
            self.get_changelist_instance(request)
            .get_queryset(request)
            .select_related("site__mapping__company", "link__configuration_item", "review", "audit")
        )

        rows = (export_row(device) for device in devices.iterator(chunk_size=1000))
        return csv_answer("devices", chain([COLUMNS], rows))

    def refresh_view(self, request: HttpRequest, device_id: int) -> HttpResponse:
        """Queue a run for one device and show it."""
        if request.method != "POST" or not request.user.has_perm("integration.add_syncrun"):
            raise PermissionDenied
        device = Device.objects.filter(pk=device_id).first()
        if device is None:
            raise Http404(f"There is no device {device_id}.")
        if not get_connection().is_enabled:
            messages.error(request, "The integration is not switched on, so nothing can be read.")
            return redirect("admin:mappings_device_change", device.pk)
        person = request.user if request.user.is_authenticated else None
        run, is_new = runs.queue_run(
            kind="devices",
            trigger=SyncRun.Trigger.PERSON,
            user=person,
            scope={"device_uids": [device.datto_device_uid]},
        )
        if is_new:
            queue = get_kind("devices").queue
            transaction.on_commit(partial(send, request, execute_run, queue=queue, args=(run.pk,)))
        else:
            messages.info(request, "A run for this device is at work already; this is it.")
        return redirect("admin:integration_syncrun_change", run.pk)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the device as a page of its own instead of a form."""
        del form_url, extra_context
        device = (
            Device.objects.select_related(
                "site__mapping__company",
                "audit",
                "link__configuration_item__company",
                "review__contract",
                "review__contact",
                "review__service",
            )
            .filter(pk=read_id(object_id) or 0)
            .first()
        )
        if device is None:
            raise Http404(f"There is no device {object_id}.")
        if not self.has_view_permission(request, device):
            raise PermissionDenied
        return TemplateResponse(
            request,
            "mappings/device.html",
            {
                **self.admin_site.each_context(request),
                "title": str(device),
                **_device_context(device),
                "may_refresh": request.user.has_perm("integration.add_syncrun"),
            },
        )


def _device_context(device: Device) -> dict[str, Any]:
    link: DeviceLink | None = getattr(device, "link", None)
    review: DeviceReview | None = getattr(device, "review", None)
    mapping = getattr(device.site, "mapping", None)
    item = link.configuration_item if link is not None else None
    web_url = autotask_web_url()
    return {
        "device": device,
        "mapping": mapping,
        "company_url": company_link(web_url, mapping.company.autotask_company_id)
        if web_url and mapping is not None and mapping.company is not None
        else "",
        "facts": _facts(device),
        "audit": getattr(device, "audit", None),
        "audit_facts": _audit_facts(getattr(device, "audit", None)),
        "link": link,
        "link_state": link.get_state_display() if link is not None else DeviceLink.State.NEW.label,
        "link_tone": _LINK_TONES.get(DeviceLink.State(link.state), "") if link is not None else "",
        "item": item,
        "item_url": configuration_item_link(web_url, item.autotask_configuration_item_id)
        if item is not None and web_url
        else "",
        "findings": _findings(device, web_url),
        "review": review,
        "udfs": _udfs(device, item),
        "changes": _changes(device, item),
    }


_LINK_TONES = {
    DeviceLink.State.LINKED: "good",
    DeviceLink.State.AMBIGUOUS: "bad",
    DeviceLink.State.MOVED: "bad",
    DeviceLink.State.FAILED: "bad",
    DeviceLink.State.UNMAPPED: "warn",
    DeviceLink.State.GONE: "warn",
}


def _facts(device: Device) -> list[tuple[str, Any, str]]:
    """Return (title, value, tone) of what Datto RMM's list tells."""
    yes_no = {True: "yes", False: "no", None: ""}
    rows = [
        ("Description", device.description, ""),
        ("Class", device.device_class, ""),
        ("Category", device.category, ""),
        ("Type", device.device_type, ""),
        ("Operating system", device.operating_system, ""),
        ("Domain", device.domain, ""),
        ("Internal IP", device.internal_ip, ""),
        ("External IP", device.external_ip, ""),
        ("Last user", device.last_user, ""),
        ("Reboot required", yes_no[device.reboot_required], "warn" if device.reboot_required else ""),
        (
            "Antivirus",
            " · ".join(
                part for part in (device.antivirus_product, words_of(device.antivirus_status)) if part
            ),
            tone_of(device.antivirus_status),
        ),
        ("Patches", words_of(device.patch_status), tone_of(device.patch_status)),
        ("Warranty ends", device.warranty_date, ""),
        ("Last seen", device.last_seen_at, ""),
        ("Last reboot", device.last_reboot_at, ""),
        ("Last audit", device.last_audit_at, ""),
        ("First seen", device.created_in_datto_at, ""),
        ("Device uid", device.datto_device_uid, ""),
    ]
    return [row for row in rows if row[1] not in (None, "")]


def show_bytes(count: int | None) -> str:
    """Return a size in words, such as 16 GB; "" for None."""
    if count is None:
        return ""
    size = float(count)
    unit = 0
    while size >= _KILO and unit < len(_BYTES_UNITS) - 1:
        size /= _KILO
        unit += 1
    return f"{size:.1f}".rstrip("0").rstrip(".") + f" {_BYTES_UNITS[unit]}"


def _audit_facts(audit: DeviceAudit | None) -> list[tuple[str, str]]:
    if audit is None:
        return []
    macs = ", ".join(
        " ".join(
            part for part in (str(one.get("mac", "")), f"({one['name']})" if one.get("name") else "") if part
        )
        for one in audit.mac_addresses
        if isinstance(one, dict)
    )
    rows = [
        ("Serial number", audit.serial_number),
        ("Manufacturer", audit.manufacturer),
        ("Model", audit.model),
        ("Processor", audit.processor),
        ("Cores", str(audit.cpu_cores or "")),
        ("Memory", show_bytes(audit.memory_bytes)),
        ("Storage", show_bytes(audit.storage_bytes)),
        ("Free", show_bytes(audit.free_bytes)),
        ("Disks", audit.disks),
        ("MAC addresses", macs),
        ("Motherboard", audit.motherboard),
        ("BIOS", audit.bios_version),
        ("Display adapter", audit.display_adapter),
        ("SNMP name", audit.snmp_name),
        ("SNMP location", audit.snmp_location),
    ]
    return [row for row in rows if row[1]]


def _findings(device: Device, web_url: str) -> list[dict[str, Any]]:
    """Return open findings, each with the configuration items it names as candidates."""
    findings = list(
        device.findings.filter(state="open").select_related("configuration_item").order_by("-found_at")
    )
    wanted = {pk for one in findings for pk in _candidate_pks(one.detail)}
    items = ConfigurationItem.objects.select_related("company").in_bulk(wanted)
    return [
        {
            "finding": one,
            "candidates": [
                (
                    items[pk],
                    items[pk].autotask_configuration_item_id,
                    configuration_item_link(web_url, items[pk].autotask_configuration_item_id)
                    if web_url
                    else "",
                )
                for pk in _candidate_pks(one.detail)
                if pk in items
            ],
        }
        for one in findings
    ]


def _candidate_pks(detail: dict[str, Any]) -> list[int]:
    """Return our row ids of the configuration items a finding names, in its order."""
    return [pk for pk in detail.get("item_pks", []) if isinstance(pk, int)]


def _udfs(device: Device, item: ConfigurationItem | None) -> list[dict[str, Any]]:
    """Return each mapped field with both sides' values."""
    held = item.udfs if item is not None else {}
    maps = list(FieldMap.objects.filter(is_active=True).select_related("udf"))
    labels = read_labels() if maps else {}
    values = field_values(device, {one.datto_field for one in maps if one.datto_field})
    return [
        {
            "map": field_map,
            "source": source_label(field_map, labels),
            "datto": device.udfs.get(str(field_map.datto_udf_index), "")
            if field_map.datto_udf_index
            else values.get(field_map.datto_field, ""),
            "autotask": held.get(field_map.udf.name),
        }
        for field_map in maps
    ]


def _changes(device: Device, item: ConfigurationItem | None) -> list[dict[str, Any]]:
    """Return the last entries about the device or its item, each with its filled fields in words."""
    ours = Q(object_type="device", object_id=device.datto_device_uid)
    if item is not None:
        ours |= Q(
            object_type__in=("configuration item", "configuration_item"),
            object_id=str(item.autotask_configuration_item_id),
        )
    entries = SyncRunEntry.objects.filter(ours).select_related("run").order_by("-id")[:_CHANGES_SHOWN]
    rows = []
    for entry in entries:
        fields = [
            (name.replace("_", " "), _words(entry.before.get(name)), _words(value))
            for name, value in entry.after.items()
            if value not in (None, "", {}, []) or name in entry.before
        ]
        rows.append(
            {
                "entry": entry,
                "fields": fields[:_FIELDS_SHOWN],
                "more": max(0, len(fields) - _FIELDS_SHOWN),
                "is_change": entry.action == SyncRunEntry.Action.UPDATE,
            }
        )
    return rows


def _words(value: Any) -> str:
    if value in (None, "", {}, []):
        return "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_words(one)}" for name, one in value.items())
    return str(value)
