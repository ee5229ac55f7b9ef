"""The Autotask side of a demo world: rows by REST entity name, in the order in which they refer to each other."""

# ruff: noqa: PLR2004 - chances and ids of made-up data are literal on purpose

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from .world_catalogue import FIRST_TECHNICIAN_ID, ROLES
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


def build_customers(companies: list[Row], rng: Random) -> dict[str, list[Row]]:
    """Return locations and contacts of every company."""
    rows: dict[str, list[Row]] = {
        "CompanyLocations": [],
        "Contacts": [],
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
