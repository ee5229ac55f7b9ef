"""What can be switched on the double, by code or by the control page."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

DuplicateHandling = Literal["create", "existing", "error"]


@dataclass(slots=True)
class Switches:
    """Settings of the simulated database; every one can be changed while it runs."""

    duplicate_tickets: DuplicateHandling = "create"
    """Same externalID in one company: "create" a second ticket, return the "existing" id, or "error"."""
    thread_limit: int = 3
    """Calls at one time per tracking identifier and object."""
    hourly_limit: int = 10_000
    """Calls in 60 rolling minutes of everybody together."""
    strangers_calls_per_hour: int = 0
    """Calls that other integrations of the same database make, added to the hourly counter."""
    latency_tiers: bool = True
    """Slow every call by 0.5 s from half of the hourly limit and by 1 s from three quarters."""
    incident_requires_queue: bool = True
    """A ticket of type Incident (2) without queue is refused with `queueID is required`."""
    required_by_category: dict[str, list[str]] = field(default_factory=dict)
    """Ticket category id (as text) -> fields a new ticket of that category must carry."""
    resolution_required_by_category: list[int] = field(default_factory=list)
    """Ticket categories whose tickets need a resolution before status 5."""
    denied: list[str] = field(default_factory=list)
    """Missing rights of API users, as `Entity:operation` (create, update, delete, query)."""
    denied_status: int = 500
    """How a missing right is answered: 500 as seen, or 403 as documented."""
    webhook_timeout_seconds: float = 10.0
    webhook_tries: int = 5
    webhook_pause_seconds: float = 30.0
    webhook_failures_until_disabled: int = 25
    time_scale: float = 1.0
    """Multiplies every pause: latency and the waits between webhook tries."""

    def to_state(self) -> dict[str, Any]:
        """Return the switches as plain JSON values."""
        return asdict(self)

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over the known keys of a saved state; unknown keys of another version are left alone."""
        for known in fields(self):
            if known.name in state:
                setattr(self, known.name, state[known.name])
