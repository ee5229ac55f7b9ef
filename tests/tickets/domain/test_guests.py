from __future__ import annotations

import pytest

from tickets.domain.guests import guest_keys, machine_key


@pytest.mark.parametrize(
    ("guest", "hostname", "is_same"),
    [
        ("SRV01", "srv01", True),
        ("SRV01.corp.local", "SRV01", True),
        ("SRV01", "srv01.corp.local", True),
        (" SRV01 ", "SRV01", True),
        ("SRV01 (old)", "SRV01", False),
        ("SRV011", "SRV01", False),
    ],
)
def test_one_machine_by_its_name(guest: str, hostname: str, is_same: bool) -> None:
    assert (machine_key(guest) == machine_key(hostname)) is is_same


def test_a_guest_without_a_name_is_no_machine() -> None:
    assert guest_keys(["SRV01", "", "  "]) == {"srv01"}
    assert "" not in guest_keys([""])
