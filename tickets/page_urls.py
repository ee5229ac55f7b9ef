"""Addresses of the pages about alerts and tickets that are not plain admin lists.

They begin with admin/ and must come before the admin's own addresses, which answer everything below admin/.
"""

from django.contrib import admin
from django.urls import path

from tickets.views import alert_actions, attention, ledger_page, preview, request_admin, silence_actions

_page = admin.site.admin_view

urlpatterns = [
    path("admin/needs-attention/", _page(attention.needs_attention), name="needs-attention"),
    path("admin/needs-attention/retry/", _page(attention.retry_cause), name="attention-retry"),
    path("admin/ledger/", _page(ledger_page.ledger), name="ledger"),
    path(
        "admin/ticket-defaults/<int:defaults_id>/preview/",
        _page(preview.ticket_defaults_preview),
        name="ticket-defaults-preview",
    ),
    path("admin/alerts/<int:alert_id>/retry/", _page(alert_actions.retry), name="alert-retry"),
    path("admin/alerts/<int:alert_id>/resolve/", _page(alert_actions.resolve), name="alert-resolve"),
    path("admin/alerts/<int:alert_id>/silence/", _page(silence_actions.silence_alert), name="alert-silence"),
    path("admin/requests/<int:request_id>/retry/", _page(request_admin.retry), name="request-retry"),
    path("admin/requests/retry/", _page(request_admin.retry_cause), name="requests-retry"),
    path("admin/requests/component/", _page(request_admin.component), name="request-component"),
    path("admin/request-links/site/", _page(request_admin.site_links), name="request-links-site"),
    path(
        "admin/request-links/<int:link_id>/revoke/",
        _page(request_admin.revoke_link),
        name="request-link-revoke",
    ),
    path(
        "admin/devices/<int:device_id>/request-links/",
        _page(request_admin.device_links),
        name="device-request-link",
    ),
    path("admin/silences/<int:silence_id>/end/", _page(silence_actions.end), name="silence-end"),
]
