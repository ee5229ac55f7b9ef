"""Promotion of a draft: its changes become the rules, all at once or not at all."""

from __future__ import annotations

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.auth.models import User
from django.db import models, transaction
from django.utils import timezone

from tickets.models import AlertPolicy, ReplayRun, TicketDefaults, TicketRule
from tickets.services.draft_checks import check_draft
from tickets.services.draft_fields import (
    DEFAULTS_FIELDS,
    LINE_FIELDS,
    POLICY_FIELDS,
    RULE_FIELDS,
    differences,
)
from tickets.services.drafts import (
    Draft,
    DraftOutdated,
    apply_draft,
    describe_draft,
    fingerprint_rules,
)
from tickets.services.replay_source import StoredRules, load_stored_rules


class PromotionRefused(Exception):  # noqa: N818 - a refusal in words, not a fault
    """The draft was not promoted; the text says why and what to do. Nothing was written."""


def promote(run: ReplayRun, user: User) -> list[str]:
    """Write a replay's draft into the rules, and its changes into the history; returns what was changed, in words.

    Raises:
        PromotionRefused: it has no draft, was promoted already, the rules have changed since, or a check objects.
    """
    draft = Draft.from_json(run.draft)
    if not draft:
        raise PromotionRefused("This replay ran today's rules; there is no draft to promote.")
    with transaction.atomic():
        _lock()
        claimed = ReplayRun.objects.filter(
            pk=run.pk, promoted_at__isnull=True, status=ReplayRun.Status.DONE
        ).update(promoted_at=timezone.now())
        if claimed != 1:
            raise PromotionRefused("Only a finished replay is promoted, and only once. Start a new one.")
        stored = load_stored_rules()
        if fingerprint_rules(stored) != draft.base:
            raise PromotionRefused(
                "The rules have changed since this replay was started, so its numbers do not tell what the draft does to "
                "the rules of now. Run it again (button Run again), look at the result, and promote that."
            )
        try:
            changed = apply_draft(draft, stored)
            lines = describe_draft(draft, stored)
        except DraftOutdated as error:
            raise PromotionRefused(str(error)) from None
        problems = check_draft(stored, changed)
        if problems:
            raise PromotionRefused(" ".join(str(one) for one in problems))
        _write(stored, changed, user, f"Promoted from replay {run.pk}, \u201c{run.title}\u201d")
    return [
        f"{one.subject}, {one.field}: {one.before or 'not set'} -> {one.after or 'not set'}" for one in lines
    ]


def _lock() -> None:
    """Hold what is compared until it is written. PostgreSQL locks the rows; SQLite has one writer at a time anyway."""
    list(TicketRule.objects.select_for_update().order_by("pk").values_list("pk", flat=True))
    list(TicketDefaults.objects.select_for_update().order_by("pk").values_list("pk", flat=True))


def _write(stored: StoredRules, changed: StoredRules, user: User, why: str) -> None:
    before = {row.pk: row for row in stored.rules}
    for row in changed.rules:
        was = before.get(row.pk)
        if was is None:
            row.created_by = user
            row.save()
            _log(row, user, ADDITION, why)
            continue
        names = differences(row, was, RULE_FIELDS)
        if names:
            row.save(update_fields=[*names, "updated_at"])
            _log(row, user, CHANGE, f"{why}: {', '.join(names)}")
    for old, new in zip(stored.defaults, changed.defaults, strict=True):
        names = differences(new.row, old.row, DEFAULTS_FIELDS)
        of_lines = [
            (line, found)
            for line, was in zip(new.lines, old.lines, strict=True)
            if (found := differences(line, was, LINE_FIELDS))
        ]
        if not names and not of_lines:
            continue
        new.row.save(update_fields=[*names, "updated_at"])
        for line, found in of_lines:
            line.save(update_fields=list(found))
        words = [*names, *(f"{line.alert_priority}: {', '.join(found)}" for line, found in of_lines)]
        _log(new.row, user, CHANGE, f"{why}: {'; '.join(words)}")
    if differences(changed.policy, stored.policy, POLICY_FIELDS):
        changed.policy.pk = AlertPolicy.SINGLETON_ID
        changed.policy.save(force_insert=not AlertPolicy.objects.filter(pk=changed.policy.pk).exists())
        _log(changed.policy, user, CHANGE, why)


def _log(row: models.Model, user: User, action: int, message: str) -> None:
    LogEntry.objects.log_actions(
        user_id=user.pk,
        queryset=[row],
        action_flag=action,
        change_message=message,
        single_object=True,
    )
