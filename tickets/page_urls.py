"""Addresses of the pages about alerts and tickets that are not plain admin lists.

They begin with admin/ and must come before the admin's own addresses, which answer everything below admin/.
"""

from django.contrib import admin
from django.urls import path

from tickets.views import (
    alert_actions,
    attention,
    ledger_page,
    monitor_pages,
    preview,
    silence_actions,
    ticket_actions,
)

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
    path("admin/alerts/<int:alert_id>/now/", _page(alert_actions.make_ticket_now), name="alert-now"),
    path("admin/alerts/<int:alert_id>/take-out/", _page(alert_actions.take_out), name="alert-take-out"),
    path("admin/alerts/<int:alert_id>/silence/", _page(silence_actions.silence_alert), name="alert-silence"),
    path(
        "admin/alert-tickets/<int:ticket_id>/explode/", _page(ticket_actions.explode), name="ticket-explode"
    ),
    path(
        "admin/alert-tickets/<int:ticket_id>/release/", _page(ticket_actions.release), name="ticket-release"
    ),
    path("admin/alert-tickets/<int:ticket_id>/drop/", _page(ticket_actions.drop), name="ticket-drop"),
    path("admin/alert-tickets/<int:ticket_id>/merge/", _page(ticket_actions.merge), name="ticket-merge"),
    path("admin/monitors/<int:monitor_id>/settings/", _page(monitor_pages.settings), name="monitor-settings"),
    path("admin/monitors/<int:monitor_id>/seen/", _page(monitor_pages.seen), name="monitor-seen"),
    path("admin/monitors/<int:monitor_id>/merge/", _page(monitor_pages.merge), name="monitor-merge"),
    path("admin/silences/<int:silence_id>/end/", _page(silence_actions.end), name="silence-end"),
]
