"""Which IANA zone Autotask means by the label of a time zone. Pure.

Autotask's labels are Windows' names of zones, old and new: "(GMT-05:00) Eastern Time (US and Canada)". What is not
known here stays unknown; nobody guesses a zone from an offset, which says nothing about summer time.
"""

from __future__ import annotations

import re
from typing import Final
from zoneinfo import available_timezones

_PREFIX: Final = re.compile(r"^\s*\((?:GMT|UTC)[^)]*\)\s*", re.IGNORECASE)

#: IANA name -> labels, without the offset in brackets.
_LABELS: Final[dict[str, tuple[str, ...]]] = {
    "UTC": ("UTC", "Coordinated Universal Time", "Universal Time Coordinated"),
    "Pacific/Honolulu": ("Hawaii", "Hawaiian Standard Time"),
    "America/Anchorage": ("Alaska", "Alaskan Standard Time"),
    "America/Los_Angeles": (
        "Pacific Time (US & Canada)",
        "Pacific Time (US and Canada); Tijuana",
        "Pacific Time (US & Canada), Tijuana",
        "Pacific Time",
        "Pacific Standard Time",
    ),
    "America/Tijuana": ("Baja California", "Tijuana, Baja California"),
    "America/Phoenix": ("Arizona", "US Mountain Standard Time"),
    "America/Denver": ("Mountain Time (US & Canada)", "Mountain Time", "Mountain Standard Time"),
    "America/Mazatlan": ("La Paz, Mazatlan",),
    "America/Chicago": ("Central Time (US & Canada)", "Central Time", "Central Standard Time"),
    "America/Regina": ("Saskatchewan", "Canada Central Standard Time"),
    "America/Mexico_City": ("Guadalajara, Mexico City, Monterrey", "Mexico City"),
    "America/Guatemala": ("Central America", "Central America Standard Time"),
    "America/New_York": ("Eastern Time (US & Canada)", "Eastern Time", "Eastern Standard Time"),
    "America/Indiana/Indianapolis": ("Indiana (East)", "US Eastern Standard Time"),
    "America/Bogota": ("Bogota, Lima, Quito", "Bogota, Lima, Quito, Rio Branco", "SA Pacific Standard Time"),
    "America/Caracas": ("Caracas", "Venezuela Standard Time"),
    "America/Halifax": ("Atlantic Time (Canada)", "Atlantic Time", "Atlantic Standard Time"),
    "America/Santiago": ("Santiago", "Pacific SA Standard Time"),
    "America/St_Johns": ("Newfoundland", "Newfoundland Standard Time", "Newfoundland and Labrador"),
    "America/Sao_Paulo": ("Brasilia", "E. South America Standard Time"),
    "America/Argentina/Buenos_Aires": ("Buenos Aires", "City of Buenos Aires", "Argentina Standard Time"),
    "America/Montevideo": ("Montevideo", "Montevideo Standard Time"),
    "Atlantic/Azores": ("Azores", "Azores Standard Time"),
    "Atlantic/Cape_Verde": ("Cape Verde Is.", "Cabo Verde Is.", "Cape Verde Islands"),
    "Africa/Casablanca": ("Casablanca", "Morocco Standard Time"),
    "Europe/London": (
        "Greenwich Mean Time : Dublin, Edinburgh, Lisbon, London",
        "Dublin, Edinburgh, Lisbon, London",
        "London",
        "GMT Standard Time",
    ),
    "Europe/Berlin": (
        "Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna",
        "Amsterdam, Copenhagen, Madrid, Paris, Vilnius",
        "W. Europe Standard Time",
    ),
    "Europe/Paris": ("Brussels, Copenhagen, Madrid, Paris", "Romance Standard Time"),
    "Europe/Budapest": (
        "Belgrade, Bratislava, Budapest, Ljubljana, Prague",
        "Central Europe Standard Time",
    ),
    "Europe/Warsaw": ("Sarajevo, Skopje, Warsaw, Zagreb", "Central European Standard Time"),
    "Africa/Lagos": ("West Central Africa", "W. Central Africa Standard Time"),
    "Europe/Athens": ("Athens, Bucharest",),
    "Europe/Bucharest": ("Bucharest", "GTB Standard Time"),
    "Europe/Kiev": (
        "Helsinki, Kyiv, Riga, Sofia, Tallinn, Vilnius",
        "Helsinki, Kiev, Riga, Sofia, Tallinn, Vilnius",
        "FLE Standard Time",
    ),
    "Europe/Istanbul": ("Istanbul", "Turkey Standard Time"),
    "Africa/Cairo": ("Cairo", "Egypt Standard Time"),
    "Asia/Jerusalem": ("Jerusalem", "Israel Standard Time"),
    "Africa/Johannesburg": ("Harare, Pretoria", "South Africa Standard Time"),
    "Asia/Beirut": ("Beirut", "Middle East Standard Time"),
    "Asia/Amman": ("Amman", "Jordan Standard Time"),
    "Europe/Moscow": (
        "Moscow, St. Petersburg, Volgograd",
        "Moscow, St. Petersburg",
        "Russian Standard Time",
    ),
    "Asia/Riyadh": ("Kuwait, Riyadh", "Arab Standard Time"),
    "Asia/Baghdad": ("Baghdad", "Arabic Standard Time"),
    "Africa/Nairobi": ("Nairobi", "E. Africa Standard Time"),
    "Asia/Tehran": ("Tehran", "Tehran Standard Time", "Iran Standard Time"),
    "Asia/Dubai": ("Abu Dhabi, Muscat", "Arabian Standard Time"),
    "Asia/Kabul": ("Kabul", "Afghanistan Standard Time"),
    "Asia/Karachi": ("Islamabad, Karachi", "Islamabad, Karachi, Tashkent", "Pakistan Standard Time"),
    "Asia/Kolkata": (
        "Chennai, Kolkata, Mumbai, New Delhi",
        "Calcutta, Chennai, Mumbai, New Delhi",
        "India Standard Time",
    ),
    "Asia/Colombo": ("Sri Jayawardenepura", "Sri Lanka Standard Time"),
    "Asia/Kathmandu": ("Kathmandu", "Nepal Standard Time"),
    "Asia/Dhaka": ("Dhaka", "Astana, Dhaka", "Bangladesh Standard Time"),
    "Asia/Bangkok": ("Bangkok, Hanoi, Jakarta", "SE Asia Standard Time"),
    "Asia/Shanghai": ("Beijing, Chongqing, Hong Kong, Urumqi", "China Standard Time"),
    "Asia/Singapore": ("Kuala Lumpur, Singapore", "Singapore Standard Time"),
    "Asia/Taipei": ("Taipei", "Taipei Standard Time"),
    "Australia/Perth": ("Perth", "W. Australia Standard Time"),
    "Asia/Tokyo": ("Osaka, Sapporo, Tokyo", "Tokyo Standard Time"),
    "Asia/Seoul": ("Seoul", "Korea Standard Time"),
    "Australia/Adelaide": ("Adelaide", "Cen. Australia Standard Time"),
    "Australia/Darwin": ("Darwin", "AUS Central Standard Time"),
    "Australia/Brisbane": ("Brisbane", "E. Australia Standard Time"),
    "Australia/Sydney": ("Canberra, Melbourne, Sydney", "AUS Eastern Standard Time"),
    "Australia/Hobart": ("Hobart", "Tasmania Standard Time"),
    "Pacific/Port_Moresby": ("Guam, Port Moresby", "West Pacific Standard Time"),
    "Pacific/Auckland": ("Auckland, Wellington", "New Zealand Standard Time"),
    "Pacific/Fiji": ("Fiji", "Fiji Standard Time", "Fiji Islands, Kamchatka, Marshall Islands"),
    "Pacific/Tongatapu": ("Nuku'alofa", "Tonga Standard Time"),
}


def find_zone(label: str) -> str:
    """Return the IANA name of the zone a label means, "" when it is not known."""
    text = _PREFIX.sub("", label).strip()
    if text in _IANA:
        return text
    return _BY_LABEL.get(_key(text), "")


def _key(text: str) -> str:
    """Return what is left when spelling is no difference: "(US & Canada)" is "(US and Canada)"."""
    return "".join(re.findall(r"[a-z]+", text.casefold().replace("&", " and ")))


_IANA: Final = frozenset(available_timezones())
_BY_LABEL: Final = {_key(label): zone for zone, labels in _LABELS.items() for label in labels}
