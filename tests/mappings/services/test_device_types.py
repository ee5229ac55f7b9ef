from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mappings.models import (
    ConfigurationItemCategory,
    ConfigurationItemType,
    Device,
    DeviceTypeRule,
    Product,
    Site,
)
from mappings.services.devices.types import (
    NEW_RULE_PK,
    count_kinds,
    ensure_catch_all,
    list_kinds_of,
    preview_change,
    read_overview,
    suggest,
)
from tests.mappings.conftest import guid, make_site

pytestmark = pytest.mark.django_db


def make_fleet(*kinds: tuple[str, str, str, int]) -> Site:
    site = make_site(1, "Site")
    number = Device.objects.count()
    for category, device_type, device_class, count in kinds:
        for _ in range(count):
            number += 1
            Device.objects.create(
                datto_device_uid=guid(number),
                site=site,
                hostname=f"H{number}",
                category=category,
                device_type=device_type,
                device_class=device_class,
                synced_at=timezone.now(),
            )
    return site


def make_product(number: int, name: str, **values: object) -> Product:
    return Product.objects.create(autotask_product_id=number, name=name, synced_at=timezone.now(), **values)


def make_rule(category: str = "", device_type: str = "", device_class: str = "") -> DeviceTypeRule:
    return DeviceTypeRule.objects.create(
        datto_category=category, datto_type=device_type, device_class=device_class, is_synced=False
    )


def test_catch_all_is_made_once_and_waits_for_a_product() -> None:
    first, second = ensure_catch_all(), ensure_catch_all()
    assert first == second
    assert (first.is_catch_all, first.is_synced, first.product) == (True, False, None)
    assert DeviceTypeRule.objects.count() == 1


def test_each_device_falls_on_the_rule_that_names_most() -> None:
    make_fleet(("Server", "Blade", "device", 3), ("Server", "", "device", 2), ("Printer", "", "printer", 4))
    server, blade, printers = make_rule("server"), make_rule("Server", "Blade"), make_rule("", "", "printer")
    counts = read_overview().counts
    assert (counts[server.pk], counts[blade.pk], counts[printers.pk]) == (2, 3, 4)
    assert counts[ensure_catch_all().pk] == 0
    assert [kind.device_type for kind in list_kinds_of(blade.pk)] == ["Blade"]


def test_deleted_devices_are_not_counted() -> None:
    make_fleet(("Server", "", "device", 3))
    Device.objects.filter(hostname="H1").update(is_deleted=True)
    assert sum(count_kinds().values()) == 2


def test_what_no_rule_names_is_listed_with_most_devices_first() -> None:
    make_fleet(("NAS", "Box", "device", 1), ("Server", "", "device", 9), ("Camera", "", "unknown", 5))
    make_rule("Server")
    overview = read_overview()
    assert [(one.kind.category, one.count) for one in overview.uncovered] == [("Camera", 5), ("NAS", 1)]
    assert overview.uncovered[0].rule_label == "All other devices"
    assert overview.total == 15


def test_overview_costs_the_same_with_many_rules_and_devices() -> None:
    ensure_catch_all()
    with CaptureQueriesContext(connection) as few:
        read_overview()
    make_fleet(*((f"C{number}", "", "device", 2) for number in range(20)))
    for number in range(10):
        make_rule(f"C{number}")
    with CaptureQueriesContext(connection) as many:
        read_overview()
    assert len(few) == len(many) == 2


def test_preview_of_a_new_rule_moves_only_its_devices_and_writes_nothing() -> None:
    make_fleet(("Server", "Blade", "device", 3), ("Laptop", "", "device", 5))
    ensure_catch_all()
    candidate = DeviceTypeRule(datto_category="Server", is_synced=True)
    preview = preview_change(candidate)
    assert (preview.moved, preview.newly_synced, preview.no_longer_synced, preview.total) == (3, 3, 0, 8)
    rows = {row.rule_pk: (row.before, row.after) for row in preview.rows}
    assert rows[NEW_RULE_PK] == (0, 3)
    assert rows[ensure_catch_all().pk] == (8, 5)
    assert set(preview.examples) == {"H1", "H2", "H3"}
    assert DeviceTypeRule.objects.count() == 1


def test_preview_of_a_changed_rule_replaces_its_stored_state() -> None:
    make_fleet(("Server", "", "device", 3), ("Laptop", "", "device", 5))
    rule = make_rule("Server")
    rule.datto_category = "Laptop"
    preview = preview_change(rule)
    rows = {row.rule_pk: (row.before, row.after) for row in preview.rows}
    assert rows[rule.pk] == (3, 5)
    assert preview.moved == 8


def test_preview_of_a_removal_sends_its_devices_back() -> None:
    make_fleet(("Server", "", "device", 3))
    rule = make_rule("Server")
    preview = preview_change(rule, is_removed=True)
    assert {row.rule_pk: row.after for row in preview.rows}[ensure_catch_all().pk] == 3


@pytest.mark.parametrize(
    ("names", "product", "type_name", "category"),
    [
        (("Server", "", ""), "Server", "Server", "Server"),
        (("Laptop", "Notebook", "device"), "Laptop", "Laptop", "Workstation"),
        (("", "", "esxihost"), "ESXi Host", "ESXi Host", "Virtual Host"),
        (("Network Device (Switch)", "", ""), "Network Device", "Network Device", "Network Device"),
        (("", "", ""), "Other Device (catch-all)", "Other Device (catch-all)", "Datto RMM"),
    ],
)
def test_suggestion_goes_by_name_and_never_offers_what_is_inactive(
    names: tuple[str, str, str], product: str, type_name: str, category: str
) -> None:
    for number, name in enumerate(
        ("Desktop", "Laptop", "Server", "ESXi Host", "Network Device", "Other Device (catch-all)")
    ):
        make_product(number, name)
        ConfigurationItemType.objects.create(autotask_type_id=number, name=name, synced_at=timezone.now())
    make_product(90, "Workstation (generic)", is_active=False)
    for number, name in enumerate(("Datto RMM", "Workstation", "Server", "Network Device", "Virtual Host")):
        ConfigurationItemCategory.objects.create(
            autotask_category_id=number, name=name, synced_at=timezone.now()
        )
    found = suggest(*names)
    assert found.product is not None
    assert found.configuration_item_type is not None
    assert found.configuration_item_category is not None
    assert (
        found.product.name,
        found.configuration_item_type.name,
        found.configuration_item_category.name,
    ) == (product, type_name, category)


def test_suggestion_is_empty_when_nothing_fits() -> None:
    make_product(1, "Coffee")
    assert suggest("Server", "", "").product is None
