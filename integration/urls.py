"""Addresses. The admin is the product; the rest are doors for machines."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from integration.views import connection_page, health_page, inbound, preflight_page, probes, sync_pages

_page = admin.site.admin_view

urlpatterns = [
    path("healthz", probes.healthz, name="healthz"),
    path("readyz", probes.readyz, name="readyz"),
    path("metrics", probes.metrics, name="metrics"),
    # Ours come before the admin's, which answers everything below admin/.
    path("admin/run-now/", _page(sync_pages.run_now), name="run-now"),
    path("admin/run/<int:run_id>/live.json", _page(sync_pages.run_live), name="run-live"),
    path("admin/run/<int:run_id>/cancel/", _page(sync_pages.run_cancel), name="run-cancel"),
    path("admin/run/<int:run_id>/apply/", _page(sync_pages.run_apply), name="run-apply"),
    path("admin/run/<int:run_id>/undo/", _page(sync_pages.run_undo), name="run-undo"),
    path("admin/connection/", _page(connection_page.connection_page), name="connection"),
    path("admin/preflight/", _page(preflight_page.preflight_page), name="preflight"),
    path("admin/preflight/live.json", _page(preflight_page.preflight_live), name="preflight-live"),
    path("admin/inbound-addresses/", _page(inbound.inbound_addresses), name="inbound-addresses"),
    path("admin/integration-health/", _page(health_page.integration_health), name="integration-health"),
    path(
        "admin/integration-health/live.json",
        _page(health_page.integration_health_live),
        name="integration-health-live",
    ),
    path("", include("tickets.urls")),
    path("admin/", admin.site.urls),
    path("", RedirectView.as_view(url="/admin/", permanent=False)),
]
