from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tickets.domain.resolution_text import ClearedBy, format_duration, render_resolution, who_cleared

RAISED = datetime(2026, 11, 24, 10, 2, 10, tzinfo=UTC)


def after(**span: float) -> datetime:
    return RAISED + timedelta(**span)


@pytest.mark.parametrize(
    ("raised", "cleared", "by", "person", "minutes", "text"),
    [
        (RAISED, after(minutes=12), ClearedBy.ITSELF, "", None,
         "The alert cleared by itself after 12 min (raised 2026-11-24 10:02 UTC, cleared 10:14 UTC)."),
        (RAISED, after(seconds=40), ClearedBy.AUTO_RESOLVE, "", 1,
         "The alert was cleared by its monitor's auto-resolve (1 min without the trouble) after 40 s (raised 2026-11-24 10:02 UTC, cleared 10:02 UTC)."),
        (RAISED, after(minutes=5), ClearedBy.AUTO_RESOLVE, "", None,
         "The alert was cleared by its monitor's auto-resolve after 5 min (raised 2026-11-24 10:02 UTC, cleared 10:07 UTC)."),
        (RAISED, after(hours=15), ClearedBy.PERSON, "Mira Novak", None,
         "The alert was resolved by Mira Novak in Datto RMM after 15 h (raised 2026-11-24 10:02 UTC, cleared 2026-11-25 01:02 UTC)."),
        (RAISED, after(hours=2, minutes=5), ClearedBy.PERSON, " ", None,
         "The alert was resolved by a person in Datto RMM after 2 h 5 min (raised 2026-11-24 10:02 UTC, cleared 12:07 UTC)."),
        (RAISED, after(days=3, hours=4), ClearedBy.US, "", None,
         "The alert was resolved by RMM Bridge because its ticket was completed after 3 days 4 h (raised 2026-11-24 10:02 UTC, cleared 2026-11-27 14:02 UTC)."),
        (RAISED, after(days=1), ClearedBy.UNKNOWN, "", None,
         "The alert is over; Datto RMM does not say what cleared it after 1 day (raised 2026-11-24 10:02 UTC, cleared 2026-11-25 10:02 UTC)."),
        (None, RAISED, ClearedBy.ITSELF, "", None,
         "The alert cleared by itself (cleared 2026-11-24 10:02 UTC; when it was raised is unknown)."),
        (RAISED, None, ClearedBy.ITSELF, "", None,
         "The alert cleared by itself (raised 2026-11-24 10:02 UTC; when it cleared is unknown)."),
        (None, None, ClearedBy.ITSELF, "", None, "The alert cleared by itself (times unknown)."),
        (RAISED, after(minutes=-3), ClearedBy.ITSELF, "", None,
         "The alert cleared by itself (raised 2026-11-24 10:02 UTC, cleared 09:59 UTC)."),
        (RAISED, RAISED, ClearedBy.ITSELF, "", None,
         "The alert cleared by itself after 0 s (raised 2026-11-24 10:02 UTC, cleared 10:02 UTC)."),
    ],
)  # fmt: skip
def test_the_resolution_says_what_happened(raised, cleared, by, person, minutes, text):
    assert (
        render_resolution(
            raised_at=raised, cleared_at=cleared, cleared_by=by, person=person, auto_resolve_minutes=minutes
        )
        == text
    )


def test_times_are_told_in_utc_whatever_zone_they_come_in():
    zone = timezone(timedelta(hours=5, minutes=30))
    text = render_resolution(
        raised_at=RAISED.astimezone(zone),
        cleared_at=after(minutes=1).astimezone(zone),
        cleared_by=ClearedBy.ITSELF,
    )
    assert "raised 2026-11-24 10:02 UTC, cleared 10:03 UTC" in text


@pytest.mark.parametrize(
    ("resolved_by", "by_us", "minutes", "expected"),
    [
        ("", False, None, ClearedBy.ITSELF),
        ("System", False, None, ClearedBy.ITSELF),
        ("", False, 5, ClearedBy.AUTO_RESOLVE),
        ("", False, 0, ClearedBy.ITSELF),
        ("mira", False, 5, ClearedBy.PERSON),
        ("api user", True, None, ClearedBy.US),
    ],
)
def test_who_cleared_an_alert(resolved_by, by_us, minutes, expected):
    assert who_cleared(resolved_by=resolved_by, by_us=by_us, auto_resolve_minutes=minutes) is expected


@pytest.mark.parametrize(
    ("span", "text"),
    [
        ({"seconds": 0}, "0 s"),
        ({"seconds": 59.9}, "59 s"),
        ({"seconds": 60}, "1 min"),
        ({"minutes": 59, "seconds": 59}, "59 min"),
        ({"hours": 1}, "1 h"),
        ({"hours": 23, "minutes": 59}, "23 h 59 min"),
        ({"days": 1, "minutes": 30}, "1 day"),
        ({"days": 180, "hours": 3}, "180 days 3 h"),
    ],
)
def test_durations_are_told_in_their_two_largest_units(span, text):
    assert format_duration(timedelta(**span)) == text
