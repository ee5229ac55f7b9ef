"""The run that asks the contract rules again, or only tries them."""

from __future__ import annotations

from integration.sync.kinds import SyncKind
from integration.sync.recorder import RunRecorder
from mappings.services.devices.contract_rules import KIND, store_trial, try_rules
from mappings.services.devices.reviews import propose


def run_contract_rules(recorder: RunRecorder) -> None:
    """Propose again to every device that waits in the review queue; a preview tries the rules on all devices.

    Raises:
        RunCancelled, RunLost: between two chunks.
    """
    if recorder.dry_run:
        trial = try_rules(recorder)
        recorder.unchanged(trial.devices)
        store_trial(recorder.run, trial)
        return
    counts = propose(recorder)
    recorder.unchanged(counts.open + counts.settled)
    recorder.noticed(
        "contract rules",
        KIND,
        "Contract rules",
        f"{counts.proposals} proposals changed; {counts.settled} devices settled by rules that apply without asking; "
        f"{counts.open} wait for a person.",
    )


CONTRACT_RULES = SyncKind(
    name=KIND,
    title="Contract proposals",
    description="Asks the contract rules again about every device in the review queue. Calls no vendor; a preview "
    "shows what the rules would do to all devices.",
    execute=run_contract_rules,
    position=6,
)
