"""Devices and sites of recorded alerts as they are today, read a batch at a time and kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Final

from django.db.models import Count

from mappings.models import Device, SiteMapping
from tickets.domain.replay import ReplaySite
from tickets.services.decide import site_facts
from tickets.services.rules import site_rules

#: Uids asked for by one query.
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """What decisions ask about a device.

    Attributes:
        site: uid of its present site; empty when it is deleted in Datto RMM.
        item_category: Autotask id of its configuration item's category.
        host: uid of the virtual host it runs on, or of itself when it is one.
    """

    site: str
    device_class: str
    item_category: int | None
    network: str
    host: str


_UNKNOWN: Final = DeviceFacts("", "", None, "", "")


class Places:
    """Answers where an alert belongs, as `tickets.selectors.places` does for one alert."""

    def __init__(self) -> None:
        """Start with nothing known; `learn` reads what a batch of alerts needs."""
        self.sites: dict[str, ReplaySite] = {}
        self._organizations: dict[str, int | None] = {}
        self._asked: set[str] = set()
        self._devices: dict[str, DeviceFacts] = {}
        self._asked_devices: set[str] = set()
        self._hosts: dict[tuple[int, str], str] | None = None

    def learn(self, device_uids: Iterable[str], site_uids: Iterable[str]) -> None:
        """Read devices and sites that are not known yet."""
        wanted = {uid for uid in device_uids if uid} - self._asked_devices
        self._asked_devices |= wanted
        for some in _batches(wanted):
            self._read_devices(some)
        sites = {uid for uid in site_uids if uid}
        sites |= {self._devices[uid].site for uid in wanted if uid in self._devices} - {""}
        sites -= self._asked
        self._asked |= sites
        for some in _batches(sites):
            self._read_sites(some)

    def device(self, uid: str) -> tuple[DeviceFacts, bool]:
        """Return a device and whether it is known here."""
        found = self._devices.get(uid)
        return (found, True) if found is not None else (_UNKNOWN, False)

    def site(self, device: DeviceFacts, named: str) -> tuple[str, int | None]:
        """Return (site uid, Autotask company id): the device's present site wins over the one the alert names."""
        uid = device.site if device.site in self.sites else named
        return uid, self._organizations.get(uid)

    def _read_devices(self, uids: list[str]) -> None:
        rows = Device.objects.order_by().filter(datto_device_uid__in=uids)
        for uid, site, site_pk, is_deleted, device_class, network, name, category in rows.values_list(
            "datto_device_uid",
            "site__datto_site_uid",
            "site_id",
            "is_deleted",
            "device_class",
            "external_ip",
            "hostname",
            "link__configuration_item__autotask_category_id",
        ):
            self._devices[uid] = DeviceFacts(
                site="" if is_deleted else site,
                device_class=device_class,
                item_category=category,
                network=network,
                host=self._host(site_pk, name),
            )

    def _host(self, site_pk: int, hostname: str) -> str:
        if self._hosts is None:
            self._hosts = {}
            hosts = Device.objects.filter(device_class="esxihost", is_deleted=False).select_related("audit")
            for host in hosts.only("site_id", "hostname", "datto_device_uid", "audit__guests"):
                audit = getattr(host, "audit", None)
                names = [host.hostname, *(map(str, audit.guests) if audit is not None else ())]
                for name in names:
                    self._hosts[host.site_id, name.casefold()] = host.datto_device_uid
        return self._hosts.get((site_pk, hostname.casefold()), "")

    def _read_sites(self, uids: list[str]) -> None:
        mappings = SiteMapping.objects.select_related("site", "company", "queue").order_by()
        counts = dict(
            Device.objects.order_by()
            .filter(site__datto_site_uid__in=uids, is_deleted=False)
            .values_list("site__datto_site_uid")
            .annotate(n=Count("pk"))
        )
        for mapping in mappings.filter(site__datto_site_uid__in=uids):
            uid = mapping.site.datto_site_uid
            company = mapping.company
            self._organizations[uid] = company.autotask_company_id if company is not None else None
            self.sites[uid] = ReplaySite(
                facts=site_facts(mapping),
                rules=tuple(site_rules(mapping)),
                offset=mapping.priority_offset,
                offset_origin=f"site {mapping.site.name}",
                devices=counts.get(uid, 0),
            )


def _batches(uids: set[str]) -> Iterable[list[str]]:
    every = iter(sorted(uids))
    while some := list(islice(every, _AT_ONCE)):
        yield some
