"""What the account calls Datto RMM's UDFs is read once a day and shown where a number would tell nothing."""

from __future__ import annotations

import pytest
from django.urls import reverse

from integration.models import SyncRunEntry, VendorCall
from mappings.models import DattoUdfLabel, Device, FieldMap, MirrorState, UdfDefinition
from tests.mappings.conftest import Run
from tests.sandbox.served import Served

pytestmark = pytest.mark.django_db(transaction=True)


def test_labels_are_read_once_a_day(vendors: Served, sync: Run) -> None:
    known = {number: one.label for number, one in vendors.sandbox.datto.udf_labels.items()}
    sync("sites")
    stored = dict(DattoUdfLabel.objects.values_list("number", "label"))
    assert stored
    assert stored.items() <= known.items()
    VendorCall.objects.all().delete()
    sync("sites")
    assert not VendorCall.objects.filter(path__contains="/v3/account/devices").exists()


def test_a_changed_label_is_followed_and_one_no_device_shows_is_kept(vendors: Served, sync: Run) -> None:
    sync("sites")
    number = DattoUdfLabel.objects.earliest("number").number
    DattoUdfLabel.objects.filter(number=number).update(label="Old name")
    DattoUdfLabel.objects.update_or_create(
        number=299,
        defaults={"label": "Rare", "synced_at": DattoUdfLabel.objects.get(number=number).synced_at},
    )
    MirrorState.objects.filter(name="UDF labels").delete()
    sync("sites")
    assert DattoUdfLabel.objects.get(number=number).label == vendors.sandbox.datto.udf_labels[number].label
    assert DattoUdfLabel.objects.get(number=299).label == "Rare"


def test_a_datto_rmm_without_api_v3_costs_only_the_labels(vendors: Served, sync: Run) -> None:
    vendors.sandbox.datto.settings.change("has_api_v3", False)
    run = sync("sites")
    assert run.status == "succeeded"
    entry = SyncRunEntry.objects.get(run=run, object_type="UDF label")
    assert "shown by number" in entry.message
    assert not DattoUdfLabel.objects.exists()


def test_the_label_is_shown_with_its_number(client, person, vendors: Served, sync: Run) -> None:
    sync("sites")
    number, label = DattoUdfLabel.objects.values_list("number", "label").earliest("number")
    name = f"{label} (UDF {number})"
    udf = UdfDefinition.objects.create(
        autotask_udf_id=1,
        name="Target",
        data_type=UdfDefinition.DataType.TEXT,
        synced_at="2026-01-01T00:00:00Z",
    )
    field_map = FieldMap.objects.create(udf=udf, datto_udf_index=number)
    other = UdfDefinition.objects.create(
        autotask_udf_id=2,
        name="Host",
        data_type=UdfDefinition.DataType.TEXT,
        synced_at="2026-01-01T00:00:00Z",
    )
    FieldMap.objects.create(udf=other, datto_field="hostname")
    client.force_login(person)
    assert name in client.get(reverse("admin:mappings_fieldmap_changelist")).content.decode()
    form = client.get(reverse("admin:mappings_fieldmap_change", args=[field_map.pk])).content.decode()
    assert f">{name}</option>" in form
    device = Device.objects.exclude(hostname="").earliest("pk")
    page = client.get(reverse("admin:mappings_device_change", args=[device.pk])).content.decode()
    assert name in page
    assert f'<td data-label="In Datto RMM">{device.hostname}</td>' in page, "a device field shows its value"
