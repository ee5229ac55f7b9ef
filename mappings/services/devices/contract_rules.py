"""Contract rules: their order, what is wrong with one, and what they would do if they ran now."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field

from django.db import transaction
from django.utils import timezone

from integration.models import SyncRun, SyncRunEntry
from integration.sync.recorder import RunRecorder
from mappings.domain.devices.contracts import (
    ASSIGN,
    NO_CONTRACT,
    RECURRING_SERVICE,
    Proposal,
    why_not_running,
)
from mappings.domain.devices.patterns import BadPattern, compile_pattern
from mappings.models import Contract, ContractRule, ContractService, DeviceReview
from mappings.services.devices.review_facts import (
    Chunk,
    ReviewFacts,
    contract_facts,
    get_policy,
    iter_link_chunks,
    living_links,
    load_chunk,
    load_rules,
)

#: The kind of run that tries the rules, or proposes again.
KIND = "contract-rules"
_TRIAL = "contract rules trial"
#: Examples shown of what would change and of what gets no proposal.
EXAMPLES = 100
Choice = ContractRule.ContractChoice
Outcome = ContractRule.Outcome
Operator = ContractRule.UdfOperator


@dataclass(slots=True)
class RuleHits:
    """What one rule hits; `rule_id` is None for the devices no rule fits.

    Attributes:
        devices: that the rule decides.
        proposed: of these, with a proposal.
        waiting: of these, in the review queue.
        changes: of these, whose contract or service would be another one than now.
        problems: why there is no proposal -> devices.
    """

    rule_id: int | None
    name: str
    is_automatic: bool = False
    devices: int = 0
    proposed: int = 0
    waiting: int = 0
    changes: int = 0
    problems: dict[str, int] = field(default_factory=dict)

    @property
    def top_problems(self) -> list[tuple[str, int]]:
        """The reasons for most of them."""
        return Counter(self.problems).most_common(3)

    @property
    def without(self) -> int:
        """Devices that the rule fits without proposing anything."""
        return self.devices - self.proposed


@dataclass(frozen=True, slots=True)
class Example:
    """One device, what it has now and what it would get."""

    device_id: int
    device: str
    organization: str
    rule: str
    now: str
    then: str
    reason: str


@dataclass(slots=True)
class Trial:
    """What all rules would do; nothing was written."""

    devices: int = 0
    rules: list[RuleHits] = field(default_factory=list)
    changes: list[Example] = field(default_factory=list)
    without: list[Example] = field(default_factory=list)

    @property
    def change_count(self) -> int:
        """Devices whose contract or service would be another one."""
        return sum(one.changes for one in self.rules)

    @property
    def without_count(self) -> int:
        """Devices that get no proposal."""
        return sum(one.without for one in self.rules)


def try_rules(recorder: RunRecorder | None = None) -> Trial:
    """Return what the active rules would do to every linked device, reading only.

    Memory does not grow with the number of devices; each 500 cost five queries.

    Raises:
        RunCancelled, RunLost: between two chunks.
    """
    rules, policy, today = load_rules(), get_policy(), timezone.localdate()
    hits = {rule.id: RuleHits(rule.id, rule.name, rule.is_automatic) for rule in rules}
    nothing = RuleHits(None, "No rule fits")
    trial = Trial(rules=[*hits.values(), nothing])
    links = living_links()
    total = links.count()
    if recorder is not None:
        recorder.begin_step("Trying the contract rules", total)
    for pks in iter_link_chunks(links):
        chunk = load_chunk(pks, policy, today)
        # The state is compared here: by it SQLite would walk through the whole queue for each chunk.
        states = DeviceReview.objects.filter(device__in=[one.link.device_id for one in chunk.rows])
        waiting = {
            device_id
            for device_id, state in states.values_list("device_id", "state")
            if state in {DeviceReview.State.OPEN, DeviceReview.State.SNOOZED}
        }
        for one in chunk.rows:
            proposal = chunk.propose(one, rules)
            hit = hits.get(proposal.rule_id, nothing) if proposal.rule_id is not None else nothing
            trial.devices += 1
            hit.devices += 1
            hit.waiting += one.link.device_id in waiting
            _count(trial, hit, chunk, one, proposal)
        if recorder is not None:
            recorder.advance(trial.devices, total)
    return trial


def store_trial(run: SyncRun, trial: Trial) -> None:
    """Keep what a trial found with its run."""
    SyncRunEntry.objects.create(
        run=run,
        action=SyncRunEntry.Action.NOTICE,
        status=SyncRunEntry.Status.DONE,
        object_type=_TRIAL,
        object_id=KIND,
        label="Contract rules",
        payload=asdict(trial),
        message=f"{trial.devices} devices: {trial.change_count} would get something else than they have now, "
        f"{trial.without_count} get no proposal.",
    )


def find_last_trial() -> tuple[SyncRun, Trial] | None:
    """Return the latest trial with its run, None before the first. One query."""
    entry = (
        SyncRunEntry.objects.filter(run__kind=KIND, run__dry_run=True, object_type=_TRIAL)
        .select_related("run")
        .order_by("-pk")
        .first()
    )
    if entry is None:
        return None
    held = entry.payload
    trial = Trial(
        devices=held["devices"],
        rules=[RuleHits(**one) for one in held["rules"]],
        changes=[Example(**one) for one in held["changes"]],
        without=[Example(**one) for one in held["without"]],
    )
    return entry.run, trial


def _count(trial: Trial, hit: RuleHits, chunk: Chunk, one: ReviewFacts, proposal: Proposal) -> None:
    if not proposal.outcome:
        if hit.rule_id is not None:
            hit.problems[proposal.problem] = hit.problems.get(proposal.problem, 0) + 1
        if len(trial.without) < EXAMPLES:
            trial.without.append(_example(hit, chunk, one, proposal))
        return
    hit.proposed += 1
    contract = chunk.contract_of(one.item)
    now = (contract.id if contract is not None else None, chunk.service_of(one.item))
    is_bare = one.item.autotask_contract_id is None
    then = (proposal.contract_id, proposal.service_id)
    is_same = is_bare if proposal.outcome == NO_CONTRACT else now == then
    if not is_same:
        hit.changes += 1
        if len(trial.changes) < EXAMPLES:
            trial.changes.append(_example(hit, chunk, one, proposal))


def _example(hit: RuleHits, chunk: Chunk, one: ReviewFacts, proposal: Proposal) -> Example:
    contract = chunk.contract_of(one.item)
    now = _named(chunk, contract.id if contract is not None else None, chunk.service_of(one.item))
    if not now and one.item.autotask_contract_id is not None:
        now = f"contract {one.item.autotask_contract_id}"
    then = _named(chunk, proposal.contract_id, proposal.service_id) if proposal.outcome == ASSIGN else ""
    company = one.item.company
    return Example(
        device_id=one.link.device_id,
        device=str(one.link.device),
        organization=company.name if company is not None else str(one.item.autotask_company_id),
        rule=hit.name,
        now=now or "no contract",
        then=then or ("no contract" if proposal.outcome else "nothing"),
        reason=proposal.reason,
    )


def _named(chunk: Chunk, contract_pk: int | None, service_pk: int | None) -> str:
    contract = chunk.contract_by_pk.get(contract_pk) if contract_pk is not None else None
    if contract is None:
        return ""
    service = next((one for one in contract.services if one.id == service_pk), None)
    return f"{contract.name}, {service.name}" if service is not None else contract.name


def find_rule_problems(rule: ContractRule) -> dict[str, str]:
    """Return {field: what is wrong and the cure} of a rule that is about to be saved; {} when it can be."""
    problems: dict[str, str] = {}
    _check_udf(rule, problems)
    if rule.outcome == Outcome.NO_CONTRACT:
        if not rule.no_contract_reason.strip():
            problems["no_contract_reason"] = (
                "Say why these devices get no contract; it is kept with every review."
            )
        return problems
    if rule.contract_choice == Choice.NAMED and not rule.contract_name.strip():
        problems["contract_name"] = "Type a part of the contract's name, such as Managed."
    if rule.contract_choice == Choice.SPECIFIC:
        _check_contract(rule, problems)
    if rule.service is not None and "contract" not in problems:
        _check_service(rule, problems)
    return problems


def _check_udf(rule: ContractRule, problems: dict[str, str]) -> None:
    needs_value = rule.udf_operator not in {Operator.IS_EMPTY, Operator.NOT_EMPTY}
    if rule.udf is None:
        if rule.udf_value.strip() or not needs_value:
            problems["udf"] = "Choose the UDF that is compared, or clear the condition."
        return
    if not rule.udf.is_active:
        problems["udf"] = f"{rule.udf.name} is inactive in Autotask. Choose another UDF."
    if needs_value and not rule.udf_value.strip():
        problems["udf_value"] = "Type the value to compare with, or choose 'is empty'."
    elif rule.udf_operator == Operator.MATCHES:
        try:
            compile_pattern(rule.udf_value.strip())
        except BadPattern as error:
            problems["udf_value"] = str(error)


def _check_contract(rule: ContractRule, problems: dict[str, str]) -> None:
    contract = rule.contract
    if contract is None:
        problems["contract"] = "Choose the contract, or another way to find it."
        return
    problem = why_not_running(contract_facts(contract), timezone.localdate())
    if problem:
        problems["contract"] = f"{contract.name} {problem}. Choose one that is running."
    elif rule.company_id is not None and contract.company_id != rule.company_id:
        problems["contract"] = (
            f"{contract.name} belongs to {contract.company.name}, but the rule is for {rule.company}. "
            "Choose a contract of that organization."
        )


def _check_service(rule: ContractRule, problems: dict[str, str]) -> None:
    service = rule.service
    if service is None:
        return
    if not service.is_active:
        problems["service"] = f"{service.name} is inactive in Autotask. Choose another service."
        return
    sold = ContractService.objects.filter(service=service, is_missing=False)
    if rule.contract_choice == Choice.SPECIFIC:
        if not sold.filter(contract=rule.contract_id).exists():
            problems["service"] = (
                f"{service.name} is not sold by {rule.contract}. Choose one of its services: "
                f"{_services_of(rule.contract)}."
            )
    elif not sold.filter(contract__is_active=True, contract__is_missing=False).exists():
        problems["service"] = (
            f"No active contract sells {service.name}. Choose a service that contracts sell, or add it to a contract."
        )


def _services_of(contract: Contract | None) -> str:
    if contract is None or contract.contract_type != RECURRING_SERVICE:
        return "it has none"
    names = list(contract.services.filter(is_missing=False).values_list("name", flat=True)[:10])
    return ", ".join(names) or "it has none"


def move_rule(rule_id: int, step: int) -> bool:
    """Move a rule up (-1) or down (1) among the others; returns whether it moved."""
    with transaction.atomic():
        rules = list(ContractRule.objects.select_for_update().order_by("position", "pk"))
        place = next((number for number, rule in enumerate(rules) if rule.pk == rule_id), None)
        if place is None or not 0 <= place + step < len(rules):
            return False
        rules[place], rules[place + step] = rules[place + step], rules[place]
        for number, rule in enumerate(rules, start=1):
            rule.position = number
        ContractRule.objects.bulk_update(rules, ["position"])
    return True


def next_position() -> int:
    """Return the position behind all rules."""
    last = ContractRule.objects.order_by("-position").values_list("position", flat=True).first()
    return (last or 0) + 1
