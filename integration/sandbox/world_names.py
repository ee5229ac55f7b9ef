"""Word lists and the company and site names made of them, tidy ones and ugly ones."""

# ruff: noqa: PLR2004 - chances and ids of made-up data are literal on purpose

from __future__ import annotations

from random import Random

FIRST = [
    "Anna",
    "Ben",
    "Carla",
    "David",
    "Elena",
    "Frank",
    "Grace",
    "Hassan",
    "Ines",
    "Jonas",
    "Kirsten",
    "Luis",
    "Maria",
    "Nadia",
    "Oscar",
    "Priya",
    "Quentin",
    "Rosa",
    "Sven",
    "Tara",
    "Umar",
    "Vera",
    "Wendy",
    "Xavier",
    "Yara",
    "Zoë",
    "Søren",
    "Zoltán",
    "Aoife",
    "Chloé",
]
LAST = [
    "Abbott",
    "Bauer",
    "Castillo",
    "Dubois",
    "Evans",
    "Fischer",
    "Garcia",
    "Hughes",
    "Ivanova",
    "Jensen",
    "Kowalski",
    "Lopez",
    "Meyer",
    "Novak",
    "O'Brien",
    "Petrov",
    "Quinn",
    "Reyes",
    "Schmidt",
    "Turner",
    "Ueda",
    "Vargas",
    "Walsh",
    "Xu",
    "Young",
    "Zimmermann",
    "Müller",
    "Núñez",
    "Łukasik",
    "Åkesson",
]
CITIES = (
    (
        "Albany Boise Charlotte Denver El Paso Fresno Green Bay Houston Irvine Jackson Kansas City Lincoln Memphis "
        "Norfolk Omaha Portland Quincy Raleigh Spokane Tampa Utica Vallejo Wichita Yonkers"
    )
    .replace("El Paso", "El_Paso")
    .replace("Green Bay", "Green_Bay")
    .replace("Kansas City", "Kansas_City")
)
CITY_LIST = [city.replace("_", " ") for city in CITIES.split()]
_HEADS = [
    "Harbor",
    "Summit",
    "Cedar",
    "Bluestone",
    "Northgate",
    "Lakeside",
    "Evergreen",
    "Granite",
    "Sterling",
    "Pinnacle",
    "Redwood",
    "Silver",
    "Keystone",
    "Meridian",
    "Oakridge",
    "Prairie",
    "Coastal",
    "Valley",
    "Highland",
    "Riverside",
    "Liberty",
    "Beacon",
    "Falcon",
    "Copper",
    "Atlas",
    "Juniper",
    "Orchard",
    "Maple",
    "Stonebridge",
    "Westfield",
    "Ironwood",
    "Foxglove",
    "Clearwater",
    "Eastbrook",
    "Ashford",
    "Windmill",
]
_TAILS = [
    "Dental Group",
    "Family Law",
    "Logistics",
    "Accounting",
    "Veterinary Clinic",
    "Manufacturing",
    "Insurance Agency",
    "Architects",
    "Orthopedics",
    "Construction",
    "Credit Union",
    "Farms",
    "Realty",
    "Machine Works",
    "Pediatrics",
    "Engineering",
    "Brewing",
    "Print & Sign",
    "Freight",
    "Wealth Partners",
    "Eye Care",
    "Plumbing Supply",
    "Charter School",
    "Packaging",
    "Title Company",
    "Electric",
]
_SUFFIXES = (", LLC", " Inc.", "", "", ", P.C.", " Co.", " Ltd", "")
_UGLY = (
    "Müller & Söhne GmbH",
    "Café Olé (Downtown)",
    "Żuraw Serwis Sp. z o.o.",
    "東京デザイン Studio",
    "O'Connor, Reyes & Partners",
    'The "Old Mill" Restaurant',
    "  Double  Space Holdings",
    "Ångström Labs / R&D",
)
LONG_NAME = (
    "The Greater Northwestern Regional Association of Independent Agricultural Cooperatives & Supplies"
)
UNMAPPED = (
    "Workshop bench",
    "Loaner laptops",
    "ZZ - to be sorted",
    "Test lab",
    "Onboarding - unknown",
    "Staff at home",
    "Decommissioning",
)


def company_names(count: int, rng: Random) -> list[str]:
    """Return `count` company names: mostly tidy, some ugly, and each 25th the same as an earlier one."""
    names: list[str] = []
    taken: set[str] = set()
    while len(names) < count:
        position = len(names)
        if position % 25 == 24:
            names.append(names[position - 7])
            continue
        if position == 3:
            name = LONG_NAME
        elif position % 9 == 5 and position // 9 < len(_UGLY):
            name = _UGLY[position // 9]
        else:
            name = f"{rng.choice(_HEADS)} {rng.choice(_TAILS)}{rng.choice(_SUFFIXES)}"
            if name in taken and len(taken) > 400:
                name = f"{rng.choice(CITY_LIST)} {name}"
            if name in taken:
                continue
        taken.add(name)
        names.append(name)
    return names


def site_name(company: str, branch: str | None, rng: Random) -> str:
    """Return what somebody typed into Datto for a company, `branch` being a city when it has several sites."""
    short = (
        company.split(",", maxsplit=1)[0].replace(" Inc.", "").replace(" Ltd", "").replace(" Co.", "").strip()
    )
    if branch:
        return f"{rng.choice((short, company))} - {branch}"
    style = rng.random()
    if style < 0.45:
        return company
    if style < 0.68:
        return short
    if style < 0.75:
        return company.upper()
    if style < 0.82:
        return company.replace("&", "and") if "&" in company else f"{short} "
    if style < 0.9:
        return f"{''.join(word[0] for word in short.split() if word).upper()} - {short}"
    if style < 0.95:
        return f"{short} (managed)"
    return f"{rng.choice(_HEADS)} Holdings (was {rng.choice(_HEADS)})"


def code_of(name: str) -> str:
    """Return three letters for host names, from what is plain in a name."""
    letters = "".join(char for char in name.upper() if "A" <= char <= "Z")
    return (letters + "XXX")[:3]


def person(rng: Random) -> tuple[str, str]:
    """Return a first and a last name."""
    return rng.choice(FIRST), rng.choice(LAST)
