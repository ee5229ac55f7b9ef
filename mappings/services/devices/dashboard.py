"""The numbers of the device dashboard, each with the filter of the device list that shows the same devices."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import BooleanField, Count, ExpressionWrapper, Max, Q, QuerySet

from mappings.models import ConfigurationItem, Device, DeviceLink, DeviceReview
from mappings.services.devices import segments
from mappings.services.devices.segments import NOTHING, Facet, os_family

#: A card shows at most this many kinds; the others are one filter away.
_ROWS = 10
_NOT_REPORTED = "Not reported"
_GOOD, _WARN, _BAD = "good", "warn", "bad"

#: What the vendor's words mean; unknown ones stay without colour.
_TONES = {
    "runninganduptodate": _GOOD,
    "fullypatched": _GOOD,
    "runningandnotuptodate": _WARN,
    "rebootrequired": _WARN,
    "approvedpending": _WARN,
    "installerror": _BAD,
    "notrunning": _BAD,
    "notdetected": _BAD,
    "nodata": _WARN,
}


@dataclass(frozen=True, slots=True)
class Number:
    """One number and where it leads.

    Attributes:
        query: of the list that shows exactly these, without "?".
        percent: of all devices, 0 to 100.
        tone: "good", "warn", "bad" or "".
    """

    label: str
    count: int
    query: str
    percent: float
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """Numbers that belong together.

    Attributes:
        is_cumulative: the numbers contain each other, so they do not add up.
    """

    title: str
    numbers: tuple[Number, ...]
    more: int = 0
    is_cumulative: bool = False


@dataclass(frozen=True, slots=True)
class Dashboard:
    """What the page shows. `items_without_device` counts active configuration items."""

    total: int
    headline: tuple[Number, ...] = ()
    cards: tuple[Card, ...] = ()
    items_without_device: int = 0
    items: int = 0
    changed_at: datetime | None = field(default=None)


def tone_of(status: str) -> str:
    """Return "good", "warn", "bad" or "" for an antivirus or patch status of Datto RMM."""
    return _TONES.get("".join(status.lower().split()).replace("_", ""), "")


def words_of(status: str) -> str:
    """Return a status of Datto RMM, such as RunningAndUpToDate, in words."""
    if not status:
        return _NOT_REPORTED
    if " " in status or not any(letter.islower() for letter in status):
        return status
    spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in status).strip()
    return spaced.replace("_", " ").capitalize()


def items_without_device() -> Q:
    """Return the condition on `ConfigurationItem`: active, and no device of Datto RMM stands behind it."""
    return Q(is_active=True, is_missing=False, device_link__isnull=True)


def read_dashboard(now: datetime) -> Dashboard:
    """Count all devices that are in Datto RMM. Four queries, each over the table once, however many devices."""
    devices = Device.objects.filter(is_deleted=False).order_by()
    flags = devices.aggregate(total=Count("pk"), changed_at=Max("synced_at"), **_flag_counts(now))
    total = flags["total"]
    if not total:
        return Dashboard(total=0)
    kinds = _count_kinds(devices)
    links, items, reviews = _count_links(devices)
    item_counts = ConfigurationItem.objects.aggregate(
        items=Count("pk", filter=Q(is_active=True, is_missing=False)),
        alone=Count("pk", filter=items_without_device()),
    )

    def number(facet: Facet, value: str, count: int, tone: str = "", label: str = "") -> Number:
        text = label or dict(facet.options).get(value) or words_of("" if value == NOTHING else value)
        return Number(text, count, urlencode({facet.name: value}), round(100 * count / total, 1), tone)

    def flag(facet: Facet, value: str, tone: str = "", label: str = "") -> Number:
        return number(facet, value, flags[f"{facet.name}_{value}"], tone, label)

    def kinds_card(title: str, facet: Facet, *, toned: bool = False) -> Card:
        counted = kinds[facet.name].most_common()
        shown = tuple(
            number(
                facet,
                value or NOTHING,
                count,
                tone_of(value) if toned else "",
                label="" if facet.options or toned else value or _NOT_REPORTED,
            )
            for value, count in counted[:_ROWS]
        )
        return Card(title, shown, more=max(0, len(counted) - _ROWS))

    offline = [flag(segments.OFFLINE, str(days), _BAD) for days in segments.OFFLINE_DAYS]
    return Dashboard(
        total=total,
        changed_at=flags["changed_at"],
        items=item_counts["items"],
        items_without_device=item_counts["alone"],
        headline=(
            number(segments.ITEM, "without", items["without"], _WARN if items["without"] else ""),
            number(segments.REVIEW, "undecided", reviews["undecided"], _WARN if reviews["undecided"] else ""),
            flag(segments.REBOOT, "yes", label="Reboot required"),
            offline[1],
        ),
        cards=(
            kinds_card("Category", segments.CATEGORY),
            kinds_card("Operating system", segments.OS),
            kinds_card("Antivirus", segments.ANTIVIRUS, toned=True),
            kinds_card("Patches", segments.PATCH, toned=True),
            Card(
                "Last seen",
                (flag(segments.OFFLINE, "online", _GOOD), *offline, flag(segments.OFFLINE, "never", _WARN)),
                is_cumulative=True,
            ),
            Card(
                "Configuration item",
                tuple(
                    number(segments.LINK, state.value, links[state.value], _LINK_TONES.get(state, ""))
                    for state in DeviceLink.State
                    if links[state.value]
                ),
            ),
            Card(
                "Contract review",
                tuple(
                    number(segments.REVIEW, value, reviews[value], tone)
                    for value, tone in (
                        (DeviceReview.State.OPEN.value, _WARN),
                        (DeviceReview.State.SNOOZED.value, _WARN),
                        (DeviceReview.State.MAPPED.value, _GOOD),
                        (DeviceReview.State.NO_CONTRACT.value, _GOOD),
                        (NOTHING, ""),
                    )
                    if reviews[value]
                ),
            ),
            Card(
                "Warranty",
                (
                    flag(segments.WARRANTY, "over", _BAD),
                    flag(segments.WARRANTY, "soon", _WARN),
                    flag(segments.WARRANTY, "later", _GOOD),
                    flag(segments.WARRANTY, NOTHING),
                ),
            ),
            Card(
                "Last audit",
                (
                    *(flag(segments.AUDIT, str(days), _WARN) for days in segments.AUDIT_DAYS),
                    flag(segments.AUDIT, "never", _WARN),
                ),
                is_cumulative=True,
            ),
        ),
    )


_LINK_TONES = {
    DeviceLink.State.LINKED: _GOOD,
    DeviceLink.State.AMBIGUOUS: _BAD,
    DeviceLink.State.MOVED: _BAD,
    DeviceLink.State.FAILED: _BAD,
    DeviceLink.State.UNMAPPED: _WARN,
    DeviceLink.State.PENDING: _WARN,
}


def _flag_counts(now: datetime) -> dict[str, Count]:
    facets = (segments.OFFLINE, segments.REBOOT, segments.WARRANTY, segments.AUDIT)
    return {
        f"{facet.name}_{value}": Count("pk", filter=facet.where(value, now))
        for facet in facets
        for value, _label in facet.options
    }


def _count_kinds(devices: QuerySet[Device]) -> dict[str, Counter[str]]:
    """Return counts by facet name and value, all from one pass."""
    facets = (*segments.OPEN_FACETS, segments.OS)
    names = [facet.field or "os_family" for facet in facets]
    counted: dict[str, Counter[str]] = {facet.name: Counter() for facet in facets}
    rows = devices.annotate(os_family=os_family()).values_list(*names).annotate(n=Count("pk"))
    for *values, count in rows:
        for facet, value in zip(facets, values, strict=True):
            counted[facet.name][value] += count
    return counted


def _count_links(devices: QuerySet[Device]) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Return counts by link state, by presence of a configuration item, and by review state."""
    links: Counter[str] = Counter()
    items: Counter[str] = Counter()
    reviews: Counter[str] = Counter()
    rows = (
        devices.annotate(
            is_without=ExpressionWrapper(
                Q(link__configuration_item__isnull=True), output_field=BooleanField()
            )
        )
        .values_list("link__state", "review__state", "is_without")
        .annotate(n=Count("pk"))
    )
    for link, review, is_without, count in rows:
        links[link or DeviceLink.State.NEW.value] += count
        items["without" if is_without else "with"] += count
        reviews[review or NOTHING] += count
        if review not in segments.DECIDED_REVIEWS:
            reviews["undecided"] += count
    return links, items, reviews
