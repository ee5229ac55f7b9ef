"""Where an alert belongs is told by one function, whoever asks: the decision, the sweep, lists and pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mappings.models import Company, Device, Site, SiteMapping
from mappings.services.decisions import choose_company
from tests.tickets.services.conftest import Bridge
from tickets.models import Alert, TicketDefaults
from tickets.selectors.inbox import list_groups
from tickets.selectors.pages import attach_places, list_blocked_sites
from tickets.selectors.places import place_of, places_of, with_place
from tickets.services import sweep


def move_device(bridge: Bridge, state: str = "unmapped") -> SiteMapping:
    """Move the device to another site; returns that site's mapping."""
    site = Site.objects.create(datto_site_uid="site-b", name="Branch", synced_at=timezone.now())
    bridge.device.site = site
    bridge.device.save()
    return SiteMapping.objects.create(site=site, state=state)


def count_decisions(alert: Alert) -> str:
    """Return when it was decided last; it changes with each decision."""
    alert.refresh_from_db()
    return str(alert.decision.get("decided_at"))


def reconsider_seconds_later(seconds: int = 20) -> list[int]:
    return sweep.reconsider_alerts(timezone.now() + timedelta(seconds=seconds))


def test_alert_of_a_moved_device_is_ticketed_when_its_present_site_is_mapped(bridge: Bridge):
    present = move_device(bridge)
    SiteMapping.objects.filter(pk=bridge.mapping.pk).update(state="unmapped", company=None)
    uid = bridge.raise_alert()
    bridge.deliver(uid)
    assert "Branch" in bridge.alert(uid).reason
    assert reconsider_seconds_later() == []
    choose_company(SiteMapping.objects.select_related("site").get(pk=present.pk), bridge.company, None)
    bridge.perform(reconsider_seconds_later())
    assert bridge.alert(uid).state == Alert.State.TICKETED


def test_mapping_signal_of_the_present_site_finds_the_alert(bridge: Bridge):
    present = move_device(bridge)
    uid = bridge.raise_alert()
    bridge.deliver(uid)
    SiteMapping.objects.filter(pk=present.pk).update(state="confirmed", company=bridge.company)
    assert sweep.reconsider_alerts(site_uids=["another"]) == []
    bridge.perform(sweep.reconsider_alerts(site_uids=["site-b"]))
    assert bridge.alert(uid).state == Alert.State.TICKETED


def test_alert_of_a_moved_device_is_not_decided_again_and_again(bridge: Bridge):
    """The alert's own site is mapped, the device's present one is not: nothing has changed."""
    move_device(bridge)
    uid = bridge.raise_alert()
    bridge.deliver(uid)
    alert = bridge.alert(uid)
    assert alert.cause == "site_unmapped"
    decided = count_decisions(alert)
    for _ in range(3):
        reconsider_seconds_later()
    assert count_decisions(alert) == decided


def test_alert_of_an_inactive_organization_is_not_decided_again_and_again(bridge: Bridge):
    """The mapping is still confirmed, because organizations are read later than alerts."""
    Company.objects.update(is_active=False)
    uid = bridge.raise_alert()
    bridge.deliver(uid)
    alert = bridge.alert(uid)
    assert alert.cause == "company_inactive"
    decided = count_decisions(alert)
    reconsider_seconds_later()
    assert count_decisions(alert) == decided
    Company.objects.update(is_active=True)
    bridge.perform(reconsider_seconds_later())
    assert bridge.alert(uid).state == Alert.State.TICKETED


def test_unignored_site_has_its_open_alerts_decided_again(bridge: Bridge):
    SiteMapping.objects.filter(pk=bridge.mapping.pk).update(state="ignored", company=None)
    uid = bridge.raise_alert()
    bridge.deliver(uid)
    assert bridge.alert(uid).state == Alert.State.FILTERED
    assert reconsider_seconds_later() == []
    choose_company(SiteMapping.objects.select_related("site").get(pk=bridge.mapping.pk), bridge.company, None)
    bridge.perform(reconsider_seconds_later())
    assert bridge.alert(uid).state == Alert.State.TICKETED


def test_tickets_switched_on_again_have_the_sites_open_alerts_decided_again(bridge: Bridge):
    SiteMapping.objects.filter(pk=bridge.mapping.pk).update(tickets_enabled=False)
    uid = bridge.raise_alert()
    bridge.deliver(uid)
    assert bridge.alert(uid).state == Alert.State.FILTERED
    assert reconsider_seconds_later() == []
    SiteMapping.objects.filter(pk=bridge.mapping.pk).update(tickets_enabled=True)
    bridge.perform(reconsider_seconds_later())
    assert bridge.alert(uid).state == Alert.State.TICKETED


def test_alert_filtered_by_ticket_defaults_is_left_alone(bridge: Bridge):
    TicketDefaults.objects.filter(pk=1).update(create_ticket=False)
    uid = bridge.raise_alert()
    bridge.deliver(uid)
    alert = bridge.alert(uid)
    assert (alert.state, alert.cause) == (Alert.State.FILTERED, "")
    decided = count_decisions(alert)
    assert sweep.reconsider_alerts(site_uids=[bridge.site.datto_site_uid]) == []
    assert count_decisions(alert) == decided


def test_needs_attention_names_the_present_site(bridge: Bridge):
    move_device(bridge)
    bridge.deliver(bridge.raise_alert())
    assert [(one.cause, one.name) for one in list_blocked_sites()] == [("site_unmapped", "Branch")]
    [group] = [one for one in list_groups(timezone.now()) if one.retry_cause == "site_unmapped"]
    assert group.examples[0].text == "Branch (1)"


def test_page_of_the_alert_names_the_present_site_and_its_organization(bridge: Bridge, admin_client: Client):
    present = move_device(bridge)
    uid = bridge.raise_alert()
    bridge.deliver(uid)
    other = Company.objects.create(
        autotask_company_id=424242, name="Branch Company", synced_at=timezone.now()
    )
    SiteMapping.objects.filter(pk=present.pk).update(state="confirmed", company=other)
    page = admin_client.get(
        reverse("admin:tickets_alert_change", args=[bridge.alert(uid).pk])
    ).content.decode()
    assert "Branch Company" in page
    assert "now at Branch" in page
    listed = admin_client.get(reverse("admin:tickets_alert_changelist")).content.decode()
    assert "Branch Company" in listed


@pytest.mark.django_db
@pytest.mark.parametrize("is_deleted", [False, True])
@pytest.mark.parametrize("present", ["mapped", "unmapped", "no mapping", "unknown device", "no device"])
@pytest.mark.parametrize("own", ["mapped", "unknown", "none"])
def test_every_reader_agrees_about_the_place(present, own, is_deleted):
    now = timezone.now()
    company = Company.objects.create(autotask_company_id=1, name="Contoso", synced_at=now)
    own_site = Site.objects.create(datto_site_uid="own", name="Own", synced_at=now)
    SiteMapping.objects.create(site=own_site, state="confirmed", company=company)
    site = Site.objects.create(datto_site_uid="present", name="Present", synced_at=now)
    if present in {"mapped", "unmapped"}:
        SiteMapping.objects.create(
            site=site,
            state="confirmed" if present == "mapped" else "unmapped",
            company=company if present == "mapped" else None,
        )
    if present not in {"unknown device", "no device"}:
        Device.objects.create(
            datto_device_uid="d", hostname="H", site=site, synced_at=now, is_deleted=is_deleted
        )
    alert = Alert.objects.create(
        alert_uid="a",
        datto_device_uid="" if present == "no device" else "d",
        datto_site_uid={"mapped": "own", "unknown": "never seen", "none": ""}[own],
        datto_site_name="As the alert says",
    )
    expected = None
    if present in {"mapped", "unmapped"} and not is_deleted:
        expected = "present"
    elif own == "mapped":
        expected = "own"
    place = place_of(alert)
    assert (place.mapping.site.datto_site_uid if place.mapping else None) == expected
    assert place.site_uid == (expected or alert.datto_site_uid)
    assert (place.device is not None) == (present not in {"unknown device", "no device"})
    assert places_of([alert])[alert.pk] == place
    row = with_place(Alert.objects.all()).get()
    assert (row.place_site_uid, row.place_site_name) == (place.site_uid, place.site_name)
    assert attach_places([alert])[0].organization == place.organization  # type: ignore[attr-defined]


def test_places_of_a_page_cost_two_queries(bridge: Bridge, django_assert_num_queries):
    Alert.objects.bulk_create(
        Alert(alert_uid=f"a{n}", datto_device_uid=bridge.device.datto_device_uid, datto_site_uid="x")
        for n in range(30)
    )
    alerts = list(Alert.objects.all())
    with django_assert_num_queries(2):
        found = places_of(alerts)
        assert {place.organization for place in found.values()} == {"Test Company"}
