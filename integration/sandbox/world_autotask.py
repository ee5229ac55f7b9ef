"""The Autotask side of a demo world: rows by REST entity name, in the order in which they refer to each other."""

# ruff: noqa: PLR2004 - chances and ids of made-up data are literal on purpose

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from .datto.model import Device
from .world_catalogue import FIRST_TECHNICIAN_ID, ROLES, SERVICES
from .world_datto import PlacedSite
from .world_names import CITY_LIST, person
from .world_profiles import Profile

Row = dict[str, Any]

OWN_COMPANY_ID = 0
FIRST_COMPANY_ID = 29_683_500
STATUS_NEW, STATUS_COMPLETE, STATUS_IN_PROGRESS = 1, 5, 8
_TICKET_TITLES = (
    "Cannot print to the reception printer",
    "New starter on Monday",
    "Outlook keeps asking for the password",
    "Backup failed two nights in a row",
    "Internet slow in the afternoon",
    "Server rebooted without warning",
    "Disk space low on file server",
    "VPN drops every hour",
    "Please install accounting update",
    "Wi-Fi password for guests",
)


def build_companies(names: list[str], now: datetime, rng: Random) -> list[Row]:
    """Return the companies: the MSP itself as 0, one active customer per name, then inactive ones, prospects, vendors."""
    rows = [_company(OWN_COMPANY_ID, "Sandbox MSP", now, rng)]
    rows += [_company(FIRST_COMPANY_ID + number, name, now, rng) for number, name in enumerate(names)]
    extra = max(4, len(names) // 12)
    for number in range(extra):
        row = _company(FIRST_COMPANY_ID + len(names) + number, f"{rng.choice(names)[:80]}", now, rng)
        if number % 2 == 0:
            row.update(companyName=f"{row['companyName']} (left us)", isActive=False, companyType=6)
        else:
            row.update(companyName=f"{rng.choice(CITY_LIST)} Supply {number}", companyType=rng.choice((3, 7)))
        rows.append(row)
    return rows


def _company(number: int, name: str, now: datetime, rng: Random) -> Row:
    first = FIRST_TECHNICIAN_ID
    return {
        "id": number,
        "companyName": name,
        "companyType": 1,
        "companyNumber": f"C{number % 100_000:05d}" if rng.random() < 0.7 else None,
        "isActive": True,
        "ownerResourceID": first,
        "phone": f"555-01{rng.randint(0, 99):02d}",
        "address1": f"{rng.randint(1, 999)} Main Street",
        "city": rng.choice(CITY_LIST),
        "postalCode": f"{rng.randint(10_000, 99_999)}",
        "classification": rng.choice((1, 1, 1, 2, None)),
        "createDate": now - timedelta(days=rng.randint(200, 3000)),
        "lastActivityDate": now - timedelta(days=rng.randint(0, 90)),
    }


def build_customers(companies: list[Row], now: datetime, rng: Random) -> dict[str, list[Row]]:
    """Return locations, contacts, contracts and what the contracts cover, for every company."""
    rows: dict[str, list[Row]] = {
        "CompanyLocations": [],
        "Contacts": [],
        "Contracts": [],
        "ContractServices": [],
    }
    for company in companies:
        number = company["id"]
        for place in range(1 if rng.random() < 0.75 else rng.randint(2, 4)):
            rows["CompanyLocations"].append(
                {
                    "id": 10_000 + len(rows["CompanyLocations"]),
                    "companyID": number,
                    "name": "Main office" if place == 0 else rng.choice(CITY_LIST),
                    "city": company["city"] if place == 0 else rng.choice(CITY_LIST),
                    "isActive": True,
                    "isPrimary": place == 0,
                }
            )
        for place in range(rng.randint(2, 6)):
            first, last = person(rng)
            rows["Contacts"].append(
                {
                    "id": 30_000_000 + len(rows["Contacts"]),
                    "companyID": number,
                    "firstName": first,
                    "lastName": last,
                    "emailAddress": f"{first}.{last}@c{number}.example".lower().replace("'", ""),
                    "isActive": 0 if rng.random() < 0.06 else 1,
                    "primaryContact": place == 0,
                    "phone": f"555-01{rng.randint(0, 99):02d}",
                }
            )
        if company["companyType"] == 1 and number != OWN_COMPANY_ID and rng.random() < 0.85:
            _contracts(rows, company, now, rng)
    return rows


def _contracts(rows: dict[str, list[Row]], company: Row, now: datetime, rng: Random) -> None:
    """Add a running managed-services contract, now and then one more or one that has ended."""
    endings = [rng.randint(30, 900)]
    if rng.random() < 0.2:
        endings.append(-rng.randint(10, 400))
    if rng.random() < 0.1:
        endings.append(rng.randint(100, 400))
    for position, days in enumerate(endings):
        number = 29_700_000 + len(rows["Contracts"])
        rows["Contracts"].append(
            {
                "id": number,
                "companyID": company["id"],
                "contractName": "Managed Services"
                if position == 0
                else f"Managed Services {2026 - position}",
                "contractType": 7,
                "contractCategory": 12,
                "status": 1 if days > 0 else 0,
                "startDate": now + timedelta(days=days - 1095),
                "endDate": now + timedelta(days=days),
                "isDefaultContract": position == 0,
                "serviceLevelAgreementID": rng.choice((1, 2)),
                "timeReportingRequiresStartAndStopTimes": 0,
            }
        )
        for service, _name, price, _code in SERVICES[: rng.randint(2, 5)]:
            rows["ContractServices"].append(
                {
                    "id": 60_000 + len(rows["ContractServices"]),
                    "contractID": number,
                    "serviceID": service,
                    "unitPrice": price,
                }
            )


def product_for(device: Device) -> tuple[int, int]:
    """Return (product id, configuration item type) that somebody would choose by hand for a device."""
    category = device.category or ""
    for word, product, kind in (
        ("Server", 103, 2),
        ("ESXi", 106, 6),
        ("Printer", 104, 4),
        ("Firewall", 107, 8),
        ("Network", 105, 5),
        ("Laptop", 102, 3),
    ):
        if word in category:
            return product, kind
    return 101, 1


def build_configuration_items(
    devices: list[Device], placed: list[PlacedSite], company_ids: list[int], now: datetime, rng: Random
) -> list[Row]:
    """Return configuration items for a bit more than half of the mapped devices, junk serials and all.

    A quarter carry the device's uid, as left behind by the vendor's own integration; some are known by host name
    only, a few are twins of another, a few stand for machines that are long gone.
    """
    owner = {spot.site.uid: company_ids[spot.company] for spot in placed if spot.company is not None}
    rows: list[Row] = []
    for device in devices:
        company = owner.get(device.site_uid)
        if company is None or device.deleted or rng.random() > 0.55:
            continue
        product, kind = product_for(device)
        row: Row = {
            "id": 40_000 + len(rows),
            "companyID": company,
            "productID": product,
            "configurationItemType": kind,
            "configurationItemCategoryID": 2,
            "isActive": rng.random() > 0.03,
            "referenceTitle": device.hostname,
            "serialNumber": device.serial or None,
            "createDate": now - timedelta(days=rng.randint(5, 900)),
            "installDate": now - timedelta(days=rng.randint(5, 900)),
        }
        style = rng.random()
        if style < 0.25:
            row.update(rmmDeviceUID=device.uid, rmmDeviceID=device.id, rmmDeviceAuditHostname=device.hostname)
        elif style < 0.33:
            row["serialNumber"] = None
        elif style < 0.36:
            row["referenceTitle"] = f"{device.hostname}.local".lower()
        rows.append(row)
        if rng.random() < 0.01:
            rows.append({**row, "id": 40_000 + len(rows), "rmmDeviceUID": None, "rmmDeviceID": None})
        if rng.random() < 0.02:
            gone = {
                "id": 40_000 + len(rows),
                "referenceTitle": f"OLD-PC-{len(rows)}",
                "serialNumber": f"GONE{len(rows)}",
            }
            rows.append({**row, **gone, "rmmDeviceUID": None, "rmmDeviceID": None})
    return rows


def build_tickets(profile: Profile, companies: list[Row], now: datetime, rng: Random) -> dict[str, list[Row]]:
    """Return old tickets that people opened by hand, most of them complete, some with a note."""
    customers = [row["id"] for row in companies if row["companyType"] == 1 and row["isActive"]]
    tickets: list[Row] = []
    notes: list[Row] = []
    ages = sorted((rng.uniform(0.05, 120) for _number in range(profile.old_tickets)), reverse=True)
    for number, age in enumerate(ages):
        created = now - timedelta(days=age)
        done = rng.random() < (0.92 if age > 7 else 0.4)
        technician = FIRST_TECHNICIAN_ID + number % profile.technicians
        tickets.append(
            {
                "id": 7_000 + number,
                "ticketNumber": f"T{created:%Y%m%d}.{number % 9999 + 1:04d}",
                "companyID": rng.choice(customers),
                "title": rng.choice(_TICKET_TITLES),
                "description": "Opened by phone.",
                "status": STATUS_COMPLETE if done else rng.choice((STATUS_NEW, STATUS_IN_PROGRESS)),
                "priority": rng.choice((1, 2, 2, 3, 4)),
                "queueID": rng.choice((29_682_833, 29_682_834)),
                "ticketType": rng.choice((1, 2)),
                "ticketCategory": 3,
                "source": rng.choice((4, 6)),
                "issueType": 10,
                "subIssueType": 150,
                "createDate": created,
                "lastActivityDate": created + timedelta(hours=5),
                "completedDate": created + timedelta(hours=5) if done else None,
                "dueDateTime": created + timedelta(days=2),
                "creatorResourceID": technician,
                "assignedResourceID": technician,
                "assignedResourceRoleID": ROLES[(number % profile.technicians) % len(ROLES)][0],
            }
        )
        if done and number % 3 == 0:
            notes.append(
                {
                    "id": 9_000 + len(notes),
                    "ticketID": 7_000 + number,
                    "title": "Resolution",
                    "description": "Fixed with the user on the phone.",
                    "noteType": 3,
                    "publish": 1,
                    "createDateTime": created + timedelta(hours=5),
                    "creatorResourceID": technician,
                }
            )
    return {"Tickets": tickets, "TicketNotes": notes}


def utc(ms: int) -> datetime:
    """Return epoch milliseconds as an aware datetime."""
    return datetime.fromtimestamp(ms / 1000, tz=UTC)
