"""What an alert becomes, and why."""

from dataclasses import replace

import pytest

from tickets.domain.decisions import AlertFacts, Cause, SiteFacts, Verdict, decide
from tickets.domain.endings import decide_ending

ALERT = AlertFacts(
    uid="a1",
    priority="High",
    is_resolved=False,
    monitor_type="Disk Usage",
    site_uid="s1",
    site_name="Main",
    device_uid="d1",
    device_name="SRV01",
    device_is_known=True,
    native_ticket_number="",
)
SITE = SiteFacts(
    name="Main",
    state="confirmed",
    is_system=False,
    company_id=7,
    company_name="Contoso",
    company_is_active=True,
    tickets_enabled=True,
)


def run(alert=ALERT, site=SITE, *, create=True):
    return decide(alert, site, create_ticket=create, create_ticket_origin="All monitor types")


def test_decide_mapped_site_makes_a_ticket_and_says_for_whom():
    decision = run()
    assert decision.verdict is Verdict.MAKE_TICKET
    assert "Contoso" in decision.reason


def test_decide_renamed_mapping_still_counts():
    assert run(site=replace(SITE, state="renamed")).verdict is Verdict.MAKE_TICKET


@pytest.mark.parametrize(
    ("site", "cause"),
    [
        (None, Cause.SITE_UNKNOWN),
        (replace(SITE, state="unmapped", company_id=None, company_name=""), Cause.SITE_UNMAPPED),
        (replace(SITE, state="proposed"), Cause.SITE_UNMAPPED),
        (replace(SITE, state="conflict", company_id=None), Cause.SITE_CONFLICT),
        (replace(SITE, state="company_missing"), Cause.COMPANY_MISSING),
        (replace(SITE, state="company_inactive"), Cause.COMPANY_INACTIVE),
        (replace(SITE, company_is_active=False), Cause.COMPANY_INACTIVE),
    ],
)
def test_decide_without_a_usable_organization_waits_with_cause_and_cure(site, cause):
    decision = run(site=site)
    assert decision.verdict is Verdict.BLOCK
    assert decision.cause == cause
    assert decision.reason
    assert decision.remedy


@pytest.mark.parametrize("site", [None, SITE, replace(SITE, state="conflict")])
def test_decide_resolved_alert_needs_nothing_whatever_the_site(site):
    assert run(replace(ALERT, is_resolved=True), site).verdict is Verdict.CLEAR


@pytest.mark.parametrize("site", [None, replace(SITE, state="unmapped", company_id=None)])
def test_decide_unwanted_alert_asks_nobody_to_map_a_site(site):
    decision = run(site=site, create=False)
    assert decision.verdict is Verdict.FILTER
    assert "All monitor types" in decision.reason


def test_decide_native_ticket_is_not_doubled():
    decision = run(replace(ALERT, native_ticket_number="T20260717.0042"))
    assert decision.verdict is Verdict.FILTER
    assert "T20260717.0042" in decision.reason


def test_decide_site_switched_off_makes_no_ticket():
    assert run(site=replace(SITE, tickets_enabled=False)).verdict is Verdict.FILTER


@pytest.mark.parametrize(("is_system", "word"), [(True, "system"), (False, "ignore")])
def test_decide_ignored_site_says_why(is_system, word):
    decision = run(site=replace(SITE, state="ignored", is_system=is_system))
    assert decision.verdict is Verdict.FILTER
    assert word in decision.reason


@pytest.mark.parametrize("change", [{"device_uid": ""}, {"device_is_known": False}])
def test_decide_missing_device_still_makes_the_ticket_and_says_so(change):
    decision = run(replace(ALERT, **change))
    assert decision.verdict is Verdict.MAKE_TICKET
    assert "device" in " ".join(decision.chain)


def end(*, security_type="", was_reopened=False, complete=True, note=False):
    return decide_ending(
        security_type=security_type,
        was_reopened=was_reopened,
        complete_on_clear=complete,
        complete_on_clear_origin="All monitor types",
        note_on_clear=note,
    )


@pytest.mark.parametrize("note", [True, False])
def test_decide_ending_completes_as_configured(note):
    assert (end(note=note).completes, end(note=note).writes_note) == (True, note)
    kept = end(note=note, complete=False)
    assert (kept.completes, kept.writes_note) == (False, note)
    assert "All monitor types" in kept.reason


@pytest.mark.parametrize("was_reopened", [True, False])
@pytest.mark.parametrize("complete", [True, False])
def test_decide_ending_never_completes_for_a_security_alert_and_always_notes(complete, was_reopened):
    ending = end(security_type="Ransomware", complete=complete, was_reopened=was_reopened)
    assert (ending.completes, ending.writes_note) == (False, True)
    assert was_reopened or "Ransomware" in ending.reason


def test_decide_ending_leaves_a_reopened_ticket_to_people():
    assert not end(was_reopened=True).completes


@pytest.mark.parametrize(
    ("site", "cause"),
    [
        (replace(SITE, state="ignored"), Cause.SITE_IGNORED),
        (replace(SITE, tickets_enabled=False), Cause.SITE_SWITCHED_OFF),
    ],
)
def test_decide_filter_for_a_site_carries_its_cause(site, cause):
    assert run(site=site).cause == cause
