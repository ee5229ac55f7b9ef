"""What is still to be written to a vendor: one row, one write, exactly once."""

from __future__ import annotations

from django.db import models

from integration.models import Vendor
from tickets.models.alert import Alert
from tickets.models.ticket import Ticket


class Action(models.Model):
    """One vendor write that a decision asked for.

    A worker claims it by a conditional UPDATE with a lease. Before the request leaves, `in_doubt` is set, and
    it is cleared only by an answer; so whoever finds the row after a crash knows that the write may have
    happened and looks before repeating it.
    """

    class Kind(models.TextChoices):
        """The writes there are."""

        CREATE_TICKET = "create_ticket", "Create the ticket"
        FIRST_NOTE = "first_note", "Write the first note"
        COMPLETE_TICKET = "complete_ticket", "Complete the ticket"
        CLEAR_NOTE = "clear_note", "Note that the alert cleared"
        RESOLVE_ALERT = "resolve_alert", "Resolve the alert"
        MOVE_TICKET = "move_ticket", "Move the ticket"
        REOPEN_TICKET = "reopen_ticket", "Reopen the ticket"
        APPEND_NOTE = "append_note", "Note what was added"
        UPDATE_TICKET = "update_ticket", "Change the ticket"
        COUNT_ALERTS = "count_alerts", "Bring the counter up to date"
        ADD_ITEMS = "add_items", "Add configuration items"

    class State(models.TextChoices):
        """Life of the row."""

        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        REFUSED = "refused", "Refused"
        DROPPED = "dropped", "Not needed any more"

    kind = models.CharField(max_length=20, choices=Kind)
    vendor = models.CharField(max_length=10, choices=Vendor)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    key = models.CharField(
        max_length=120, unique=True, help_text="Makes the same wish once, such as create:17."
    )
    alert = models.ForeignKey(Alert, null=True, blank=True, on_delete=models.CASCADE, related_name="actions")
    ticket = models.ForeignKey(
        Ticket, null=True, blank=True, on_delete=models.CASCADE, related_name="actions"
    )
    payload = models.JSONField(default=dict, blank=True)
    in_doubt = models.BooleanField(default=False, help_text="A request left and no answer was recorded.")
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(null=True, blank=True)
    nudged_at = models.DateTimeField(
        null=True, blank=True, help_text="When a sweep last sent a message about it."
    )
    doubt_since = models.DateTimeField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    lease_token = models.CharField(max_length=32, blank=True)
    cause = models.CharField(max_length=40, blank=True)
    error = models.TextField(blank=True)
    remedy = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["vendor", "id"], condition=models.Q(state="waiting"), name="tickets_action_waiting"
            ),
            models.Index(
                fields=["leased_until"], condition=models.Q(state="running"), name="tickets_action_running"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.get_state_display().lower()})"
