"""Alerts, their tickets, what is still to be written, and the settings that decide."""

from tickets.models.action import Action
from tickets.models.alert import Alert
from tickets.models.defaults import AlertPriority, MonitorType, PriorityDefaults, TicketDefaults
from tickets.models.delivery import Delivery
from tickets.models.ticket import Ticket
from tickets.models.timeline import TimelineEvent

__all__ = [
    "Action",
    "Alert",
    "AlertPriority",
    "Delivery",
    "MonitorType",
    "PriorityDefaults",
    "Ticket",
    "TicketDefaults",
    "TimelineEvent",
]
