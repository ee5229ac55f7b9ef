"""The Autotask client the product uses."""

from __future__ import annotations

from integration.vendors.autotask.companies import CompanyCalls
from integration.vendors.autotask.contracts import ContractCalls
from integration.vendors.autotask.details import ConfigurationItemDetailCalls
from integration.vendors.autotask.devices import ConfigurationItemCalls
from integration.vendors.autotask.reference import ReferenceReads
from integration.vendors.autotask.tickets import TicketCalls
from integration.vendors.autotask.udfs import UdfCalls
from integration.vendors.autotask.webhooks import WebhookCalls


class AutotaskClient(
    TicketCalls,
    ReferenceReads,
    CompanyCalls,
    ContractCalls,
    ConfigurationItemCalls,
    ConfigurationItemDetailCalls,
    UdfCalls,
    WebhookCalls,
):
    """Everything the product asks of one Autotask database; see `RestClient` for how it is made.

    Safe to share between threads. `with_context` gives a copy that says why its calls are made.
    """
