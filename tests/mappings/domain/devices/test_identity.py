from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.domain.devices.facts import AdapterFacts, AuditFacts, DeviceFacts, ItemFacts, Key
from mappings.domain.devices.identity import (
    is_foreign_adapter,
    keys_of_device,
    keys_of_item,
    normalise_hostname,
    normalise_mac,
    normalise_serial,
    normalise_uid,
)
from mappings.domain.devices.words import KeyKind

UID = "0b1c2d3e-0000-4000-8000-00000000000a"


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "To be filled by O.E.M.", "To Be Filled By O.E.M", "Default string", "System Serial Number",
        "Chassis Serial Number", "0", "None", "N/A", "Not Specified", "Not Applicable", "Not Available", "00000000",
        "1111111", "XXXXXXXX", "........", "123456789", "0123456789", "1234", "ABCDEFGH", "987654321", "12", "ABC",
        "Unknown", "INVALID", "VMware-00 00 00 00 00 00 00 00-00 00 00 00 00 00 00 00", "VMware", "Parallels-",
        "03000200-0400-0500-0006-000700080009", "ffffffff-ffff-ffff-ffff-ffffffffffff", "Test", "A" * 101,
    ],
)  # fmt: skip
def test_junk_serial_numbers_are_none(text: str) -> None:
    assert normalise_serial(text) is None


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("5CG1234XYZ", "5CG1234XYZ"),
        (" 5cg-1234xyz ", "5CG1234XYZ"),
        ("C02XG0FDH7JY", "C02XG0FDH7JY"),
        ("6H3VX52", "6H3VX52"),
        ("1234ABC", "1234ABC"),
        # The UUID of the virtual machine itself; cloned ones show up as shared.
        ("VMware-56 4d 1f 2e 3a 4b 5c 6d-7e 8f 90 a1 b2 c3 d4 e5", "VMWARE564D1F2E3A4B5C6D7E8F90A1B2C3D4E5"),
        (
            "Parallels-A1 B2 C3 D4 E5 F6 47 98 8A 9B 0C 1D 2E 3F 40 51",
            "PARALLELSA1B2C3D4E5F647988A9B0C1D2E3F4051",
        ),
        ("1482-9753-0264-1187-3359-6042-71", "14829753026411873359604271"),
    ],
)
def test_real_serial_numbers_are_kept(text: str, plain: str) -> None:
    assert normalise_serial(text) == plain


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("3C:52:82:6A:11:0F", "3C52826A110F"),
        ("3c-52-82-6a-11-0f", "3C52826A110F"),
        ("3c52.826a.110f", "3C52826A110F"),
        ("3c52826a110f", "3C52826A110F"),
        ("00:00:00:00:00:00", None),
        ("FF:FF:FF:FF:FF:FF", None),
        ("01:00:5E:00:00:FB", None),
        ("02:42:AC:11:00:02", None),
        ("52:54:00:12:34:56", None),
        ("00:50:56:C0:00:08", None),
        ("00:0C:29:AA:BB:CC", None),
        ("00:15:5D:01:02:03", None),
        ("08:00:27:01:02:03", None),
        ("00:1C:42:01:02:03", None),
        ("00:16:3E:01:02:03", None),
        ("3C:52:82:6A:11", None),
        ("3C:52:82:6A:11:0F:22", None),
        ("", None),
        ("no address", None),
    ],
)
def test_normalise_mac(text: str, plain: str | None) -> None:
    assert normalise_mac(text) == plain


@pytest.mark.parametrize(
    ("name", "is_foreign"),
    [
        ("Intel(R) Ethernet Connection I219-LM", False),
        ("Intel(R) Wi-Fi 6 AX201 160MHz", False),
        ("Realtek PCIe GbE Family Controller", False),
        ("Broadcom NetXtreme Gigabit Ethernet", False),
        ("eth0", False),
        ("Intel(R) Ethernet (2) I219-V", False),
        ("Realtek USB GbE Family Controller", True),
        ("Dell WD19 Docking Station", True),
        ("ThinkPad Dock Ethernet", True),
        ("Hyper-V Virtual Ethernet Adapter", True),
        ("vEthernet (Default Switch)", True),
        ("VMware Virtual Ethernet Adapter for VMnet8", True),
        ("Cisco AnyConnect Secure Mobility Client", True),
        ("TAP-Windows Adapter V9", True),
        ("Bluetooth Device (Personal Area Network)", True),
        ("Software Loopback Interface 1", True),
        ("WAN Miniport (IP)", True),
        ("Teredo Tunneling Pseudo-Interface", True),
        ("docker0 docker", True),
    ],
)
def test_is_foreign_adapter(name: str, *, is_foreign: bool) -> None:
    assert is_foreign_adapter(name) is is_foreign


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("PC-01", "pc-01"),
        ("PC-01.contoso.local", "pc-01"),
        ("  pc-01. ", "pc-01"),
        ("Reception   Printer", "reception printer"),
        ("localhost", None),
        ("localhost.localdomain", None),
        ("DESKTOP", None),
        ("MacBook-Pro.local", None),
        ("10.0.0.7", None),
        ("fe80::1", None),
        ("x", None),
        ("", None),
    ],
)
def test_normalise_hostname(text: str, plain: str | None) -> None:
    assert normalise_hostname(text) == plain


@settings(deadline=None)
@given(st.text(max_size=120))
def test_normalising_twice_changes_nothing(text: str) -> None:
    for normalise in (normalise_uid, normalise_serial, normalise_mac, normalise_hostname):
        once = normalise(text)
        assert once is None or normalise(once) == once


def test_keys_of_device_leave_out_what_is_not_its_own() -> None:
    audit = AuditFacts(
        serial_number="5CG1234XYZ",
        adapters=(
            AdapterFacts("3C:52:82:6A:11:0F", "Intel Ethernet", "Ethernet"),
            AdapterFacts("3C:52:82:6A:11:0F", "Intel Ethernet #2"),
            AdapterFacts("00:E0:4C:68:00:01", "Realtek USB GbE"),
        ),
    )
    device = DeviceFacts(1, UID.upper(), 1, hostname="PC-01.contoso.local", audit=audit)
    assert keys_of_device(device) == (
        Key(KeyKind.UID, UID),
        Key(KeyKind.SERIAL, "5CG1234XYZ"),
        Key(KeyKind.MAC, "3C52826A110F"),
        Key(KeyKind.HOSTNAME, "pc-01"),
    )


def test_keys_of_item_come_from_every_place_that_can_hold_them() -> None:
    item = ItemFacts(
        1, 100, 1, reference_title="PC-01", reference_number=f" {UID} ", serial_number="None",
        rmm_device_uid="ffffffff-0000-4000-8000-00000000000b", rmm_hostname="PC-01-OLD",
        rmm_mac_address="3C:52:82:6A:11:0F, 00:50:56:C0:00:08", udfs={"RMM Device UID": "11111111-aaaa"},
    )  # fmt: skip
    assert keys_of_item(item, "RMM Device UID") == (
        Key(KeyKind.UID, "ffffffff-0000-4000-8000-00000000000b"),
        Key(KeyKind.UID, UID),
        Key(KeyKind.UID, "11111111-aaaa"),
        Key(KeyKind.MAC, "3C52826A110F"),
        Key(KeyKind.HOSTNAME, "pc-01"),
        Key(KeyKind.HOSTNAME, "pc-01-old"),
    )
    assert Key(KeyKind.UID, "11111111-aaaa") not in keys_of_item(item)


def test_a_number_of_a_persons_own_is_no_uid() -> None:
    assert normalise_uid("A-1007") is None
    assert normalise_uid("x" * 80) == "x" * 50
