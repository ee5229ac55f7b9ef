"""A run writes while it reads long lists; on SQLite that must not meet what other processes write meanwhile."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.utils import timezone

from integration.models import SyncRun
from integration.sync import recorder as recording
from integration.sync.recorder import RunRecorder
from mappings.models import DeviceLink, SiteMapping
from mappings.services.devices.planner import plan_devices
from mappings.services.devices.review_facts import iter_link_chunks
from mappings.services.upkeep import keep_mappings_true
from tests.mappings.conftest import make_site
from tests.mappings.services.device_rows import make_devices

pytestmark = pytest.mark.django_db(transaction=True)
#: Three chunks of 500, so that a list that is read bit by bit is still open when the second is written.
_MANY = 1_100


def _write_elsewhere(run: SyncRun) -> None:
    """Write from a connection of its own, as the heartbeat of a run does."""

    def write() -> None:
        SyncRun.objects.filter(pk=run.pk).update(heartbeat_at=timezone.now())
        connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> RunRecorder:
    """A run beside which another connection writes at each sign of progress."""
    monkeypatch.setattr(recording, "_PROGRESS_SECONDS", -1.0)
    run = SyncRun.objects.create(
        kind="devices", trigger=SyncRun.Trigger.COMMAND, status=SyncRun.Status.RUNNING
    )
    return RunRecorder(run, on_progress=_write_elsewhere)


def test_devices_are_planned_while_others_write(recorder: RunRecorder) -> None:
    make_devices(_MANY)

    plan_devices(recorder, is_complete_read=True)

    assert DeviceLink.objects.exclude(state=DeviceLink.State.NEW).count() == _MANY


def test_sites_are_mapped_while_others_write(recorder: RunRecorder) -> None:
    for number in range(1, _MANY + 1):
        make_site(number, f"Site {number}")

    keep_mappings_true(recorder)

    assert SiteMapping.objects.count() == _MANY


def test_links_are_walked_while_others_write(recorder: RunRecorder) -> None:
    make_devices(_MANY)
    walked = 0

    for pks in iter_link_chunks(DeviceLink.objects.all(), size=100):
        _write_elsewhere(recorder.run)
        DeviceLink.objects.filter(pk__in=pks).update(reason="Seen.")
        walked += len(pks)

    assert walked == DeviceLink.objects.count() == DeviceLink.objects.filter(reason="Seen.").count()
