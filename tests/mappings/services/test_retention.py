"""What is deleted of mappings and drift when it is old, and what must stay."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from mappings.models import Device, DeviceFinding, DeviceLink, FieldMapLoss, SiteMapping, SiteMappingChange
from mappings.services.decisions import choose_company, undo
from mappings.services.retention import purge
from tests.any_rows import make_row
from tests.mappings.conftest import make_company, make_mapping

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _limits(settings: Any) -> None:
    settings.HISTORY_DAYS = 395


def finding(key: str, **values: Any) -> DeviceFinding:
    """Make a drift found two years ago."""
    old = timezone.now() - timedelta(days=700)
    plain = {"kind": "moved", "summary": "Moved.", "found_at": old, "seen_at": old}
    return DeviceFinding.objects.create(key=key, **{**plain, **values})


def test_only_drift_that_ended_long_ago_goes() -> None:
    now = timezone.now()
    old, young = now - timedelta(days=396), now - timedelta(days=394)
    finding("ended", state="resolved", closed_at=old)
    kept = {
        finding("open").pk,
        # Deleted, the next run would find it anew and ask the person again.
        finding("left as it is", state="left", closed_at=old).pk,
        finding("ended lately", state="resolved", closed_at=young).pk,
    }
    assert purge(now) == 1
    assert set(DeviceFinding.objects.values_list("pk", flat=True)) == kept


def test_a_decision_can_be_undone_until_its_history_is_old() -> None:
    now = timezone.now()
    mapping = make_mapping(1, "Contoso", make_company(1, "Contoso"))
    batch = uuid.uuid4()
    choose_company(mapping, make_company(2, "Fabrikam"), None, batch=batch)
    SiteMappingChange.objects.update(created_at=now - timedelta(days=394))
    assert purge(now) == 0
    assert undo(batch, None).changed == 1
    SiteMappingChange.objects.update(created_at=now - timedelta(days=396))
    assert purge(now) == 2
    assert SiteMapping.objects.get().pk == mapping.pk


def test_overwritten_values_are_kept_as_long_as_the_history() -> None:
    now = timezone.now()
    losses = [make_row(FieldMapLoss, number) for number in (1, 2)]
    for loss, days in zip(losses, (394, 396), strict=True):
        FieldMapLoss.objects.filter(pk=loss.pk).update(created_at=now - timedelta(days=days))
    assert purge(now) == 1
    assert list(FieldMapLoss.objects.values_list("pk", flat=True)) == [losses[0].pk]


def test_devices_and_what_they_are_linked_to_are_never_deleted() -> None:
    link = make_row(DeviceLink, 1)
    Device.objects.update(is_deleted=True, synced_at=timezone.now() - timedelta(days=2000))
    assert purge(timezone.now()) == 0
    link.refresh_from_db()
    assert link.configuration_item is not None
