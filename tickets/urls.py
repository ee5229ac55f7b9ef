"""Addresses of alerts and tickets: doors for the vendors, and pages."""

from django.urls import path, register_converter

from tickets.page_urls import urlpatterns as page_patterns
from tickets.views import request_enroll, request_page, webhooks


class TokenConverter:
    """A token of a request link."""

    regex = "[A-Za-z0-9_-]{40,64}"

    def to_python(self, value: str) -> str:
        """Return it as it is."""
        return value

    def to_url(self, value: str) -> str:
        """Return it as it is."""
        return value


register_converter(TokenConverter, "token")

urlpatterns = [
    path("hooks/datto-rmm/<str:secret>/", webhooks.datto_rmm, name="hook-datto-rmm"),
    path("hooks/autotask/webhook/", webhooks.autotask_webhook, name="hook-autotask-webhook"),
    path("hooks/autotask/callout/<str:secret>/", webhooks.autotask_callout, name="hook-autotask-callout"),
    path("request/enroll/", request_enroll.enroll, name="request-enroll"),
    path("request/<token:token>/", request_page.request_page, name="request-page"),
    path("request/<token:token>/sent/<slug:reference>/", request_page.request_sent, name="request-sent"),
    *page_patterns,
]
