"""What a person may choose for a device: a contract with a service of its organization, and a contact of it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from unfold.widgets import UnfoldAdminSelect2Widget

from mappings.domain.devices.contracts import RECURRING_SERVICE, why_not_running
from mappings.models import Company, Contact, Contract, ContractService
from mappings.services.devices.review_facts import contract_facts

NO_CONTRACT_REASONS = (
    "Spare device",
    "Not managed by us",
    "Billed elsewhere",
    "Organization is leaving",
    "Will be retired",
)
#: What stands for nobody among contacts.
NO_CONTACT = "none"
_SNOOZE_DAYS = 7


def contract_choices(company: Company) -> list[tuple[str, Any]]:
    """Return the running contracts of an organization with what each sells, for a select. Two queries."""
    today = timezone.localdate()
    contracts = [
        one
        for one in Contract.objects.filter(company=company).select_related("company").order_by("name", "pk")
        if not why_not_running(contract_facts(one), today)
    ]
    sold: dict[int, list[ContractService]] = {one.pk: [] for one in contracts}
    for service in ContractService.objects.filter(contract__in=list(sold), is_missing=False).order_by(
        "name", "pk"
    ):
        sold[service.contract_id].append(service)
    choices: list[tuple[str, Any]] = [("", "Choose a contract and service")]
    for contract in contracts:
        options = [
            (
                f"{contract.pk}:{one.pk}",
                f"{contract.name} · {one}{' (bundle)' if one.kind == 'bundle' else ''}",
            )
            for one in sold[contract.pk]
        ]
        if not options or contract.contract_type != RECURRING_SERVICE:
            options.insert(0, (f"{contract.pk}:", f"{contract.name} · no service"))
        choices.append((contract.name, options))
    return choices


def contact_choices(company: Company) -> list[tuple[str, str]]:
    """Return the active contacts of an organization. One query."""
    rows = Contact.objects.filter(company=company, is_active=True)
    return [
        ("", "Leave it as it is"),
        (NO_CONTACT, "No contact"),
        *(
            (str(one.pk), f"{one} · {one.email}" if one.email and one.email != str(one) else str(one))
            for one in rows
        ),
    ]


class AssignForm(forms.Form):
    """Contract with service, and contact, of one organization; the services check again."""

    contract: Any = forms.ChoiceField(
        label="Contract and service",
        error_messages={"required": "Choose the contract the device is billed on."},
    )
    contact: Any = forms.ChoiceField(label="Contact", required=False)

    def __init__(self, company: Company | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (
            ("contract", contract_choices(company) if company is not None else []),
            ("contact", contact_choices(company) if company is not None else []),
        ):
            field: Any = self.fields[name]
            field.widget = UnfoldAdminSelect2Widget()
            field.choices = choices

    @property
    def clears_contact(self) -> bool:
        """Whether the contact is to be taken off; only for a valid form."""
        return bool(self.cleaned_data["contact"] == NO_CONTACT)

    def chosen(self) -> tuple[Contract, ContractService | None, Contact | None]:
        """Return what was chosen; only for a valid form."""
        contract_pk, _, service_pk = self.cleaned_data["contract"].partition(":")
        contact_pk = self.cleaned_data["contact"]
        return (
            Contract.objects.select_related("company").get(pk=int(contract_pk)),
            ContractService.objects.get(pk=int(service_pk)) if service_pk else None,
            Contact.objects.get(pk=int(contact_pk)) if contact_pk and not self.clears_contact else None,
        )


class NoContractForm(forms.Form):
    """Why there is no contract."""

    reason: Any = forms.CharField(
        max_length=500,
        label="Reason",
        error_messages={"required": "Say why there is no contract."},
        widget=forms.TextInput(attrs={"list": "no-contract-reasons", "autocomplete": "off"}),
    )


class LaterForm(forms.Form):
    """When the device comes back into the queue."""

    until: Any = forms.DateField(label="Back on", widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, initial={"until": later_day().isoformat()})


def later_day() -> date:
    """Return the day on which "Later" brings a device back."""
    return timezone.localdate() + timedelta(days=_SNOOZE_DAYS)
