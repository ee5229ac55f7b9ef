"""Which alerts of the last days a rule would have applied to; bounded, so that a page may ask."""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from mappings.models import DeviceLink
from tickets.domain.rules.conditions import Conditions, applies
from tickets.models import Alert
from tickets.selectors.places import Place, places_of
from tickets.services.rules import rule_facts

K = TypeVar("K", bound=Hashable)

DAYS: Final = 30
#: So many of the newest alerts are examined.
MOST_EXAMINED: Final = 2000
#: Patterns can be slow; a page does not wait longer for them.
_SECONDS: Final = 2.0
_OF_TYPE: Final = ("monitor_type__slug", "monitor_type__name", "monitor_type__is_security")


@dataclass(slots=True)
class Examined(Generic[K]):
    """What was found.

    Attributes:
        count: alerts that were examined, the newest first.
        is_all: those are all of the last days; else there are older ones that nobody looked at.
        matches: key of the conditions -> the alerts they fit, the newest first.
    """

    count: int = 0
    is_all: bool = True
    matches: dict[K, list[Alert]] = field(default_factory=dict)


def examine(conditions: Mapping[K, Conditions], now: datetime, *, most: int = MOST_EXAMINED) -> Examined[K]:
    """Return which of the newest alerts of the last days some conditions fit. At most four queries.

    Args:
        conditions: what is asked, by a key of the caller's.
        now: aware.
        most: so many alerts are examined.
    """
    found: Examined[K] = Examined(matches={key: [] for key in conditions})
    if not conditions:
        return found
    columns = [
        "pk", "alert_uid", "state", "priority", "subject", "summary", "raised_at", "first_seen_at", "monitor",
        "monitor_type", "datto_site_uid", "datto_site_name", "datto_device_uid", "datto_device_name",
    ]  # fmt: skip
    if any(one.pattern for one in conditions.values()):
        columns.append("diagnostics")
    rows = Alert.objects.filter(first_seen_at__gte=now - timedelta(days=DAYS)).order_by("-id")
    alerts = list(rows.select_related("monitor_type").only(*columns, *_OF_TYPE)[: most + 1])
    found.is_all = len(alerts) <= most
    alerts = alerts[:most]
    places = places_of(alerts)
    categories = (
        _categories(places) if any(one.item_category is not None for one in conditions.values()) else {}
    )
    end = time.monotonic() + _SECONDS
    has_pattern = "diagnostics" in columns
    for alert in alerts:
        facts = rule_facts(alert, places[alert.pk], categories=categories, with_text=has_pattern)
        for key, one in conditions.items():
            if applies(one, facts):
                found.matches[key].append(alert)
        found.count += 1
        if time.monotonic() > end:
            found.is_all = found.is_all and found.count == len(alerts)
            break
    return found


def examined_in_words(found: Examined[K]) -> str:
    """Return what was looked at: "all 312 alerts of the last 30 days"."""
    if found.is_all:
        return f"all {found.count:,} alerts of the last {DAYS} days"
    return f"the newest {found.count:,} alerts of the last {DAYS} days; older ones were not examined"


def _categories(places: Mapping[int, Place]) -> dict[int, int]:
    """Return the category of each device's configuration item, by primary key of the device. One query."""
    devices = {place.device.pk for place in places.values() if place.device is not None}
    rows = DeviceLink.objects.filter(
        device__in=devices, configuration_item__autotask_category_id__isnull=False
    )
    found = rows.values_list("device_id", "configuration_item__autotask_category_id")
    return {device: category for device, category in found if category is not None}
