"""What besides its name tells whose a site is: shared external addresses and e-mail domains. Pure.

Both are hints for a person and nothing more. An address that several organizations use (a provider's shared
address, a data centre, the service provider's own office) says nothing, and neither does a domain that everybody
can have an address at. A hint scores below every similar name.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

#: Autotask's id of the service provider's own company; its addresses and domains are met at every customer.
OWN_COMPANY_ID = 0
#: An address behind which more sites than this are still undecided is no organization's own.
MAX_UNDECIDED_SITES = 3
#: More companies than this with one e-mail domain make it say nothing.
MAX_COMPANIES_OF_DOMAIN = 3
#: A company must have at least this share of a site's devices to be hinted at.
MIN_SHARE = 0.5
_ADDRESS_FROM, _ADDRESS_TO = 62, 79
_EMAIL_FROM, _EMAIL_TO = 60, 76
#: Both hints together; still below any similar name.
BOTH_AT_MOST = 81
_FEW_DEVICES = 2
_FREE_PROVIDERS = frozenset(
    """
    gmail googlemail yahoo ymail rocketmail hotmail outlook live msn icloud me mac aol gmx web t-online freenet
    proton protonmail pm zoho yandex mail inbox qq 163 126 naver daum orange wanadoo free laposte libero tiscali
    virgilio seznam wp onet interia bluewin sunrise telenet skynet ziggo kpnmail planet btinternet sky virginmedia
    comcast verizon att sbcglobal bellsouth cox charter earthlink optonline shaw rogers telus bigpond optusnet
    fastmail hey tutanota posteo mailbox arcor vodafone kabelmail online telia
    """.split()  # noqa: SIM905 - eighty quoted words would fill two screens
)
#: Domains of which everybody has a part; `contoso.onmicrosoft.com` is Contoso's, the parent is nobody's.
_SHARED_PARENTS = frozenset(
    {"onmicrosoft.com", "sharepoint.com", "azurewebsites.net", "wordpress.com", "wixsite.com"}
)
_LOCAL_ENDINGS = frozenset(
    {"local", "lan", "internal", "intern", "corp", "home", "localdomain", "test", "invalid"}
)
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}")
_MAX_NAMED = 3


class HintKind(StrEnum):
    """What a hint rests on."""

    ADDRESS = "address"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Hint:
    """A company that a site may belong to, 0 to 100, with the reason in words."""

    autotask_company_id: int
    score: int
    kind: HintKind
    reason: str


@dataclass(slots=True)
class SiteTraces:
    """What a site's devices leave behind.

    Attributes:
        addresses: external address -> devices behind it.
        domains: e-mail or directory domains of a device that has any -> devices with just these.
    """

    addresses: Counter[str] = field(default_factory=Counter)
    domains: Counter[frozenset[str]] = field(default_factory=Counter)


def public_address(text: str) -> str:
    """Return the address in the form that is compared, "" unless it is a public one.

    Private, link-local and carrier-grade NAT addresses are not public. Of IPv6 the /64 network is compared: each
    device has its own address in it.
    """
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return ""
    if not address.is_global or address.is_multicast:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network(f"{address}/64", strict=False).network_address) + "/64"
    return str(address)


def own_domain(text: str) -> str:
    """Return the domain of an e-mail address, host name or web address, "" when it is nobody's own."""
    plain = text.strip().casefold()
    plain = plain.split("://", 1)[-1].split("/", 1)[0].rsplit("@", 1)[-1].split(":", 1)[0].strip(".")
    plain = plain.removeprefix("www.")
    if not _DOMAIN.fullmatch(plain):
        return ""
    labels = plain.split(".")
    if labels[-1] in _LOCAL_ENDINGS or plain in _SHARED_PARENTS:
        return ""
    # gmail.com, yahoo.co.uk: the provider's name followed by endings only.
    if labels[0] in _FREE_PROVIDERS and (len(labels) == 2 or (len(labels) == 3 and len(labels[1]) <= 3)):  # noqa: PLR2004 - a domain with one or two endings
        return ""
    return plain


def domains_of_device(last_user: str, domain: str) -> frozenset[str]:
    """Return what a device tells: the domain of a last user like ann@contoso.com, and its own domain."""
    found = {own_domain(domain)}
    if "@" in last_user:
        found.add(own_domain(last_user))
    return frozenset(found - {""})


class Neighbourhood:
    """Who is known at which address and under which domain, prepared once for all sites."""

    def __init__(self) -> None:
        self._companies_at: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._undecided_at: Counter[str] = Counter()
        self._companies_of: dict[str, dict[int, str]] = defaultdict(dict)

    def add_decided_site(self, autotask_company_id: int, site_name: str, addresses: Iterable[str]) -> None:
        """Note the addresses of a site that a person has given to a company."""
        for address in addresses:
            plain = public_address(address)
            if plain:
                self._companies_at[plain][autotask_company_id].add(site_name)

    def add_undecided_site(self, traces: SiteTraces) -> None:
        """Note the addresses of a site without a decision: a crowd behind one address makes it worthless."""
        self._undecided_at.update({public_address(one) for one in traces.addresses} - {""})

    def add_company(self, autotask_company_id: int, web_address: str, emails: Iterable[str]) -> None:
        """Note the domains of a company: its web address, and what at least half of its contacts have.

        A single contact with another company's address, such as a consultant, makes no domain the company's.
        """
        if autotask_company_id == OWN_COMPANY_ID:
            return
        counts = Counter(domain for domain in map(own_domain, emails) if domain)
        total = counts.total()
        for domain, count in counts.items():
            if 2 * count >= total:
                words = "1 contact has" if count == 1 else f"{count} contacts have"
                self._companies_of[domain][autotask_company_id] = f"{words} addresses @{domain}"
        domain = own_domain(web_address)
        if domain:
            self._companies_of[domain].setdefault(autotask_company_id, f"its web address is {domain}")

    def hints(self, traces: SiteTraces) -> tuple[Hint, ...]:
        """Return the companies that a site's traces point to, best first."""
        found: dict[int, Hint] = {}
        for hint in (*self._by_address(traces), *self._by_domain(traces)):
            other = found.get(hint.autotask_company_id)
            found[hint.autotask_company_id] = hint if other is None else _both(other, hint)
        return tuple(sorted(found.values(), key=lambda one: (-one.score, one.autotask_company_id)))

    def _by_address(self, traces: SiteTraces) -> list[Hint]:
        devices: Counter[str] = Counter()
        for address, count in traces.addresses.items():
            plain = public_address(address)
            if plain:
                devices[plain] += count
        total = devices.total()
        shares: Counter[int] = Counter()
        where: dict[int, list[str]] = defaultdict(list)
        for address, count in devices.most_common():
            companies = self._companies_at.get(address, {})
            if len(companies) != 1 or self._undecided_at[address] > MAX_UNDECIDED_SITES:
                continue
            [company_id] = companies
            if company_id != OWN_COMPANY_ID:
                shares[company_id] += count
                where[company_id].append(f"{address} with {_some(sorted(companies[company_id]))}")
        return [
            Hint(
                company_id,
                _score(_ADDRESS_FROM, _ADDRESS_TO, count / total, count),
                HintKind.ADDRESS,
                f"{_devices(count, total)} the external address {_some(where[company_id])}",
            )
            for company_id, count in shares.items()
            if count >= MIN_SHARE * total
        ]

    def _by_domain(self, traces: SiteTraces) -> list[Hint]:
        total = traces.domains.total()
        shares: Counter[int] = Counter()
        reasons: dict[int, str] = {}
        for domains, devices in traces.domains.items():
            hit: set[int] = set()
            for domain in sorted(domains):
                known = self._closest(domain)
                companies = self._companies_of.get(known, {})
                if len(companies) > MAX_COMPANIES_OF_DOMAIN:
                    continue
                for company_id, why in companies.items():
                    hit.add(company_id)
                    reasons.setdefault(company_id, f"under {known}, and {why}")
            shares.update(dict.fromkeys(hit, devices))
        return [
            Hint(
                company_id,
                _score(_EMAIL_FROM, _EMAIL_TO, count / total, count),
                HintKind.EMAIL,
                f"{count} of {total} devices {reasons[company_id]}",
            )
            for company_id, count in shares.items()
            if count >= MIN_SHARE * total
        ]

    def _closest(self, domain: str) -> str:
        """Return the domain, or the nearest one above it, that some company has: ad.contoso.com, contoso.com."""
        labels = domain.split(".")
        for start in range(len(labels) - 1):
            parent = ".".join(labels[start:])
            if parent in self._companies_of and parent not in _SHARED_PARENTS:
                return parent
        return domain


def _score(lowest: int, highest: int, share: float, count: int) -> int:
    score = lowest + round((highest - lowest) * min(share, 1.0))
    return score if count >= _FEW_DEVICES else max(lowest, score - 6)


def _both(first: Hint, second: Hint) -> Hint:
    best = max(first, second, key=lambda one: one.score)
    return Hint(
        best.autotask_company_id,
        min(BOTH_AT_MOST, best.score + 5),
        best.kind,
        f"{first.reason}; {second.reason}",
    )


def _devices(count: int, total: int) -> str:
    return f"{count} of {total} devices share{'s' if count == 1 else ''}"


def _some(names: list[str]) -> str:
    more = len(names) - _MAX_NAMED
    shown = ", ".join(names[:_MAX_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown
