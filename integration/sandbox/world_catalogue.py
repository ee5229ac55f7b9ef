"""What belongs to no customer on the Autotask side of a demo world: people, roles, codes, types, products, services."""

# ruff: noqa: PLR2004 - chances and ids of made-up data are literal on purpose

from __future__ import annotations

from random import Random
from typing import Any

from .world_hours import build_hours
from .world_names import person
from .world_profiles import Profile
from .world_udfs import build_udfs

Row = dict[str, Any]

API_RESOURCE_ID = 29_682_990
FIRST_TECHNICIAN_ID = 29_682_885
ROLES = (
    (29_682_833, "Engineer"),
    (29_682_834, "Senior Engineer"),
    (29_682_835, "Network Technician"),
    (29_682_836, "Service Manager"),
)
_BILLING_CODES = (
    (29_682_801, "Remote Support", 1, True),
    (29_682_802, "Onsite Support", 1, True),
    (29_682_803, "Monitoring & Maintenance", 1, True),
    (29_682_804, "After Hours", 1, True),
    (29_682_805, "Legacy Block Hours", 1, False),
    (29_682_810, "Hardware", 4, True),
    (29_682_811, "Software", 4, True),
    (29_682_820, "Managed Services", 5, True),
    (29_682_821, "Backup Services", 5, True),
)
_TYPES = (
    (1, "Workstation"),
    (2, "Server"),
    (3, "Laptop"),
    (4, "Printer"),
    (5, "Network Device"),
    (6, "ESXi Host"),
    (7, "Mobile Device"),
    (8, "Firewall"),
    (9, "Other Device"),
)
_CATEGORIES = (
    (1, "Standard", "STD"),
    (2, "Datto RMM", "RMM"),
    (3, "SSL Certificate", "SSL"),
    (4, "Domain", "DOM"),
    (5, "Workstation", "WKS"),
    (6, "Server", "SRV"),
    (7, "Network Device", "NET"),
    (8, "Printer", "PRT"),
    (9, "Virtual Host", "VHO"),
    (10, "Leased Equipment", "LSE"),
    (11, "Old Category", "OLD"),
)
_TICKET_CATEGORIES = (
    (2, "Datto RMM Alert", "RMM"),
    (3, "Standard", "STD"),
    (4, "Datto Alert", "DAT"),
    (5, "RMA", "RMA"),
)
#: product id, name, manufacturer, configuration item type
_PRODUCTS = (
    (101, "Desktop", "Dell Inc.", 1),
    (102, "Laptop", "HP", 3),
    (103, "Server", "Dell Inc.", 2),
    (104, "Printer", "HP", 4),
    (105, "Network Device", "Aruba", 5),
    (106, "ESXi Host", "VMware, Inc.", 6),
    (107, "Firewall", "Fortinet", 8),
    (108, "Workstation (generic)", "", 1),
    (109, "Other Device", "", 9),
    (110, "Software Licence", "Microsoft", 9),
)
SERVICES = (
    (201, "Managed Workstation", 45.0, 20),
    (202, "Managed Server", 180.0, 20),
    (203, "Managed Network Device", 35.0, 20),
    (204, "Datto AV + EDR", 9.0, 20),
    (205, "Server Backup", 120.0, 21),
    (206, "Managed Workstation (2019 price)", 30.0, 20),
)
BUNDLE_ID = 301


def build_catalogue(profile: Profile, rng: Random) -> dict[str, list[Row]]:
    """Return what does not belong to a customer: people, roles, codes, types, products, services, field definitions."""
    technicians: list[Row] = []
    for number in range(profile.technicians):
        first, last = person(rng)
        technicians.append(
            {
                "id": FIRST_TECHNICIAN_ID + number,
                "firstName": first,
                "lastName": last,
                "email": f"tech{number + 1}@msp.example",
                "userName": f"tech{number + 1}",
                "isActive": number % 9 != 8,
                "licenseType": 1,
                "resourceType": "Employee",
                "title": "Technician",
                "defaultServiceDeskRoleID": ROLES[number % len(ROLES)][0],
            }
        )
    api = {
        "id": API_RESOURCE_ID,
        "firstName": "API",
        "lastName": "Bridge",
        "email": "api@msp.example",
        "userName": "apibridge",
        "isActive": True,
        "licenseType": 7,
        "userType": 17,
    }
    resource_roles: list[Row] = []
    for row in technicians:
        mine = {row["defaultServiceDeskRoleID"], rng.choice(ROLES)[0]}
        for role in sorted(mine):
            resource_roles.append(
                {
                    "id": 500 + len(resource_roles),
                    "resourceID": row["id"],
                    "roleID": role,
                    "isActive": True,
                    "departmentID": 29_682_800,
                }
            )
    # The default role of each, and for a few a role that only the service desk knows of.
    desk_roles: list[Row] = []
    for number, row in enumerate(technicians):
        default = row["defaultServiceDeskRoleID"]
        mine = {default, ROLES[(number + 1) % len(ROLES)][0]} if number % 3 == 0 else {default}
        desk_roles += [
            {
                "id": 900 + len(desk_roles) + place,
                "resourceID": row["id"],
                "roleID": role,
                "isActive": True,
                "isDefault": role == default,
            }
            for place, role in enumerate(sorted(mine))
        ]
    return {
        "Resources": [*technicians, api],
        "Roles": [
            {"id": number, "name": name, "isActive": True, "hourlyFactor": 1.0, "hourlyRate": 120.0}
            for number, name in ROLES
        ],
        "ResourceRoles": resource_roles,
        "ResourceServiceDeskRoles": desk_roles,
        **build_hours(),
        "BillingCodes": [
            {"id": number, "name": name, "useType": use, "isActive": active, "billingCodeType": 0}
            for number, name, use, active in _BILLING_CODES
        ],
        "ConfigurationItemTypes": [
            {"id": number, "name": name, "isActive": number != 7} for number, name in _TYPES
        ],
        "ConfigurationItemCategories": [
            {
                "id": number,
                "name": name,
                "nickname": short,
                "isActive": number != 11,
                "displayColorRGB": 1,
                "isGlobalDefault": number == 1,
                "isClientPortalDefault": number == 1,
            }
            for number, name, short in _CATEGORIES
        ],
        "TicketCategories": [
            {
                "id": number,
                "name": name,
                "nickname": short,
                "isActive": number != 5,
                "isApiOnly": False,
                "isGlobalDefault": number == 3,
                "displayColorRGB": 1,
            }
            for number, name, short in _TICKET_CATEGORIES
        ],
        "Products": [
            {
                "id": number,
                "name": name,
                "manufacturerName": maker or None,
                "isActive": number != 108,
                "isSerialized": True,
                "productBillingCodeID": 29_682_810,
                "defaultInstalledProductCategoryID": 2,
            }
            for number, name, maker, _kind in _PRODUCTS
        ],
        "Services": [
            {
                "id": number,
                "name": name,
                "unitPrice": price,
                "periodType": 1,
                "billingCodeID": 29_682_800 + code,
                "isActive": number != 206,
            }
            for number, name, price, code in SERVICES
        ],
        "ServiceBundleServices": [
            {"id": 1, "serviceBundleID": BUNDLE_ID, "serviceID": 201},
            {"id": 2, "serviceBundleID": BUNDLE_ID, "serviceID": 204},
        ],
        "ServiceBundles": [
            {
                "id": BUNDLE_ID,
                "name": "Complete Care (workstation + AV)",
                "unitPrice": 50.0,
                "periodType": 1,
                "billingCodeID": 29_682_820,
                "isActive": True,
            }
        ],
        **build_udfs(),
    }
