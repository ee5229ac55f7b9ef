"""Admin pages of alerts, tickets, their defaults and inbound messages. Thin: they call services and selectors."""

from tickets.admin import alerts, defaults, deliveries, monitors, silences, tickets

__all__ = ["alerts", "defaults", "deliveries", "monitors", "silences", "tickets"]
