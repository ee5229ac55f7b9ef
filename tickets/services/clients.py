"""How services are given the vendors' clients: a lane and a subject in, a client out."""

from __future__ import annotations

from typing import Protocol

from integration.vendors.autotask.client import AutotaskClient
from integration.vendors.budget import Lane
from integration.vendors.datto_rmm import DattoRmmClient


class Clients(Protocol):
    """Makes clients for one piece of work; both raise integration.clients.NotConnected."""

    def datto(self, *, lane: Lane, subject: str) -> DattoRmmClient:
        """Return a client of Datto RMM."""
        ...

    def autotask(self, *, lane: Lane, subject: str) -> AutotaskClient:
        """Return a client of Autotask."""
        ...
