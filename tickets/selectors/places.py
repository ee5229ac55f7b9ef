"""Where an alert belongs: device, site and mapping. Every decision, list and page asks here.

An alert names the site its device stood in when it was raised; the device may have moved since. The present site
wins when both have a mapping, because the present organization is the one that pays for the work.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from mappings.models import Device, SiteMapping
from tickets.models import Alert

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations


class _PlaceColumns(TypedDict):
    place_site_uid: str
    place_site_name: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where an alert belongs.

    Attributes:
        site_uid: of the mapping's site; as the alert names it when no site of it has a mapping.
        site_name: likewise.
        mapping: with site, company and location; None when no site of the alert is known.
        device: with its site; None when it is not known here. May be deleted in Datto RMM.
        is_moved: the device stands in another site than the alert names.
    """

    site_uid: str
    site_name: str
    mapping: SiteMapping | None
    device: Device | None
    is_moved: bool

    @property
    def organization(self) -> str:
        """Return the name of the mapping's company, empty when there is none."""
        return self.mapping.company.name if self.mapping is not None and self.mapping.company else ""


def place_of(alert: Alert) -> Place:
    """Return where one alert belongs. At most two queries."""
    return places_of([alert])[alert.pk]


def places_of(alerts: Iterable[Alert]) -> dict[int, Place]:
    """Return where alerts belong, by primary key of the alert. At most two queries, however many alerts."""
    rows = list(alerts)
    device_uids = {row.datto_device_uid for row in rows} - {""}
    devices: dict[str, Device] = {}
    if device_uids:
        found = Device.objects.select_related("site").filter(datto_device_uid__in=device_uids)
        devices = {device.datto_device_uid: device for device in found}
    site_uids = {row.datto_site_uid for row in rows} - {""}
    site_uids |= {device.site.datto_site_uid for device in devices.values() if not device.is_deleted}
    mappings: dict[str, SiteMapping] = {}
    if site_uids:
        stored = SiteMapping.objects.select_related("site", "company", "company_location")
        mappings = {one.site.datto_site_uid: one for one in stored.filter(site__datto_site_uid__in=site_uids)}
    return {row.pk: _choose(row, devices.get(row.datto_device_uid), mappings) for row in rows}


def with_place(alerts: QuerySet[Alert]) -> QuerySet[WithAnnotations[Alert, _PlaceColumns]]:
    """Return the alerts annotated with `place_site_uid` and `place_site_name`, as `place_of` tells them."""
    present = SiteMapping.objects.order_by().filter(
        site__devices__datto_device_uid=OuterRef("datto_device_uid"), site__devices__is_deleted=False
    )
    own = SiteMapping.objects.order_by().filter(site__datto_site_uid=OuterRef("datto_site_uid"))
    return alerts.annotate(
        place_site_uid=Coalesce(
            Subquery(present.values("site__datto_site_uid")[:1]),
            F("datto_site_uid"),
        ),
        place_site_name=Coalesce(
            Subquery(present.values("site__name")[:1]),
            Subquery(own.values("site__name")[:1]),
            F("datto_site_name"),
        ),
    )


def _choose(alert: Alert, device: Device | None, mappings: dict[str, SiteMapping]) -> Place:
    present = device.site.datto_site_uid if device is not None and not device.is_deleted else ""
    mapping = mappings.get(present) or mappings.get(alert.datto_site_uid)
    if mapping is None:
        return Place(alert.datto_site_uid, alert.datto_site_name, None, device, is_moved=False)
    uid = mapping.site.datto_site_uid
    return Place(uid, mapping.site.name, mapping, device, is_moved=uid != alert.datto_site_uid)
