"""The lists of people and hours say what is known and what is not."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from mappings.models import BusinessHours, Resource, Role, TicketUdf

pytestmark = pytest.mark.django_db
DAY = {"start": "08:00", "end": "17:00"}


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("ada", password="analytical-engine"))
    return client


def words(admin: Client, address: str) -> str:
    page = admin.get(f"/admin/mappings/{address}")
    assert page.status_code == 200
    return page.content.decode()


def test_a_resource_without_a_role_is_told(admin: Client) -> None:
    now = timezone.now()
    role = Role.objects.create(autotask_role_id=1, name="Engineer", synced_at=now)
    able = Resource.objects.create(autotask_resource_id=1, name="Ann", synced_at=now)
    able.roles.add(role)
    Resource.objects.create(autotask_resource_id=2, name="Bob", synced_at=now)
    text = words(admin, "resource/")
    assert "Engineer" in text
    assert "Autotask takes no ticket for this resource" in text


def test_hours_are_told_in_short_and_in_full(admin: Client) -> None:
    hours = BusinessHours.objects.create(
        autotask_location_id=1, name="Main", is_default=True, time_zone="America/New_York",
        days=[DAY, DAY, DAY, DAY, DAY, {"start": "09:00", "end": "12:00"}, None],
        holidays=["2001-01-01", "2999-12-25"], synced_at=timezone.now(),
    )  # fmt: skip
    text = words(admin, "businesshours/")
    assert "Mon-Fri 08:00 to 17:00, Sat 09:00 to 12:00" in text
    assert "2999-12-25" in text
    text = words(admin, f"businesshours/{hours.pk}/change/")
    assert "Sunday: closed" in text
    assert "2001-01-01" not in text


def test_an_unknown_zone_is_told(admin: Client) -> None:
    BusinessHours.objects.create(
        autotask_location_id=1, name="Main", time_zone_label="Made-up Time", synced_at=timezone.now()
    )
    assert "unknown (Made-up Time): due dates are counted by the clock" in words(admin, "businesshours/")


def test_values_of_a_list(admin: Client) -> None:
    udf = TicketUdf.objects.create(
        autotask_udf_id=1, name="Root Cause", data_type="list", synced_at=timezone.now(),
        list_values=[{"value": "1", "label": "Hardware", "is_active": True}],
    )  # fmt: skip
    assert "Hardware" in words(admin, f"ticketudf/{udf.pk}/change/")
