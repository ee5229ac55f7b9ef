from __future__ import annotations

import pytest

from integration.models import Connection
from tests.mappings.services.devices.reading import Reading
from tests.sandbox.served import Served


@pytest.fixture
def reading(connection: Connection, vendors: Served, redis_client: object) -> Reading:
    """Clients and recorders on a small sandbox."""
    return Reading(vendors)
