"""A first set of device type rules, so that devices can become configuration items before anybody wrote one.

Only while no rule has a product. What is chosen is told in the run, and can be changed at any time: product, type and
category of a configuration item are not final in Autotask.
"""

from __future__ import annotations

from django.db.models import Count

from integration.sync.recorder import RunRecorder
from mappings.models import Device, DeviceTypeRule, Product
from mappings.services.devices.types import ensure_catch_all, suggest

#: A fleet with more categories than this has odd ones; the catch-all takes those.
_MOST_CATEGORIES = 40
_REMEDY = "Look at Mappings > Device types before the next run, and change what does not fit."


def ensure_usable_rules(recorder: RunRecorder) -> None:
    """Give the catch-all, and the usual categories, a product by name, unless a person has chosen one already."""
    catch_all = ensure_catch_all()
    if recorder.dry_run and catch_all.product_id is None and not Product.objects.exists():
        return
    if DeviceTypeRule.objects.filter(product__isnull=False, product__is_active=True).exists():
        return
    chosen = []
    for category in _categories_in_fleet():
        found = suggest(category, "", "")
        if found.product is None:
            continue
        rule, _ = DeviceTypeRule.objects.update_or_create(
            datto_category=category,
            datto_type="",
            device_class="",
            defaults={
                "product": found.product,
                "configuration_item_type": found.configuration_item_type,
                "configuration_item_category": found.configuration_item_category,
            },
        )
        chosen.append(f"{rule}: {found.product}")
    found = suggest("", "", "")
    product = found.product or Product.objects.filter(is_active=True).order_by("name").first()
    if product is None:
        recorder.failed(
            "device_type_rule",
            catch_all.pk,
            str(catch_all),
            "Autotask lists no active product, and every configuration item needs one.",
            "Create a product in Autotask (Inventory > Products), run Sync > Organizations and pick lists, then choose it "
            "under Mappings > Device types.",
        )
        return
    catch_all.product = product
    catch_all.configuration_item_type = found.configuration_item_type
    catch_all.configuration_item_category = found.configuration_item_category
    catch_all.is_synced = True
    catch_all.save()
    chosen.append(f"{catch_all}: {product}")
    recorder.noticed(
        "device_type_rule",
        catch_all.pk,
        "Device types",
        f"Nobody has chosen products yet, so these were taken by name: {'; '.join(chosen)}.",
        _REMEDY,
    )


def _categories_in_fleet() -> list[str]:
    """Return the categories of the devices there are, the most frequent first."""
    counted = (
        Device.objects.filter(is_deleted=False)
        .exclude(category="")
        .order_by()
        .values_list("category")
        .annotate(n=Count("pk"))
        .order_by("-n", "category")
    )
    return [category for category, _ in counted[:_MOST_CATEGORIES]]
