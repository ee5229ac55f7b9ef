"""What reviews and contract rules know of devices, loaded chunk by chunk with the same few queries each time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

from django.db.models import Q, QuerySet

from mappings.domain.devices.contacts import ContactFacts, plan_contact
from mappings.domain.devices.contracts import (
    RECURRING_SERVICE,
    ContractFacts,
    DeviceFacts,
    Proposal,
    RuleFacts,
    ServiceFacts,
    Surroundings,
    plan_proposal,
)
from mappings.models import (
    ConfigurationItem,
    Contact,
    Contract,
    ContractRule,
    ContractService,
    DeviceLink,
    DevicePolicy,
    SiteMapping,
    UdfAssociation,
    UdfDefinition,
)
from mappings.services.devices.review_writes import contract_values
from mappings.services.mirror import in_chunks

#: States in which a site's organization counts.
USABLE_STATES = (SiteMapping.State.CONFIRMED, SiteMapping.State.RENAMED)
LINKED = DeviceLink.State.LINKED


def living_links() -> QuerySet[DeviceLink]:
    """Return the links of devices that are there and stand for a configuration item."""
    return DeviceLink.objects.filter(
        configuration_item__isnull=False, configuration_item__is_missing=False, device__is_deleted=False
    ).exclude(state=DeviceLink.State.GONE)


def iter_link_chunks(links: QuerySet[DeviceLink], size: int = 500) -> Iterator[list[int]]:
    """Yield link ids in chunks; all are read first, since callers write between two of them."""
    return in_chunks(list(links.order_by("pk").values_list("pk", flat=True)), size)


def get_policy() -> DevicePolicy:
    """Return the device policy; the defaults while nobody has saved one."""
    return DevicePolicy.objects.select_related("review_udf").filter(
        pk=DevicePolicy.SINGLETON_ID
    ).first() or DevicePolicy(pk=DevicePolicy.SINGLETON_ID)


def load_rules(rules: QuerySet[ContractRule] | None = None) -> list[RuleFacts]:
    """Return the active rules in order, or the given ones. One query."""
    rows = ContractRule.objects.filter(is_active=True) if rules is None else rules
    return [
        rule_facts(row)
        for row in rows.select_related(
            "company", "site", "configuration_item_type", "configuration_item_category", "udf", "service"
        ).order_by("position", "pk")
    ]


def rule_facts(rule: ContractRule) -> RuleFacts:
    """Return a rule as the domain sees it."""
    ci_type, ci_category = rule.configuration_item_type, rule.configuration_item_category
    names: dict[str, str] = {}
    if rule.company is not None:
        names["company_id"] = rule.company.name
    if rule.site is not None:
        names["site_id"] = rule.site.name
    if ci_type is not None:
        names["type_id"] = ci_type.name
    if ci_category is not None:
        names["category_id"] = ci_category.name
    return RuleFacts(
        id=rule.pk,
        name=rule.name,
        company_id=rule.company.autotask_company_id if rule.company is not None else None,
        site_id=rule.site_id,
        device_class=rule.device_class,
        datto_category=rule.datto_category,
        type_id=ci_type.autotask_type_id if ci_type is not None else None,
        category_id=ci_category.autotask_category_id if ci_category is not None else None,
        udf_name=rule.udf.name if rule.udf is not None else "",
        udf_operator=rule.udf_operator,
        udf_value=rule.udf_value,
        outcome=rule.outcome,
        contract_choice=rule.contract_choice,
        contract_name=rule.contract_name,
        contract_id=rule.contract_id,
        service_id=rule.service_id,
        service_name=rule.service.name if rule.service is not None else "",
        contact_choice=rule.contact_choice,
        no_contract_reason=rule.no_contract_reason,
        is_automatic=rule.is_automatic,
        names=names,
    )


@dataclass(slots=True)
class ReviewFacts:
    """One device with its item, as reviews need it."""

    link: DeviceLink
    item: ConfigurationItem
    device: DeviceFacts


@dataclass(slots=True)
class Chunk:
    """Some devices and everything a proposal for them may choose from.

    Attributes:
        contracts, contacts: by the Autotask id of the organization.
        contract_by_autotask_id, contract_by_pk: these and what items and decisions hold, whatever their organization.
        service_pks: {(kind, Autotask id): row} of services on these contracts.
    """

    policy: DevicePolicy
    today: date
    rows: list[ReviewFacts] = field(default_factory=list)
    contracts: dict[int, list[ContractFacts]] = field(default_factory=dict)
    contacts: dict[int, list[ContactFacts]] = field(default_factory=dict)
    contract_by_autotask_id: dict[int, ContractFacts] = field(default_factory=dict)
    contract_by_pk: dict[int, ContractFacts] = field(default_factory=dict)
    service_pks: dict[tuple[str, int], int] = field(default_factory=dict)
    contact_autotask_ids: dict[int, int] = field(default_factory=dict)

    def propose(self, one: ReviewFacts, rules: Sequence[RuleFacts]) -> Proposal:
        """Return what the rules propose for one device."""
        contacts = self.contacts.get(one.device.company_id, [])
        mapping = getattr(one.link.device.site, "mapping", None)
        user_contact = None
        if self.policy.proposes_contacts:
            user_contact = plan_contact(
                user_samples(one.link, self.today),
                contacts,
                self.today,
                days=self.policy.contact_days,
                share_percent=self.policy.contact_share_percent,
                is_server=one.device.is_server,
            )
        around = Surroundings(
            contracts=self.contracts.get(one.device.company_id, []),
            contacts=contacts,
            site_contract_id=mapping.default_contract_id if mapping is not None else None,
            site_contact_id=mapping.default_contact_id if mapping is not None else None,
            user_contact=user_contact,
        )
        return plan_proposal(one.device, rules, around, self.today)

    def contract_of(self, item: ConfigurationItem) -> ContractFacts | None:
        """Return the contract an item carries, None without one or when it is not mirrored."""
        if item.autotask_contract_id is None:
            return None
        return self.contract_by_autotask_id.get(item.autotask_contract_id)

    def service_of(self, item: ConfigurationItem) -> int | None:
        """Return the row of the service or bundle an item is billed on."""
        if item.autotask_contract_service_id is not None:
            return self.service_pks.get(("service", item.autotask_contract_service_id))
        if item.autotask_contract_service_bundle_id is not None:
            return self.service_pks.get(("bundle", item.autotask_contract_service_bundle_id))
        return None

    def wire_contract(self, contract_pk: int | None, service_pk: int | None) -> dict[str, int | None]:
        """Return the fields of an item on this contract and service, or on none."""
        service = next((key for key, pk in self.service_pks.items() if pk == service_pk), None)
        contract_id = next(
            (wire_id for wire_id, facts in self.contract_by_autotask_id.items() if facts.id == contract_pk),
            None,
        )
        return contract_values(contract_id, service)


def user_samples(link: DeviceLink, today: date) -> list[list[str]]:
    """Return a device's user history; while there is none, its present user as seen today."""
    if link.user_history:
        return [list(entry) for entry in link.user_history]
    return [[today.isoformat(), link.device.last_user]] if link.device.last_user else []


def load_chunk(
    link_pks: Sequence[int], policy: DevicePolicy, today: date, *, decided: Iterable[int] = ()
) -> Chunk:
    """Return the devices of these links with contracts and contacts of their organizations. Four queries.

    `decided` names rows of contracts that must be known besides.
    """
    chunk = Chunk(policy, today)
    links = (
        DeviceLink.objects.filter(pk__in=link_pks, configuration_item__isnull=False)
        .select_related("device__site__mapping", "configuration_item__company")
        .order_by("pk")
    )
    rows = [(link, link.configuration_item) for link in links if link.configuration_item is not None]
    company_ids = {item.autotask_company_id for _link, item in rows}
    carried = {item.autotask_contract_id for _link, item in rows if item.autotask_contract_id is not None}
    _load_contracts(chunk, company_ids, carried, set(decided))
    contact_pks: dict[int, int] = {}
    contacts = defaultdict(list)
    found = Contact.objects.filter(company__autotask_company_id__in=company_ids).order_by("pk")
    for company_id, autotask_contact_id, pk, first, last, email, is_active, is_primary in found.values_list(
        "company__autotask_company_id",
        "autotask_contact_id",
        "pk",
        "first_name",
        "last_name",
        "email",
        "is_active",
        "is_primary",
    ):
        one = ContactFacts(pk, first, last, email, is_active, is_primary)
        contact_pks[autotask_contact_id] = one.id
        chunk.contact_autotask_ids[one.id] = autotask_contact_id
        contacts[company_id].append(one)
    chunk.contacts = dict(contacts)
    for link, item in rows:
        current = item.autotask_contact_id
        chunk.rows.append(
            ReviewFacts(
                link,
                item,
                DeviceFacts(
                    company_id=item.autotask_company_id,
                    site_id=link.device.site_id,
                    device_class=link.device.device_class,
                    datto_category=link.device.category,
                    operating_system=link.device.operating_system,
                    type_id=item.autotask_type_id,
                    category_id=item.autotask_category_id,
                    udfs=item.udfs,
                    contact_id=contact_pks.get(current) if current is not None else None,
                ),
            )
        )
    return chunk


def _load_contracts(chunk: Chunk, company_ids: set[int], carried: set[int], decided: set[int]) -> None:
    services: dict[int, list[ServiceFacts]] = defaultdict(list)
    rows = list(_contracts(company_ids, carried, decided))
    for service in ContractService.objects.filter(
        contract__in=[row.pk for row in rows], is_missing=False
    ).select_related("service"):
        name = service.name or (service.service.name if service.service is not None else str(service))
        services[service.contract_id].append(ServiceFacts(service.pk, service.service_id, name))
        chunk.service_pks[service.kind, service.autotask_contract_service_id] = service.pk
    by_company = defaultdict(list)
    for row in rows:
        facts = contract_facts(row, tuple(services[row.pk]))
        chunk.contract_by_autotask_id[row.autotask_contract_id] = facts
        chunk.contract_by_pk[row.pk] = facts
        by_company[facts.company_id].append(facts)
    chunk.contracts = dict(by_company)


def _contracts(company_ids: set[int], carried: set[int], decided: set[int]) -> QuerySet[Contract]:
    wanted = (
        Q(company__autotask_company_id__in=company_ids)
        | Q(autotask_contract_id__in=carried)
        | Q(pk__in=decided)
    )
    return Contract.objects.filter(wanted).select_related("company").order_by("pk")


def contract_facts(contract: Contract, services: tuple[ServiceFacts, ...] = ()) -> ContractFacts:
    """Return a contract, loaded with its company, as the domain sees it."""
    return ContractFacts(
        id=contract.pk,
        company_id=contract.company.autotask_company_id,
        name=contract.name,
        is_recurring=contract.contract_type == RECURRING_SERVICE,
        is_default=contract.is_default,
        is_active=contract.is_active,
        is_missing=contract.is_missing,
        start_date=contract.start_date,
        end_date=contract.end_date,
        services=services,
    )


class ReviewUdf:
    """The UDF that shows the review state in Autotask, if there is one; two queries when made."""

    def __init__(self, policy: DevicePolicy) -> None:
        self._udf = policy.review_udf
        self._categories: set[int] = set()
        if self._udf is not None and self._udf.is_active:
            self._categories = set(
                UdfAssociation.objects.filter(udf=self._udf).values_list(
                    "category__autotask_category_id", flat=True
                )
            )

    def difference(
        self,
        item: ConfigurationItem,
        label: str,
        *,
        is_reviewed: bool,
        waiting: Mapping[str, str | None] = MappingProxyType({}),
    ) -> dict[str, Any]:
        """Return {"name", "before", "after"} of the UDF when an item should show something else, else {}.

        `waiting` holds UDFs that earlier decisions have not written yet.

        Items whose category does not have the UDF are left out, and list values that do not exist: Autotask would
        refuse the whole item.
        """
        udf = self._udf
        if udf is None or item.autotask_category_id not in self._categories:
            return {}
        wanted = _udf_text(udf, label, is_reviewed=is_reviewed)
        before = waiting.get(udf.name, item.udfs.get(udf.name))
        if wanted is None or (before or "") == wanted:
            return {}
        return {"name": udf.name, "before": before, "after": wanted}


def _udf_text(udf: UdfDefinition, label: str, *, is_reviewed: bool) -> str | None:
    if udf.data_type == UdfDefinition.DataType.BOOLEAN:
        return "true" if is_reviewed else "false"
    if udf.data_type == UdfDefinition.DataType.LIST:
        for value in udf.list_values:
            if str(value.get("label", "")).casefold() == label.casefold() and value.get("is_active", True):
                return str(value["value"])
        return None
    if udf.data_type in {UdfDefinition.DataType.TEXT, UdfDefinition.DataType.LONG_TEXT}:
        return label
    return None
