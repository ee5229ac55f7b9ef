"""What a ticket can be given: the columns that ticket defaults and rules share. An empty one inherits."""

from __future__ import annotations

from typing import Any

from django.db import models

from mappings.models import PicklistValue, Resource, Role, WorkType
from tickets.domain.settings.catalogue import CHOICE_FIELDS, NUMBER_FIELDS


def pick(field: str, verbose_name: str, help_text: str = "") -> models.ForeignKey[Any, Any]:
    """Return a reference to a value of a pick list of Tickets; empty inherits."""
    return models.ForeignKey(
        PicklistValue,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=verbose_name,
        limit_choices_to={"entity": "Tickets", "field": field},
        help_text=help_text,
    )


def _number(name: str, help_text: str = "") -> models.PositiveIntegerField[Any, Any]:
    return models.PositiveIntegerField(NUMBER_FIELDS[name][0], null=True, blank=True, help_text=help_text)


def _choice(name: str) -> models.CharField[Any, Any]:
    choice = CHOICE_FIELDS[name]
    return models.CharField(
        choice.title,
        max_length=12,
        blank=True,
        choices=[(str(key), words) for key, words in choice.labels.items()],
    )


def _note_pick(field: str, verbose_name: str) -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(
        PicklistValue,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=verbose_name,
        limit_choices_to={"entity": "TicketNotes", "field": field},
    )


class TicketSettings(models.Model):
    """Everything `tickets.domain.settings.catalogue` names."""

    create_ticket = models.BooleanField(
        "create a ticket", null=True, blank=True, help_text="No: alerts are listed but make no ticket."
    )
    hold_off_minutes = _number(
        "hold_off_minutes", "An alert that clears within this time makes no ticket. 0: at once."
    )
    queue = pick("queueID", "queue")
    ticket_category = pick("ticketCategory", "ticket category")
    ticket_type = pick("ticketType", "ticket type")
    source = pick("source", "source")
    status = pick("status", "status at creation")
    issue_type = pick("issueType", "issue type")
    sub_issue_type = pick("subIssueType", "sub-issue type", "Must belong to the issue type.")
    work_type = models.ForeignKey(
        WorkType, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name="work type"
    )
    sla = pick("serviceLevelAgreementID", "service level agreement", "Empty: contract or category decide.")
    due_in_business_hours = models.BooleanField(
        "count the due date in business hours",
        null=True,
        blank=True,
        help_text="Of your default location in Autotask, without its holidays.",
    )
    resource = models.ForeignKey(
        Resource,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name="primary resource",
        help_text="Needs a role.",
    )
    role = models.ForeignKey(
        Role,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name="role",
        help_text="One of the resource's roles.",
    )
    contract_choice = _choice("contract_choice")
    contact_choice = _choice("contact_choice")
    location_choice = _choice("location_choice")
    title_template = models.TextField(
        "title", blank=True, help_text="At most 255 characters after rendering; longer titles are cut."
    )
    description_template = models.TextField(
        "description", blank=True, help_text="At most 8,000 characters after rendering."
    )
    runbook_url = models.CharField(
        "runbook",
        max_length=500,
        blank=True,
        help_text="Address of the instructions; put into the description.",
    )
    ticket_udfs = models.JSONField(
        "ticket UDFs", default=dict, blank=True, help_text="Name of a ticket UDF -> template of its value."
    )
    write_first_note = models.BooleanField(
        "write a first note", null=True, blank=True, help_text="Costs one Autotask call per ticket."
    )
    note_template = models.TextField("first note", blank=True)
    note_type = _note_pick("noteType", "note type")
    note_publish = _note_pick("publish", "note visibility")
    repeat_window_minutes = _number(
        "repeat_window_minutes", "So long after its ticket was completed, a condition counts as come back."
    )
    repeat_effect = _choice("repeat_effect")
    related_group = _choice("related_group")
    related_window_minutes = _number("related_window_minutes", "At most 60.")
    related_effect = _choice("related_effect")
    group_by_site = models.BooleanField(
        "one ticket when it fires on much of a site",
        null=True,
        blank=True,
        help_text="How much is set under Alert policy. Built in for Online Status.",
    )
    note_policy = _choice("note_policy")
    escalate_after = _number("escalate_after", "Empty: never.")
    escalate_within_minutes = _number("escalate_within_minutes")
    escalated_priority = pick("priority", "priority after escalation")
    escalated_queue = pick("queueID", "queue after escalation")
    complete_on_clear = models.BooleanField(
        "complete the ticket when the alert clears",
        null=True,
        blank=True,
        help_text="When Datto RMM resolves the alert, the ticket is completed with a resolution text.",
    )
    clear_delay_minutes = _number(
        "clear_delay_minutes", "If it fires again meanwhile, the ticket stays open."
    )
    complete_touched = models.BooleanField(
        "complete it even when a person has worked on it",
        null=True,
        blank=True,
        help_text="Notes, time entries, a changed status or assignee. Workflow rules do not count as a person.",
    )
    completed_status = pick(
        "status", "status when completed", "Also counts as done when a technician sets it."
    )
    cleared_status = pick(
        "status", "status when a person cleared the alert", "Empty: as when it cleared by itself."
    )
    touched_status = pick(
        "status", "status of a touched ticket whose alerts cleared", "Empty: it is left, with a note."
    )
    reopened_status = pick("status", "status when reopened")
    note_on_clear = models.BooleanField(
        "also write a note when the alert clears", null=True, blank=True, help_text="Costs one Autotask call."
    )
    resolve_on_complete = models.BooleanField(
        "resolve the alert when the ticket is completed",
        null=True,
        blank=True,
        help_text="When a technician completes the ticket, its alerts are resolved in Datto RMM.",
    )
    resolve_delay_seconds = _number(
        "resolve_delay_seconds", "A ticket that is reopened within this time resolves nothing."
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True
