"""Admin pages of alerts, tickets, their defaults and inbound messages. Thin: they call services and selectors."""

from tickets.admin import (
    alert_policy,
    alerts,
    defaults,
    deliveries,
    monitors,
    replays,
    requests,
    rules,
    silences,
    tickets,
)

__all__ = [
    "alert_policy",
    "alerts",
    "defaults",
    "deliveries",
    "monitors",
    "replays",
    "requests",
    "rules",
    "silences",
    "tickets",
]
