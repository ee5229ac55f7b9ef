"""Addresses of the pages about alerts and tickets that are not plain admin lists.

They begin with admin/ and must come before the admin's own addresses, which answer everything below admin/.
"""

from django.contrib import admin
from django.urls import path

from tickets.views import (
    alert_actions,
    attention,
    effects,
    ledger_page,
    monitor_overrides,
    monitor_pages,
    noise_page,
    preview,
    recipes,
    replay_pages,
    request_admin,
    silence_actions,
    ticket_actions,
)

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
    path(
        "admin/monitors/<int:monitor_id>/settings/<str:setting>/",
        _page(monitor_overrides.override),
        name="monitor-override",
    ),
    path(
        "admin/monitors/<int:monitor_id>/settings/<str:setting>/effect/",
        _page(monitor_overrides.effect),
        name="monitor-override-effect",
    ),
    path("admin/monitors/<int:monitor_id>/seen/", _page(monitor_pages.seen), name="monitor-seen"),
    path("admin/monitors/<int:monitor_id>/merge/", _page(monitor_pages.merge), name="monitor-merge"),
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
    path("admin/replays/new/", _page(replay_pages.new), name="replay-new"),
    path("admin/replays/import/", _page(replay_pages.import_history), name="replay-import"),
    path("admin/replays/<int:replay_id>/live/", _page(replay_pages.live), name="replay-live"),
    path("admin/replays/<int:replay_id>/again/", _page(replay_pages.again), name="replay-again"),
    path("admin/replays/<int:replay_id>/promote/", _page(replay_pages.promote_draft), name="replay-promote"),
    path("admin/noise-coach/", _page(noise_page.coach), name="noise-coach"),
    path("admin/noise-coach/live/", _page(noise_page.coach_live), name="noise-coach-live"),
    path("admin/effect/defaults/<int:defaults_id>/", _page(effects.of_defaults), name="effect-defaults"),
    path("admin/effect/rule/<int:rule_number>/", _page(effects.of_rule), name="effect-rule"),
    path("admin/effect/rule/<int:rule_number>/switch/", _page(effects.of_switch), name="effect-switch"),
    path("admin/effect/rules/switch/", _page(effects.of_switches), name="effect-switches"),
    path("admin/effect/policy/", _page(effects.of_policy), name="effect-policy"),
    path("admin/effect/<int:effect_id>/", _page(effects.of_run), name="effect-run"),
]
