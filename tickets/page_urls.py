"""Addresses of the pages about alerts and tickets that are not plain admin lists.

They begin with admin/ and must come before the admin's own addresses, which answer everything below admin/.
"""

from django.contrib import admin
from django.urls import path

from tickets.views import alert_actions, attention, ledger_page, preview, recipes, silence_actions

_page = admin.site.admin_view

urlpatterns = [
    path("admin/needs-attention/", _page(attention.needs_attention), name="needs-attention"),
    path("admin/needs-attention/retry/", _page(attention.retry_cause), name="attention-retry"),
    path("admin/recipes/", _page(recipes.recipes), name="recipes"),
    path("admin/recipes/ticket-udfs/", _page(recipes.ticket_udf_set), name="ticket-udf-set"),
    path("admin/ledger/", _page(ledger_page.ledger), name="ledger"),
    path(
        "admin/ticket-defaults/<int:defaults_id>/preview/",
        _page(preview.ticket_defaults_preview),
        name="ticket-defaults-preview",
    ),
    path("admin/alerts/<int:alert_id>/retry/", _page(alert_actions.retry), name="alert-retry"),
    path("admin/alerts/<int:alert_id>/resolve/", _page(alert_actions.resolve), name="alert-resolve"),
    path("admin/alerts/<int:alert_id>/silence/", _page(silence_actions.silence_alert), name="alert-silence"),
    path("admin/silences/<int:silence_id>/end/", _page(silence_actions.end), name="silence-end"),
]
