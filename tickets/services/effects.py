"""What a change would have done, told before it is saved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.auth.models import User
from django.utils import timezone

from tickets.models import ReplayRun
from tickets.services.drafts import Draft, fingerprint_rules
from tickets.services.replay_source import count_recorded, load_stored_rules
from tickets.services.replays import start_replay
from tickets.services.trials import Trial, run_trial

#: So many alerts are replayed while a person waits (about a second); more of them in a worker.
MOST_AT_ONCE: Final = 5000
DAYS: Final = 30
#: The same question asked again within this time has the same answer.
_ANSWER_LASTS: Final = timedelta(minutes=10)

Status = ReplayRun.Status


@dataclass(frozen=True, slots=True)
class Effect:
    """The effect of a change on the alerts of the last days.

    Attributes:
        sentence: all of it, for people; empty while a worker is at it.
        run: the replay that works it out, or has done; None when it was done at once.
        error: why there is no answer, and what to do.
        differences: what a person may want to look at: [{"label", "before", "after"}] by monitor.
    """

    sentence: str = ""
    tickets_before: int = 0
    tickets_after: int = 0
    hear_less: int = 0
    hear_more: int = 0
    hidden_security: int = 0
    differences: tuple[dict[str, Any], ...] = ()
    run: ReplayRun | None = None
    error: str = ""

    @property
    def is_waiting(self) -> bool:
        """Whether a worker is at it."""
        return self.run is not None and self.run.is_live


def effect_of(
    draft: Draft, days: int = DAYS, *, user: User | None = None, now: datetime | None = None
) -> Effect:
    """Return what a draft would have done in the last days. Bounded time: with many alerts a worker does it.

    Args:
        draft: of `tickets.services.drafts.draft_of_rule` and its likes.
        days: how far back.
        user: who asks.
        now: aware; left out, now.

    Returns:
        The effect, or one that waits: its `run` is to be sent to a worker by the caller if it is new
        (`tickets.tasks.enqueue_replay`), and asked for again with `effect_of_run`.

    Raises:
        DraftOutdated: a row the draft names is gone.
    """
    now = now or timezone.now()
    if not draft:
        return Effect("Nothing is changed yet.")
    if count_recorded(days, now) <= MOST_AT_ONCE:
        return _of_trial(run_trial(draft, days, now))
    draft.base = fingerprint_rules(load_stored_rules())
    asked = ReplayRun.objects.filter(
        kind=ReplayRun.Kind.EFFECT, days=days, draft=draft.to_json(), created_at__gt=now - _ANSWER_LASTS
    ).exclude(status=Status.FAILED)
    run = asked.first() or start_replay(
        days=days, draft=draft, user=user, title="Effect of a change", kind=ReplayRun.Kind.EFFECT
    )
    return effect_of_run(run)


def effect_of_run(run: ReplayRun) -> Effect:
    """Return what a replay has found so far."""
    if run.status == Status.FAILED:
        return Effect(run=run, error=run.error)
    comparison = run.result.get("comparison")
    if run.is_live or comparison is None:
        return Effect(run=run)
    return Effect(
        sentence=run.result["sentence"],
        tickets_before=comparison["tickets_before"],
        tickets_after=comparison["tickets_after"],
        hear_less=comparison["hear_less"],
        hear_more=comparison["hear_more"],
        hidden_security=comparison["newly_hidden_security"],
        differences=tuple(comparison["monitors"][:_SHOWN]),
        run=run,
    )


_SHOWN: Final = 5


def _of_trial(trial: Trial) -> Effect:
    found = trial.comparison
    assert found is not None  # noqa: S101 - a trial of a draft compares
    return Effect(
        sentence=trial.sentence,
        tickets_before=found.tickets_before,
        tickets_after=found.tickets_after,
        hear_less=found.hear_less,
        hear_more=found.hear_more,
        hidden_security=found.newly_hidden_security,
        differences=tuple(
            {"label": one.label, "before": one.before, "after": one.after} for one in found.monitors[:_SHOWN]
        ),
    )
