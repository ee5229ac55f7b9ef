from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from mappings.domain.timezones import _BY_LABEL, _LABELS, find_zone


@pytest.mark.parametrize(
    ("label", "zone"),
    [
        ("(GMT-05:00) Eastern Time (US and Canada)", "America/New_York"),
        ("(UTC-05:00) Eastern Time (US & Canada)", "America/New_York"),
        ("(GMT) Greenwich Mean Time : Dublin, Edinburgh, Lisbon, London", "Europe/London"),
        ("(UTC+00:00) Dublin, Edinburgh, Lisbon, London", "Europe/London"),
        ("(GMT+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", "Europe/Berlin"),
        ("(UTC+10:00) Canberra, Melbourne, Sydney", "Australia/Sydney"),
        ("(UTC) Coordinated Universal Time", "UTC"),
        ("Europe/Zurich", "Europe/Zurich"),
        ("(GMT+14:00) Made-up Time", ""),
        ("(GMT-05:00)", ""),
        ("", ""),
    ],
)
def test_label_means_a_zone_or_nothing(label: str, zone: str) -> None:
    assert find_zone(label) == zone


def test_every_zone_of_the_table_exists_and_no_label_means_two() -> None:
    for zone in _LABELS:
        assert ZoneInfo(zone).key == zone
    assert len(_BY_LABEL) == sum(len(labels) for labels in _LABELS.values()) - _same_spelling()


def _same_spelling() -> int:
    """Return how many labels are spelled alike within their own zone."""
    return sum(
        len(labels)
        - len({"".join(filter(str.isalpha, one.casefold().replace("&", "and"))) for one in labels})
        for labels in _LABELS.values()
    )
