"""Which contract, service and contact a device should have: ordered rules, the first that fits wins. Pure.

Nothing ambiguous is proposed: a rule that fits but names no single contract or service proposes nothing and says
why, and the rules after it are not asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from mappings.domain.devices.contacts import ContactFacts, ContactProposal, find_primary
from mappings.domain.devices.patterns import BadPattern, matches_pattern

#: Autotask's contract type of recurring services.
RECURRING_SERVICE = 7

#: Words of `ContractRule.UdfOperator`.
EQUALS, CONTAINS, MATCHES, IS_EMPTY, NOT_EMPTY = "equals", "contains", "matches", "is_empty", "not_empty"
#: Words of `ContractRule.Outcome`.
ASSIGN, NO_CONTRACT = "assign", "no_contract"
#: Words of `ContractRule.ContractChoice`.
ONLY_ACTIVE, DEFAULT, SITE, NAMED, SPECIFIC = "only_active", "default", "site", "named", "specific"
#: Words of `ContractRule.ContactChoice`, with SITE from above.
KEEP, LAST_USER, PRIMARY, NONE = "keep", "last_user", "primary", "none"

_NAMES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """A device as contract rules see it.

    Attributes:
        company_id: Autotask id of its organization.
        site_id: row of its site.
        type_id, category_id: Autotask ids of its configuration item's type and category.
        udfs: of its configuration item, {name: text or None}.
        contact_id: row of the contact its item has now.
    """

    company_id: int
    site_id: int
    device_class: str = ""
    datto_category: str = ""
    operating_system: str = ""
    type_id: int | None = None
    category_id: int | None = None
    udfs: Mapping[str, str | None] = field(default_factory=dict)
    contact_id: int | None = None

    @property
    def is_server(self) -> bool:
        """Whether nobody in particular sits in front of it."""
        words = f"{self.device_class} {self.datto_category} {self.operating_system}".casefold()
        return "server" in words or "esxi" in words


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """A service or bundle on a contract: its row, the row of the catalogue's service, its name."""

    id: int
    catalogue_id: int | None
    name: str


@dataclass(frozen=True, slots=True)
class ContractFacts:
    """A contract: its row, the Autotask id of its organization, and what it sells."""

    id: int
    company_id: int
    name: str
    is_recurring: bool = True
    is_default: bool = False
    is_active: bool = True
    is_missing: bool = False
    start_date: date | None = None
    end_date: date | None = None
    services: tuple[ServiceFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """A contract rule; conditions that are empty hold for every device.

    Attributes:
        company_id, type_id, category_id: Autotask ids.
        site_id, contract_id, service_id: rows; the service is the catalogue's.
        names: what the conditions are called on screen, by attribute.
    """

    id: int
    name: str
    company_id: int | None = None
    site_id: int | None = None
    device_class: str = ""
    datto_category: str = ""
    type_id: int | None = None
    category_id: int | None = None
    udf_name: str = ""
    udf_operator: str = EQUALS
    udf_value: str = ""
    outcome: str = ASSIGN
    contract_choice: str = ONLY_ACTIVE
    contract_name: str = ""
    contract_id: int | None = None
    service_id: int | None = None
    service_name: str = ""
    contact_choice: str = LAST_USER
    no_contract_reason: str = ""
    is_automatic: bool = False
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a rule in words, and whether it holds."""

    text: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a proposal may choose from.

    Attributes:
        contracts: of the device's organization, also those that ended.
        contacts: of the device's organization.
        site_contract_id, site_contact_id: rows of the defaults of the site's mapping.
        user_contact: the contact from the last logged-in user, None when the policy does not propose any.
    """

    contracts: Sequence[ContractFacts] = ()
    contacts: Sequence[ContactFacts] = ()
    site_contract_id: int | None = None
    site_contact_id: int | None = None
    user_contact: ContactProposal | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a device should have, with the reason.

    Attributes:
        outcome: ASSIGN or NO_CONTRACT; "" when nothing can be proposed.
        reason: first line about the contract, second about the contact, if there is something to say.
        problem: why the rule proposes nothing, "" when it proposes something or no rule fits.
        clears_contact: the rule wants no contact; else no contact means "leave it as it is".
    """

    outcome: str
    reason: str
    rule_id: int | None = None
    contract_id: int | None = None
    service_id: int | None = None
    contact_id: int | None = None
    clears_contact: bool = False
    is_automatic: bool = False
    problem: str = ""


def is_running(contract: ContractFacts, today: date) -> bool:
    """Return whether devices may be put on a contract: active, begun, not ended (its last day still counts)."""
    return (
        contract.is_active
        and not contract.is_missing
        and (contract.start_date is None or contract.start_date <= today)
        and (contract.end_date is None or contract.end_date >= today)
    )


def why_not_running(contract: ContractFacts, today: date) -> str:
    """Return why devices may not be put on a contract, "" when they may."""
    if is_running(contract, today):
        return ""
    if contract.is_missing:
        return "is no longer in Autotask"
    if contract.end_date is not None and contract.end_date < today:
        return f"ended on {contract.end_date.isoformat()}"
    if not contract.is_active:
        return "is inactive"
    return f"begins on {contract.start_date.isoformat()}" if contract.start_date else "is not running"


def check_rule(rule: RuleFacts, device: DeviceFacts) -> list[Condition]:
    """Return each condition of a rule with whether it holds; none means the rule fits every device.

    Raises:
        BadPattern: the UDF pattern cannot be used.
    """
    wanted: list[tuple[str, str, bool, bool]] = [
        ("organization", "company_id", rule.company_id is not None, rule.company_id == device.company_id),
        ("site", "site_id", rule.site_id is not None, rule.site_id == device.site_id),
        ("class", "device_class", bool(rule.device_class), _same(rule.device_class, device.device_class)),
        (
            "category",
            "datto_category",
            bool(rule.datto_category),
            _same(rule.datto_category, device.datto_category),
        ),
        ("type", "type_id", rule.type_id is not None, rule.type_id == device.type_id),
        (
            "configuration item category",
            "category_id",
            rule.category_id is not None,
            rule.category_id == device.category_id,
        ),
    ]
    conditions = [
        Condition(f"{title} is {rule.names.get(name) or getattr(rule, name)}", holds)
        for title, name, is_set, holds in wanted
        if is_set
    ]
    if rule.udf_name:
        conditions.append(_check_udf(rule, device))
    return conditions


def rule_fits(rule: RuleFacts, device: DeviceFacts) -> bool:
    """Return whether every condition holds; a rule whose pattern cannot be used fits nothing."""
    try:
        return all(condition.holds for condition in check_rule(rule, device))
    except BadPattern:
        return False


def pick_rule(rules: Iterable[RuleFacts], device: DeviceFacts) -> RuleFacts | None:
    """Return the first rule that fits, None when none does."""
    return next((rule for rule in rules if rule_fits(rule, device)), None)


def explain_rule(rule: RuleFacts, device: DeviceFacts) -> str:
    """Return why a rule fits, such as "Rule 'Servers': category is Server"."""
    texts = [condition.text for condition in check_rule(rule, device)]
    return f"Rule '{rule.name}': {', '.join(texts) if texts else 'for all devices'}"


def plan_proposal(
    device: DeviceFacts, rules: Iterable[RuleFacts], around: Surroundings, today: date
) -> Proposal:
    """Return what the first fitting rule proposes for a device."""
    rule = pick_rule(rules, device)
    if rule is None:
        contact = around.user_contact
        found = contact.contact_id if contact is not None else None
        said = f"\n{contact.reason}" if contact is not None else ""
        return Proposal("", f"No contract rule fits this device.{said}", contact_id=found)
    why = explain_rule(rule, device)
    contact_id, contact_text, clears = _choose_contact(rule, device, around)
    if rule.outcome == NO_CONTRACT:
        reason = rule.no_contract_reason or "no reason given"
        return Proposal(
            NO_CONTRACT,
            f"{why} → no contract ({reason}).{contact_text}",
            rule.id,
            contact_id=contact_id,
            clears_contact=clears,
            is_automatic=rule.is_automatic,
        )
    contract, problem = choose_contract(rule, around, device.company_id, today)
    service: ServiceFacts | None = None
    if contract is not None:
        service, problem = choose_service(rule, contract)
    if contract is None or problem:
        return Proposal(
            "",
            f"{why}. Nothing proposed: {problem}.{contact_text}",
            rule.id,
            contact_id=contact_id,
            clears_contact=clears,
            problem=problem,
        )
    bought = f", {service.name}" if service is not None else ""
    return Proposal(
        ASSIGN,
        f"{why} → {contract.name}{bought}.{contact_text}",
        rule.id,
        contract.id,
        service.id if service is not None else None,
        contact_id,
        clears,
        rule.is_automatic,
    )


def choose_contract(
    rule: RuleFacts, around: Surroundings, company_id: int, today: date
) -> tuple[ContractFacts | None, str]:
    """Return the contract a rule means for an organization, or None and why there is none."""
    ours = [one for one in around.contracts if one.company_id == company_id]
    if rule.contract_choice in {SPECIFIC, SITE}:
        wanted = rule.contract_id if rule.contract_choice == SPECIFIC else around.site_contract_id
        if wanted is None:
            return None, "the site's mapping names no default contract"
        one = next((contract for contract in ours if contract.id == wanted), None)
        if one is None:
            return None, "the contract belongs to another organization"
        problem = why_not_running(one, today)
        return (None, f"{one.name} {problem}") if problem else (one, "")
    if rule.contract_choice == DEFAULT:
        what, fits = "default contract", [one for one in ours if one.is_default]
    elif rule.contract_choice == NAMED:
        part = rule.contract_name.casefold().strip()
        what = f"contract whose name contains '{rule.contract_name}'"
        fits = [one for one in ours if part and part in one.name.casefold()]
    else:
        what, fits = "recurring service contract", [one for one in ours if one.is_recurring]
    running = [one for one in fits if is_running(one, today)]
    if len(running) == 1:
        return running[0], ""
    if running:
        return None, f"{len(running)} running contracts fit ({_some([one.name for one in running])})"
    if fits:
        last = max(fits, key=lambda one: (one.end_date or date.min, one.id))
        return None, f"the organization has no running {what}; {last.name} {why_not_running(last, today)}"
    return None, f"the organization has no {what}"


def choose_service(rule: RuleFacts, contract: ContractFacts) -> tuple[ServiceFacts | None, str]:
    """Return the service of a contract that a rule means, or None and why; (None, "") for contracts without any."""
    if rule.service_id is not None:
        fits = [one for one in contract.services if one.catalogue_id == rule.service_id]
        if len(fits) == 1:
            return fits[0], ""
        if not fits:
            return None, f"{contract.name} does not sell {rule.service_name or 'the service'}"
        return None, f"{contract.name} sells {rule.service_name or 'the service'} {len(fits)} times"
    if len(contract.services) > 1:
        names = _some([one.name for one in contract.services])
        return (
            None,
            f"{contract.name} sells {len(contract.services)} services ({names}); name one in the rule",
        )
    return (contract.services[0] if contract.services else None), ""


def _choose_contact(
    rule: RuleFacts, device: DeviceFacts, around: Surroundings
) -> tuple[int | None, str, bool]:
    """Return (contact, second line of the reason, whether the contact is to be cleared)."""
    if rule.contact_choice == NONE:
        return None, "\nNo contact.", True
    if rule.contact_choice == PRIMARY:
        primary = find_primary(around.contacts)
        text = "The primary contact." if primary is not None else "The organization has no primary contact."
        return primary, f"\n{text}", False
    if rule.contact_choice == SITE:
        known = {one.id for one in around.contacts if one.is_active}
        if around.site_contact_id in known:
            return around.site_contact_id, "\nThe site's contact.", False
        return None, "\nThe site's mapping names no contact.", False
    if rule.contact_choice == LAST_USER and around.user_contact is not None:
        return around.user_contact.contact_id, f"\n{around.user_contact.reason}", False
    return device.contact_id, "", False


def _check_udf(rule: RuleFacts, device: DeviceFacts) -> Condition:
    value = (device.udfs.get(rule.udf_name) or "").strip()
    wanted = rule.udf_value.strip()
    if rule.udf_operator == IS_EMPTY:
        return Condition(f"{rule.udf_name} is empty", not value)
    if rule.udf_operator == NOT_EMPTY:
        return Condition(f"{rule.udf_name} is not empty", bool(value))
    if rule.udf_operator == CONTAINS:
        holds = bool(wanted) and wanted.casefold() in value.casefold()
        return Condition(f"{rule.udf_name} contains '{wanted}'", holds)
    if rule.udf_operator == MATCHES:
        return Condition(f"{rule.udf_name} matches '{wanted}'", matches_pattern(wanted, value))
    return Condition(f"{rule.udf_name} is '{wanted}'", _same(wanted, value))


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def _some(names: Sequence[str]) -> str:
    rest = len(names) - _NAMES_SHOWN
    shown = ", ".join(names[:_NAMES_SHOWN])
    return f"{shown} and {rest} more" if rest > 0 else shown
