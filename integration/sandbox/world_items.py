"""Configuration items that a demo world starts with: the hard cases of matching, and most devices without any.

About 30 % of the devices have an item: left behind by the vendor's own integration, or typed in by somebody who kept
only a serial number, a host name or a network address. `cases` names examples of each kind.
"""

# ruff: noqa: PLR2004 - chances and ids of made-up data are literal on purpose

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

from .datto.model import Device
from .world_catalogue import FIRST_TECHNICIAN_ID
from .world_datto import JUNK_SERIALS, PlacedSite, make_uid

Row = dict[str, Any]
Cases = dict[str, list[dict[str, Any]]]

FIRST_ITEM_ID = 40_000
_SHARE = 0.3
_EXAMPLES = 25
#: (kind, share of the devices that have an item)
_STYLES = (
    ("native", 0.36),
    ("serial_only", 0.20),
    ("host_only", 0.12),
    ("mac_only", 0.08),
    ("plain", 0.18),
    ("inactive_returned", 0.03),
    ("wrong_company", 0.03),
)
#: A part of the devices with an item gets a second one.
_TWIN_SHARE = 0.03
_ORPHANS = (
    ("Internet router", 105, 5, 7, "Router without agent"),
    ("Microsoft 365 Business Premium", 110, 9, 1, "Licence"),
    ("Coffee machine", 109, 9, 1, ""),
    ("Leased copier", 104, 4, 10, "Leased"),
)


def product_for(device: Device) -> tuple[int, int, int]:
    """Return (product id, type, category) that somebody would choose by hand for a device."""
    category = device.category or ""
    for word, product, kind, group in (
        ("Server", 103, 2, 6),
        ("ESXi", 106, 6, 9),
        ("Printer", 104, 4, 8),
        ("Firewall", 107, 8, 7),
        ("Network", 105, 5, 7),
        ("Laptop", 102, 3, 5),
        ("Desktop", 101, 1, 5),
    ):
        if word in category:
            return product, kind, group
    return 109, 9, 1


def build_configuration_items(
    devices: list[Device], placed: list[PlacedSite], company_ids: list[int], now: datetime, rng: Random
) -> tuple[list[Row], Cases]:
    """Return the items by id and examples of each kind as `{"deviceUid", "configurationItemIds", "companyId"}`."""
    owner = {spot.site.uid: company_ids[spot.company] for spot in placed if spot.company is not None}
    maker = _Maker(company_ids, now, rng)
    _share_junk(devices, owner)
    for device in devices:
        company = owner.get(device.site_uid)
        if device.deleted:
            maker.left_behind(device)
        elif company is not None:
            maker.of_device(device, company)
    maker.orphans(max(4, len(devices) // 60))
    return maker.rows, maker.cases


def build_attached_rows(cases: Cases, now: datetime) -> dict[str, list[Row]]:
    """Return a note and a billing product on each item at the wrong company: what a move must carry over."""
    notes: list[Row] = []
    billed: list[Row] = []
    for case in cases["wrong_company"]:
        item = case["configurationItemIds"][0]
        notes.append(
            {
                "id": 51_000 + len(notes),
                "configurationItemID": item,
                "title": "Warranty extended",
                "description": "Extended by phone until the end of the lease.",
                "noteType": 1,
                "createDateTime": now - timedelta(days=90),
                "lastActivityDate": now - timedelta(days=90),
                "creatorResourceID": FIRST_TECHNICIAN_ID,
            }
        )
        billed.append(
            {
                "id": 52_000 + len(billed),
                "configurationItemID": item,
                "billingProductID": 110,
                "effectiveDate": now - timedelta(days=90),
            }
        )
    return {"ConfigurationItemNotes": notes, "ConfigurationItemBillingProductAssociations": billed}


def _share_junk(devices: list[Device], owner: dict[str, int]) -> None:
    """Give three devices of one company the same meaningless serial number."""
    first: dict[int, list[Device]] = {}
    for device in devices:
        if device.deleted or device.site_uid not in owner or device.category not in {"Desktop", "Laptop"}:
            continue
        fellows = first.setdefault(owner[device.site_uid], [])
        fellows.append(device)
        if len(fellows) == 3:
            for fellow in fellows:
                fellow.serial = JUNK_SERIALS[0]
            return


class _Maker:
    def __init__(self, company_ids: list[int], now: datetime, rng: Random) -> None:
        self._companies = company_ids
        self._now = now
        self._rng = rng
        self._seen = dict.fromkeys((*(kind for kind, _share in _STYLES), "twin"), 0)
        self.rows: list[Row] = []
        self.cases: Cases = {
            name: []
            for name in (
                *(kind for kind, _share in _STYLES),
                "junk_serial",
                "duplicate",
                "orphan_item",
                "deleted_in_rmm",
                "no_item",
            )
        }

    def of_device(self, device: Device, company: int) -> None:
        """Add what Autotask knows of a living device: mostly nothing."""
        junk = device.serial in JUNK_SERIALS
        if not (junk and len(self.cases["junk_serial"]) < 6) and self._rng.random() > _SHARE:
            self._note("no_item", device.uid, company)
            return
        if junk:
            # An item with a serial that says nothing, and a title that says nothing either.
            row = self._add(company, device, serialNumber=device.serial or None, referenceTitle="PC")
            self._note("junk_serial", device.uid, company, row)
            return
        style = self._style()
        rows = [getattr(self, f"_{style}")(device, company)]
        twin = style in {"native", "serial_only", "plain"} and self._is_due("twin", _TWIN_SHARE)
        if twin:
            rows.append(self._plain(device, company))
        self._note("duplicate" if twin else style, device.uid, company, *rows)

    def _style(self) -> str:
        """Return a kind by its share; each comes up within the first dozen of items."""
        for kind, _share in _STYLES:
            if not self._seen[kind]:
                self._seen[kind] = 1
                return kind
        return self._rng.choices(
            [kind for kind, _share in _STYLES], [share for _kind, share in _STYLES], k=1
        )[0]

    def _is_due(self, name: str, share: float) -> bool:
        self._seen[name] += 1
        return self._seen[name] in {5, 9} or self._rng.random() < share

    def _add(self, company: int, device: Device | None, **fields: Any) -> Row:
        rng = self._rng
        product, kind, category = product_for(device) if device is not None else (109, 9, 1)
        row: Row = {
            "id": FIRST_ITEM_ID + len(self.rows),
            "companyID": company,
            "productID": product,
            "configurationItemType": kind,
            "configurationItemCategoryID": category if rng.random() < 0.6 or category == 1 else 2,
            "isActive": True,
            "createDate": self._now - timedelta(days=rng.randint(5, 900)),
            "installDate": self._now - timedelta(days=rng.randint(5, 900)),
            "lastModifiedTime": self._now - timedelta(days=rng.randint(1, 5)),
        }
        row.update(fields)
        self.rows.append(row)
        return row

    def _native(self, device: Device, company: int, **fields: Any) -> Row:
        mac = device.macs[0] if device.macs else None
        values = {
            "apiVendorID": 1,
            "rmmDeviceUID": device.uid,
            "rmmDeviceID": device.id,
            "rmmDeviceAuditHostname": device.hostname,
            "rmmDeviceAuditMacAddress": mac,
            "rmmDeviceAuditIPAddress": device.int_ip,
            "referenceTitle": device.hostname,
            "serialNumber": device.serial or None,
            **fields,
        }
        if device.id % 4 == 0:
            values["userDefinedFields"] = {"Asset Tag": f"AT-{device.id}"}
        return self._add(company, device, **values)

    def _serial_only(self, device: Device, company: int) -> Row:
        title = f"{device.manufacturer or 'Device'} {device.model or ''}".strip()
        return self._add(company, device, serialNumber=device.serial, referenceTitle=title)

    def _host_only(self, device: Device, company: int) -> Row:
        name = device.hostname or "PC"
        title = self._rng.choice((name, name, name.lower(), f"{name}.local".lower()))
        return self._add(company, device, referenceTitle=title)

    def _mac_only(self, device: Device, company: int) -> Row:
        if not device.macs:
            return self._plain(device, company)
        raw = device.macs[0]
        mark = self._rng.choice((":", "-", ""))
        mac = mark.join(raw[i : i + 2] for i in range(0, 12, 2))
        return self._add(company, device, rmmDeviceAuditMacAddress=mac, referenceTitle="Workstation")

    def _plain(self, device: Device, company: int) -> Row:
        return self._add(company, device, serialNumber=device.serial or None, referenceTitle=device.hostname)

    def _inactive_returned(self, device: Device, company: int) -> Row:
        """Add the item of a device that was purged and enrolled anew: another uid, switched off."""
        return self._native(
            device, company, rmmDeviceUID=make_uid(self._rng), rmmDeviceID=device.id - 400_000, isActive=False
        )

    def _wrong_company(self, device: Device, company: int) -> Row:
        others = [one for one in self._companies[:5] if one != company]
        return self._native(device, self._rng.choice(others))

    def left_behind(self, device: Device) -> None:
        """Add the active item of a device that was deleted in RMM, for some of them."""
        due = len(self.cases["deleted_in_rmm"]) < 2 or self._rng.random() < 0.3
        if due:
            company = self._rng.choice(self._companies)
            self._note("deleted_in_rmm", device.uid, company, self._native(device, company))

    def orphans(self, count: int) -> None:
        """Add items that never were a device of RMM, and a few of machines that are long gone."""
        for number in range(count):
            title, product, kind, category, notes = _ORPHANS[number % len(_ORPHANS)]
            company = self._rng.choice(self._companies)
            fields: Row = {
                "productID": product,
                "configurationItemType": kind,
                "configurationItemCategoryID": category,
                "referenceTitle": title,
                "notes": notes or None,
            }
            if category == 10:
                fields["userDefinedFields"] = {"Lease Number": f"LEASE-{number}"}
            if number % 3 == 2:
                fields.update(
                    productID=101,
                    configurationItemType=1,
                    configurationItemCategoryID=5,
                    referenceTitle=f"OLD-PC-{number}",
                    serialNumber=f"GONE{number}",
                    userDefinedFields=None,
                )
            self._note("orphan_item", "", company, self._add(company, None, **fields))

    def _note(self, case: str, device_uid: str, company: int, *rows: Row) -> None:
        if len(self.cases[case]) < _EXAMPLES:
            example = {
                "deviceUid": device_uid,
                "configurationItemIds": [row["id"] for row in rows],
                "companyId": company,
            }
            self.cases[case].append(example)
