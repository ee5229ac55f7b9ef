"""What the pages about replays show."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.models import AnonymousUser, User

from integration.models import SyncRun
from tickets.models import HistoricAlert, ReplayRun
from tickets.selectors.replays import result_context, share_of
from tickets.services.drafts import ChangeLine, Draft, DraftOutdated, describe_draft
from tickets.services.history import KIND
from tickets.services.replay_source import StoredRules

#: What a person must be allowed to change to make a draft the rules.
PROMOTES: Final = (
    "tickets.add_ticketrule",
    "tickets.change_ticketrule",
    "tickets.change_ticketdefaults",
    "tickets.change_alertpolicy",
)


def replay_context(user: User | AnonymousUser, run: ReplayRun) -> dict[str, Any]:
    """Return what a replay's page shows."""
    changes, problem = describe_or_say(Draft.from_json(run.draft), None) if run.draft else ([], "")
    may_promote = all(user.has_perm(one) for one in PROMOTES)
    return {
        "run": run,
        "share": share_of(run),
        "changes": changes,
        "draft_problem": problem,
        "may_start": user.has_perm("tickets.add_replayrun"),
        "may_promote": may_promote
        and bool(run.draft)
        and not problem
        and run.status == ReplayRun.Status.DONE
        and run.promoted_at is None,
        "may_see_alerts": user.has_perm("tickets.view_alert"),
        **result_context(run),
    }


def history_context(user: User | AnonymousUser) -> dict[str, Any]:
    """Return what the list of replays says of imported alerts. Three queries."""
    newest = SyncRun.objects.filter(kind=KIND).order_by("-id").first()
    oldest = HistoricAlert.objects.order_by("raised_at").values_list("raised_at", flat=True).first()
    return {
        "history_count": HistoricAlert.objects.count(),
        "history_oldest": oldest,
        "history_run": newest,
        "may_import": user.has_perm("tickets.add_replayrun") and user.has_perm("integration.add_syncrun"),
        "may_start": user.has_perm("tickets.add_replayrun"),
    }


def describe_or_say(draft: Draft, stored: StoredRules | None) -> tuple[list[ChangeLine], str]:
    """Return what a draft changes, and why that cannot be told."""
    try:
        return describe_draft(draft, stored), ""
    except DraftOutdated as error:
        return [], str(error)


def user_of(user: User | AnonymousUser) -> User | None:
    """Return the person of a request, None for nobody."""
    return user if isinstance(user, User) else None
