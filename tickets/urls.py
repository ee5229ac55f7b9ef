"""Addresses of alerts and tickets: doors for the vendors, and pages."""

from django.urls import path

from tickets.page_urls import urlpatterns as page_patterns
from tickets.views import webhooks

urlpatterns = [
    path("hooks/datto-rmm/<str:secret>/", webhooks.datto_rmm, name="hook-datto-rmm"),
    path("hooks/autotask/webhook/", webhooks.autotask_webhook, name="hook-autotask-webhook"),
    path("hooks/autotask/callout/<str:secret>/", webhooks.autotask_callout, name="hook-autotask-callout"),
    *page_patterns,
]
