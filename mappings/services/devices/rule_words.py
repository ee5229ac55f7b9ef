"""Contract rules in words, as lists show them."""

from __future__ import annotations

from mappings.models import ContractRule

Choice = ContractRule.ContractChoice
Operator = ContractRule.UdfOperator


def conditions_in_words(rule: ContractRule) -> str:
    """Return e.g. "category is Server, Care Level is 'Gold'"; the rule is loaded with what it points at."""
    parts = [
        ("organization", rule.company),
        ("site", rule.site),
        ("class", rule.device_class),
        ("category", rule.datto_category),
        ("type", rule.configuration_item_type),
        ("item category", rule.configuration_item_category),
    ]
    words = [f"{title} is {value}" for title, value in parts if value]
    if rule.udf is not None:
        operator = Operator(rule.udf_operator)
        value = "" if operator in {Operator.IS_EMPTY, Operator.NOT_EMPTY} else f" '{rule.udf_value}'"
        words.append(f"{rule.udf} {operator.label}{value}")
    return ", ".join(words) or "all"


def outcome_in_words(rule: ContractRule) -> str:
    """Return e.g. "the only active recurring service contract, Managed Server"; loaded as above."""
    if rule.outcome == ContractRule.Outcome.NO_CONTRACT:
        return f"no contract: {rule.no_contract_reason}"
    choice = Choice(rule.contract_choice)
    if choice == Choice.NAMED:
        contract = f"the contract whose name contains '{rule.contract_name}'"
    elif choice == Choice.SPECIFIC:
        contract = str(rule.contract)
    else:
        contract = str(choice.label)[:1].lower() + str(choice.label)[1:]
    return f"{contract}, {rule.service}" if rule.service is not None else contract
