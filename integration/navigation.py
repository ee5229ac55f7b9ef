"""The menu on the left, grouped by what people do."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

#: group -> (title, icon, URL name, badge callback or "")
_MENU: list[tuple[str, list[tuple[str, str, str, str]]]] = [
    (
        "Overview",
        [
            ("Home", "home", "admin:index", ""),
            ("Needs attention", "notifications", "needs-attention", "tickets.views.attention.badge"),
            ("Integration health", "monitor_heart", "integration-health", ""),
        ],
    ),
    (
        "Alerts & tickets",
        [
            ("Alerts", "warning", "admin:tickets_alert_changelist", ""),
            ("Tickets", "confirmation_number", "admin:tickets_ticket_changelist", ""),
            ("Requests", "contact_support", "admin:tickets_agentrequest_changelist", ""),
            ("Ticket defaults", "tune", "admin:tickets_ticketdefaults_changelist", ""),
            ("Monitors", "sensors", "admin:tickets_monitor_changelist", ""),
            ("Rules", "rule_settings", "admin:tickets_ticketrule_changelist", ""),
            ("Silences", "notifications_paused", "admin:tickets_silence_changelist", ""),
            ("Alert policy", "policy", "admin:tickets_alertpolicy_changelist", ""),
            ("Ledger", "account_balance", "ledger", ""),
            ("Replay", "replay", "admin:tickets_replayrun_changelist", ""),
            ("Noise coach", "volume_down", "noise-coach", ""),
            ("Autotask recipes", "menu_book", "recipes", ""),
        ],
    ),
    (
        "Mappings",
        [
            ("Sites to organizations", "lan", "admin:mappings_sitemapping_changelist", ""),
            ("Device types", "category", "admin:mappings_devicetyperule_changelist", ""),
            ("User-defined fields", "input", "admin:mappings_fieldmap_changelist", ""),
            ("Contract rules", "rule", "admin:mappings_contractrule_changelist", ""),
            ("Organizations", "apartment", "admin:mappings_company_changelist", ""),
            ("Sites", "location_on", "admin:mappings_site_changelist", ""),
            ("Contacts", "contacts", "admin:mappings_contact_changelist", ""),
            ("Work types", "work", "admin:mappings_worktype_changelist", ""),
            ("Resources", "badge", "admin:mappings_resource_changelist", ""),
            ("Roles in Autotask", "assignment_ind", "admin:mappings_role_changelist", ""),
            ("Business hours", "schedule", "admin:mappings_businesshours_changelist", ""),
            ("Ticket UDFs", "edit_note", "admin:mappings_ticketudf_changelist", ""),
            ("Autotask pick lists", "list_alt", "admin:mappings_picklistvalue_changelist", ""),
            ("Mirrors", "sync_saved_locally", "admin:mappings_mirrorstate_changelist", ""),
        ],
    ),
    (
        "Devices",
        [
            ("Devices", "devices", "admin:mappings_device_changelist", ""),
            ("Dashboard", "bar_chart", "admin:mappings_device_dashboard", ""),
            ("Review queue", "assignment_turned_in", "admin:mappings_devicereview_changelist", ""),
            ("Drift", "compare_arrows", "admin:mappings_devicefinding_changelist", ""),
            ("Reconciliation", "balance", "admin:mappings_contractunits_changelist", ""),
        ],
    ),
    (
        "Sync",
        [
            ("Run now", "play_circle", "run-now", ""),
            ("History", "history", "admin:integration_syncrun_changelist", ""),
            ("Schedules", "schedule", "admin:django_celery_beat_periodictask_changelist", ""),
            ("Vendor calls", "swap_vert", "admin:integration_vendorcall_changelist", ""),
            ("Inbound messages", "move_to_inbox", "admin:tickets_delivery_changelist", ""),
        ],
    ),
    (
        "Settings",
        [
            ("Connection", "cable", "connection", ""),
            ("Preflight", "fact_check", "preflight", ""),
            ("Inbound addresses", "link", "inbound-addresses", ""),
            ("Unmapped sites", "alt_route", "admin:mappings_mappingpolicy_changelist", ""),
            ("Device policy", "policy", "admin:mappings_devicepolicy_changelist", ""),
            ("People", "group", "admin:auth_user_changelist", ""),
            ("Roles", "shield_person", "admin:auth_group_changelist", ""),
            ("History of changes", "manage_history", "admin:admin_logentry_changelist", ""),
        ],
    ),
]


#: URL name of a page that is no list -> permission to see it; as its view demands.
_PERMISSIONS = {
    "integration-health": "integration.view_vendorhealth",
    "run-now": "integration.view_syncrun",
    "connection": "integration.view_connection",
    "preflight": "integration.view_preflightcheck",
    "inbound-addresses": "integration.change_connection",
    "needs-attention": "tickets.view_alert",
    "admin:mappings_device_dashboard": "mappings.view_device",
    "ledger": "tickets.view_alert",
    "noise-coach": "tickets.view_replayrun",
    "recipes": "tickets.view_ticketdefaults",
}


def build_navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the groups this person may see, in the theme's shape."""
    groups: list[dict[str, Any]] = []
    for title, entries in _MENU:
        items = [item for entry in entries if (item := _item(request, *entry))]
        if items:
            groups.append({"title": title, "separator": True, "items": items})
    _mark_active([item for group in groups for item in group["items"]], request.path)
    return groups


def _mark_active(items: list[dict[str, Any]], path: str) -> None:
    """Mark the one entry a page belongs to: the theme would mark every entry whose address its own begins with."""
    home = reverse("admin:index")
    fitting = [
        one for one in items if path == one["link"] or (one["link"] != home and path.startswith(one["link"]))
    ]
    best = max(fitting, key=lambda one: len(one["link"]), default=None)
    for one in items:
        one["active"] = one is best


def _item(request: HttpRequest, title: str, icon: str, url_name: str, badge: str) -> dict[str, Any] | None:
    parts = url_name.removeprefix("admin:").rsplit("_", 2)
    if url_name.endswith("_changelist"):
        app, model = parts[0], parts[1]
        if not request.user.has_perm(f"{app}.view_{model}"):
            return None
    permission = _PERMISSIONS.get(url_name)
    if permission is not None and not request.user.has_perm(permission):
        return None
    try:
        link = reverse(url_name)
    except NoReverseMatch:
        return None
    item: dict[str, Any] = {"title": title, "icon": icon, "link": link}
    # The theme draws an empty box for an empty badge, so the text is made here.
    if badge and (text := import_string(badge)(request)):
        item["badge"] = text
    return item
