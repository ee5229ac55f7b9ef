"""Settings > Inbound addresses: what to paste where, and what came in last."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from integration import hooks
from integration.connections import get_connection
from integration.registries import read_inbound
from integration.tasks import install_webhook
from integration.views.pages import page, render, send


@page("integration.change_connection", change="integration.change_connection")
def inbound_addresses(request: HttpRequest) -> HttpResponse:
    """The page, for those who may change the connection, because the addresses hold secrets; POST installs the webhook."""
    connection = get_connection()
    if request.method == "POST":
        impossible = hooks.why_no_webhook(connection)
        if impossible is not None:
            messages.error(request, f"{impossible} {impossible.remedy}")
        elif not connection.is_enabled:
            messages.error(
                request, "The integration is not switched on. Switch it on under Settings > Connection first."
            )
        elif send(request, install_webhook, queue="alerts"):
            messages.success(
                request,
                "A worker registers or repairs the webhook now; this page shows the outcome in a moment.",
            )
        return redirect("inbound-addresses")
    context = {
        "hooks": hooks.describe_hooks(connection),
        "connection": connection,
        "impossible": hooks.why_no_webhook(connection),
        "inbound": read_inbound(),
    }
    return render(request, "inbound_addresses.html", "Inbound addresses", context)
