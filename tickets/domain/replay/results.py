"""What a replay made of alerts. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tickets.domain.replay.world import ReplayTicket


@dataclass(slots=True)
class Outcome:
    """What became of an alert.

    Attributes:
        kind: new, reopen, note, filtered, blocked, held, silenced, cleared, or joined.
        because: of new and joined ones, why; of filtered, blocked and held ones, the cause.
        ticket: number of the ticket within the replay; 0 for none.
    """

    kind: str
    because: str
    reason: str
    ticket: int = 0

    @property
    def has_ticket(self) -> bool:
        """Return whether people see the alert in a ticket."""
        return self.ticket > 0


@dataclass(slots=True)
class Replay:
    """What a set of rules made of alerts.

    Attributes:
        outcomes: as the alerts are ordered.
        made: tickets in the order they were made.
        held_and_cleared: alerts that were over before their hold was.
    """

    name: str
    outcomes: list[Outcome]
    made: list[ReplayTicket] = field(default_factory=list)
    merges: Counter[str] = field(default_factory=Counter)
    held_and_cleared: int = 0
    reopened: int = 0
    notes: int = 0
    calls: int = 0
    completed: int = 0
