"""What the stored devices, contacts and companies tell about sites without a decision."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from django.db.models import Count, F, Q

from mappings.domain.evidence import Hint, Neighbourhood, SiteTraces, domains_of_device
from mappings.models import Company, Contact, Device, SiteMapping
from mappings.selectors import UNDECIDED_STATES

#: Up to this many sites are looked up by themselves; more are read in one sweep over all devices.
_FEW_SITES = 200
_DECIDED = (SiteMapping.State.CONFIRMED, SiteMapping.State.RENAMED)


class Evidence:
    """Hints for sites without a decision. At most six queries, however many sites there are."""

    def __init__(self, site_pks: Collection[int] | None = None) -> None:
        """Read what is stored.

        Args:
            site_pks: the sites whose hints are asked for; None for all that nobody has decided.
        """
        self._neighbourhood = Neighbourhood()
        self._traces: dict[int, SiteTraces] = defaultdict(SiteTraces)
        wanted = Q(site__mapping=None) | Q(site__mapping__decided_at=None)
        if site_pks is not None:
            wanted = Q(site__in=list(site_pks))
        self._read_traces(wanted)
        if self._traces:
            self._read_neighbours(site_pks)
            self._read_companies()

    def hints(self, site_pk: int) -> tuple[Hint, ...]:
        """Return what a site's devices point to, best first; nothing for a site without traces."""
        traces = self._traces.get(site_pk)
        return () if traces is None else self._neighbourhood.hints(traces)

    def _read_traces(self, wanted: Q) -> None:
        devices = Device.objects.filter(wanted, is_deleted=False, site__is_system=False).order_by()
        rows = devices.values_list("site_id", "external_ip", "last_user", "domain")
        for site_pk, address, last_user, domain in rows.iterator():
            traces = self._traces[site_pk]
            if address:
                traces.addresses[address] += 1
            domains = domains_of_device(last_user, domain)
            if domains:
                traces.domains[domains] += 1

    def _read_neighbours(self, site_pks: Collection[int] | None) -> None:
        devices = Device.objects.filter(is_deleted=False).exclude(external_ip="").order_by()
        if site_pks is not None and len(site_pks) <= _FEW_SITES:
            addresses = {address for one in self._traces.values() for address in one.addresses}
            if all(":" not in address for address in addresses):
                devices = devices.filter(external_ip__in=addresses)
        others = devices
        if site_pks is not None:
            # Their decision is being taken back, so it speaks for nothing.
            others = devices.exclude(site__in=list(site_pks))
        decided = (
            others.filter(site__mapping__state__in=_DECIDED, site__mapping__company__is_missing=False)
            .values(
                "external_ip", name=F("site__name"), company=F("site__mapping__company__autotask_company_id")
            )
            .annotate(n=Count("pk"))
        )
        for row in decided.iterator():
            self._neighbourhood.add_decided_site(row["company"], row["name"], [row["external_ip"]])
        undecided = devices.filter(site__mapping__state__in=UNDECIDED_STATES, site__is_system=False)
        crowd: dict[int, SiteTraces] = defaultdict(SiteTraces)
        for site_pk, address in undecided.values_list("site_id", "external_ip").distinct().iterator():
            crowd[site_pk].addresses[address] += 1
        for traces in crowd.values():
            self._neighbourhood.add_undecided_site(traces)

    def _read_companies(self) -> None:
        emails: dict[int, list[str]] = defaultdict(list)
        contacts = (
            Contact.objects.filter(is_active=True, company__is_active=True).exclude(email="").order_by()
        )
        for company_id, email in contacts.values_list("company__autotask_company_id", "email").iterator():
            emails[company_id].append(email)
        companies = Company.objects.filter(is_active=True, is_missing=False).order_by()
        for company_id, web_address in companies.values_list("autotask_company_id", "web_address").iterator():
            self._neighbourhood.add_company(company_id, web_address, emails.get(company_id, []))
