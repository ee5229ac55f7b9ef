"""The runs this app offers; called when a run executes, so that starting Django imports no client."""

from __future__ import annotations

from integration.models import SyncRun
from integration.sync.runs import RunRecorder


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


def run_devices(recorder: RunRecorder) -> None:
    """Read devices.

    Raises:
        NotConnected, VendorError, RunStoppedByGuard: see `sync_devices`.
    """
    from integration.clients import datto_client  # noqa: PLC0415 - as above
    from integration.vendors.budget import Lane  # noqa: PLC0415 - as above
    from mappings.services.sites import sync_devices  # noqa: PLC0415 - as above

    sync_devices(recorder, datto_client(lane=Lane.BACKGROUND, subject="sync:devices", run_id=recorder.run.pk))
