"""The runs this app offers; called when a run executes, so that starting Django imports no client."""

from __future__ import annotations

from integration.models import SyncRun
from integration.sync.recorder import RunRecorder


def run_reference(recorder: RunRecorder) -> None:
    """Read Autotask's reference data; all of it when a person or a script asked.

    Raises:
        NotConnected, VendorError, RunStoppedByGuard: see `sync_reference`.
    """
    from integration.clients import autotask_client  # noqa: PLC0415 - lazy, see the module's text
    from integration.vendors.budget import Lane  # noqa: PLC0415 - as above
    from mappings.services.reference import sync_reference  # noqa: PLC0415 - as above

    client = autotask_client(lane=Lane.BACKGROUND, subject="sync:reference", run_id=recorder.run.pk)
    asked = recorder.run.trigger in {SyncRun.Trigger.PERSON, SyncRun.Trigger.COMMAND}
    sync_reference(recorder, client, full=asked)


def run_sites(recorder: RunRecorder) -> None:
    """Read sites and devices, and keep the mappings true.

    Raises:
        NotConnected, VendorError, RunStoppedByGuard: see `sync_sites`.
    """
    from integration.clients import datto_client  # noqa: PLC0415 - as above
    from integration.vendors.budget import Lane  # noqa: PLC0415 - as above
    from mappings.services.sites import sync_sites  # noqa: PLC0415 - as above

    sync_sites(recorder, datto_client(lane=Lane.BACKGROUND, subject="sync:sites", run_id=recorder.run.pk))


def run_contracts(recorder: RunRecorder) -> None:
    """Read contracts, their services and their units; all contracts when a person or a script asked.

    Raises:
        NotConnected, VendorError, RunStoppedByGuard: see `sync_contracts`.
    """
    from integration.clients import autotask_client  # noqa: PLC0415 - as above
    from integration.vendors.budget import Lane  # noqa: PLC0415 - as above
    from mappings.services.devices.contracts import sync_contracts  # noqa: PLC0415 - as above

    client = autotask_client(lane=Lane.BACKGROUND, subject="sync:contracts", run_id=recorder.run.pk)
    asked = recorder.run.trigger in {SyncRun.Trigger.PERSON, SyncRun.Trigger.COMMAND}
    sync_contracts(recorder, client, full=asked)


def run_devices(recorder: RunRecorder) -> None:
    """Read sites, devices and configuration items, and plan what to write to either side.

    Raises:
        NotConnected, VendorError, RunYields: see `sync_devices`.
    """
    from integration.clients import autotask_client, datto_client  # noqa: PLC0415 - as above
    from integration.vendors.budget import Lane  # noqa: PLC0415 - as above
    from mappings.services.devices.syncing import sync_devices  # noqa: PLC0415 - as above

    # A person who asked for a few devices looks at the page that waits for them.
    lane = Lane.BACKGROUND if recorder.run.is_whole else Lane.INTERACTIVE
    sync_devices(
        recorder,
        datto_client(lane=lane, subject="sync:devices", run_id=recorder.run.pk),
        autotask_client(lane=lane, subject="sync:devices", run_id=recorder.run.pk),
    )


def judge_devices(recorder: RunRecorder) -> str:
    """Return why a device plan must not be applied without a person."""
    from mappings.services.devices.planner import judge_plan  # noqa: PLC0415 - as above

    return judge_plan(recorder)


def follow_devices(recorder: RunRecorder) -> None:
    """Bring the review queue in step with what was applied; once a day also when nothing was.

    Raises:
        RunStoppedByGuard: the reading was refused in part.
        RunCancelled, RunLost: see `keep_reviews`.
    """
    from mappings.services.devices.reviews import keep_reviews, reviews_are_due  # noqa: PLC0415 - as above
    from mappings.services.devices.syncing import raise_refusals  # noqa: PLC0415 - as above

    if reviews_are_due(recorder.run):
        keep_reviews(recorder)
    raise_refusals(recorder)
