"""A connected installation whose device has a request page, and a browser without scripts in front of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import pytest
from django.test import Client

from tests.tickets.services.conftest import Bridge, bridge, sandbox
from tickets.models import AgentRequest, RequestLink
from tickets.services.requests.decide import decide_or_mark
from tickets.services.requests.links import NewLink, make_link

__all__ = ["bridge", "sandbox"]


@dataclass
class RequestPage:
    """What a person in front of the device sees and does."""

    bridge: Bridge
    made: NewLink
    client: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True))

    @property
    def path(self) -> str:
        """Return the address without the host."""
        return re.sub(r"^https?://[^/]+", "", self.made.url)

    def open(self) -> dict[str, str]:
        """Open the page; returns its hidden fields."""
        answer = self.client.get(self.path)
        assert answer.status_code == 200, answer.content
        return hidden_fields(answer)

    def send(self, *, hidden: dict[str, str] | None = None, **values: str) -> Any:
        """Send the form as it was opened."""
        form = {
            "subject": "Printer jams",
            "text": "Each page comes out crumpled.\nSince Monday.",
            "name": "Anna Smith",
            "email": "anna@example.com",
            "phone": "",
            **(self.open() if hidden is None else hidden),
            **values,
        }
        return self.client.post(self.path, form)

    def request(self) -> AgentRequest:
        """Return the only stored request."""
        return AgentRequest.objects.select_related("ticket", "contact").get()

    def work(self) -> AgentRequest:
        """Do what a worker does with the only stored request; returns it as it is then."""
        self.bridge.perform(decide_or_mark(self.request().pk))
        return self.request()

    def remote_tickets(self) -> list[dict[str, Any]]:
        """Return the tickets of requests that Autotask holds for this device's organization."""
        ticket = self.request().ticket
        key = ticket.correlation_key if ticket is not None else "rmm-request:none"
        answer = self.bridge.sandbox.call("GET", f"/control/tickets?externalID={key}")
        return list(answer.json()["tickets"])


def hidden_fields(answer: Any) -> dict[str, str]:
    """Return the hidden fields of a page."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', answer.content.decode())
    return {name: unescape(value) for name, value in found}


@pytest.fixture
def page(bridge: Bridge) -> RequestPage:
    """The request page of the device."""
    return RequestPage(bridge, make_link(bridge.device, user=None, source=RequestLink.Source.PERSON))
