"""The demo world: sizes, determinism, and one story on both sides."""

from collections import Counter

import pytest

from integration.sandbox.datto.history import History
from integration.sandbox.world import PROFILES, build_world
from integration.sandbox.world_datto import JUNK_SERIALS

NOW = 1_795_540_000_000


@pytest.mark.parametrize("name", ["S", "M", "L"])
def test_profile_has_its_numbers(name):
    profile, world = PROFILES[name], build_world(name, seed=1, now_ms=NOW)
    alive = [device for device in world.datto.devices if not device.deleted]
    assert len(alive) == profile.devices
    assert sum(d.category in {"Server", "ESXi Host"} for d in alive) == profile.servers
    assert len([spot for spot in world.placed if not spot.site.is_system]) == profile.sites
    customers = [
        r for r in world.autotask["Companies"] if r["companyType"] == 1 and r["isActive"] and r["id"]
    ]
    assert len(customers) == profile.companies
    assert len(world.datto.monitors) == profile.monitors
    assert len(world.datto.open_alerts) == profile.open_alerts


def test_same_seed_gives_the_same_world_and_another_seed_another():
    one, two, other = (build_world("S", seed=seed, now_ms=NOW) for seed in (7, 7, 8))
    assert (one.datto, one.autotask) == (two.datto, two.autotask)
    assert one.datto.sites != other.datto.sites


@pytest.mark.parametrize("seed", range(5))
def test_references_hold(seed):
    world = build_world("S", seed=seed, now_ms=NOW)
    rows = {name: {row["id"] for row in table} for name, table in world.autotask.items()}
    for name, table in world.autotask.items():
        assert len(rows[name]) == len(table), f"{name}: ids repeat"
    links = (
        ("Contacts", "companyID", "Companies"),
        ("CompanyLocations", "companyID", "Companies"),
        ("Contracts", "companyID", "Companies"),
        ("ContractServices", "contractID", "Contracts"),
        ("ContractServices", "serviceID", "Services"),
        ("ConfigurationItems", "companyID", "Companies"),
        ("ConfigurationItems", "productID", "Products"),
        ("ConfigurationItems", "configurationItemType", "ConfigurationItemTypes"),
        ("Products", "productBillingCodeID", "BillingCodes"),
        ("Tickets", "companyID", "Companies"),
        ("Tickets", "assignedResourceID", "Resources"),
        ("ResourceRoles", "roleID", "Roles"),
        ("TicketNotes", "ticketID", "Tickets"),
    )
    for name, field, target in links:
        assert {row[field] for row in world.autotask[name]} <= rows[target], (name, field)
    sites = {site.uid for site in world.datto.sites}
    devices = {device.uid for device in world.datto.devices}
    assert {device.site_uid for device in world.datto.devices} <= sites
    assert {alert.device_uid for alert in world.datto.open_alerts} - {None} <= devices
    assert len({device.id for device in world.datto.devices}) == len(devices)


def test_both_vendors_tell_one_story():
    world = build_world("M", seed=1, now_ms=NOW)
    names = {row["id"]: row["companyName"] for row in world.autotask["Companies"]}
    linked = [spot for spot in world.placed if spot.site.autotask_company_id not in (None, "99999999")]
    assert linked
    for spot in linked:
        assert names[int(spot.site.autotask_company_id or 0)] == spot.site.autotask_company_name
    owner = {spot.site.uid: int(spot.true_company[0]) for spot in world.placed if spot.company is not None}
    devices = {device.uid: device for device in world.datto.devices}
    odd = {
        number
        for name in ("wrong_company", "inactive_returned", "deleted_in_rmm")
        for case in world.cases[name]
        for number in case["configurationItemIds"]
    }
    native = [row for row in world.autotask["ConfigurationItems"] if row.get("rmmDeviceUID")]
    told = [row for row in native if row["rmmDeviceUID"] in devices and row["id"] not in odd]
    right = [row for row in told if owner.get(devices[row["rmmDeviceUID"]].site_uid) == row["companyID"]]
    assert len(told) > 50
    assert len(right) / len(told) > 0.9


def test_world_is_untidy():
    world = build_world("M", seed=1, now_ms=NOW)
    devices = world.datto.devices
    names = [row["companyName"] for row in world.autotask["Companies"]]
    sites = [spot.site.name for spot in world.placed]
    assert sum(device.serial in JUNK_SERIALS for device in devices) > len(devices) * 0.01
    hosts = Counter(device.hostname for device in devices)
    assert sum(count for count in hosts.values() if count > 1) > len(devices) * 0.04
    assert len(names) > len(set(names))
    assert any(not row["isActive"] for row in world.autotask["Companies"])
    assert sum(spot.company is None and not spot.site.is_system for spot in world.placed) == round(160 * 0.02)
    assert any(" - " in name for name in sites)
    assert any(len(name) > 150 for name in sites)
    assert any(not name.isascii() for name in sites)
    assert any("formerly" in name for name in sites)
    assert any(device.deleted for device in devices)
    assert any(device.suspended for device in devices)
    assert any(alert.device_uid is None for alert in world.datto.open_alerts)
    assert any(alert.context is None for alert in world.datto.open_alerts)


def test_texts_fit_the_vendors_fields():
    world = build_world("M", seed=3, now_ms=NOW)
    assert all(len(row["companyName"]) <= 100 for row in world.autotask["Companies"])
    assert all(len(spot.site.name) <= 255 for spot in world.placed)
    assert all(len(row["title"]) <= 255 for row in world.autotask["Tickets"])


def _history(world):
    seed = world.datto
    return History(seed=1, now_ms=NOW, per_day=seed.alerts_per_day, table=seed.history_table)


def test_past_has_six_months_in_order_and_uids_decode():
    history = _history(build_world("S", seed=1, now_ms=NOW))
    assert history.total == pytest.approx(18_000, rel=0.05)
    stamps = [history.timestamp(number) for number in range(0, history.total, 97)]
    assert stamps == sorted(stamps)
    assert NOW - 181 * 86_400_000 < stamps[0] < stamps[-1] < NOW
    for number in (0, 1, history.total - 1):
        assert history.number_of(history.uid(number)) == number
    assert history.number_of("11111111-1111-4111-8111-111111111111") is None
    assert history.number_of("no uid") is None


def test_numbers_of_a_device_are_exactly_its_alerts():
    history = _history(build_world("S", seed=1, now_ms=NOW))
    device = history.pair(12)[0]
    expected = [number for number in range(history.total) if history.pair(number)[0] == device]
    assert sorted(history.numbers_of(device)) == expected


def test_few_make_most_of_the_noise():
    history = _history(build_world("S", seed=1, now_ms=NOW))
    counts = sorted(Counter(history.pair(number) for number in range(history.total)).values(), reverse=True)
    assert sum(counts[: len(counts) // 10]) > 0.7 * history.total
