"""Alerts, their tickets, what is still to be written, and the settings that decide."""

from tickets.models.action import Action
from tickets.models.alert import Alert, DecisionLock
from tickets.models.defaults import AlertPriority, MonitorType, PriorityDefaults, TicketDefaults
from tickets.models.delivery import Delivery
from tickets.models.ledger import LedgerCheck
from tickets.models.monitor import Monitor, MonitorFingerprint
from tickets.models.replay import HistoricAlert, ReplayRun
from tickets.models.request import AgentRequest, RequestLink, RequestPolicy
from tickets.models.rule import AlertPolicy, TicketRule
from tickets.models.silence import Silence
from tickets.models.ticket import Ticket
from tickets.models.timeline import TimelineEvent

__all__ = [
    "Action",
    "AgentRequest",
    "Alert",
    "AlertPolicy",
    "AlertPriority",
    "DecisionLock",
    "Delivery",
    "HistoricAlert",
    "LedgerCheck",
    "Monitor",
    "MonitorFingerprint",
    "MonitorType",
    "PriorityDefaults",
    "ReplayRun",
    "RequestLink",
    "RequestPolicy",
    "Silence",
    "Ticket",
    "TicketDefaults",
    "TicketRule",
    "TimelineEvent",
]
