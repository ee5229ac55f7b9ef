"""What an inbound Datto RMM webhook points at, however mangled its body is."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.domain.hints import HintKind, read_hint

UID = "6f9c2a44-0f2e-4f7b-9a51-1d1a2b3c4d5e"


@pytest.mark.parametrize(
    "body",
    [
        f'{{"alert_uid": "{UID}"}}',
        f'{{"alertUid": "{UID}", "event": "raised"}}',
        f'{{"alert": {{"uid": "{UID}"}}, "site_id": "12"}}',
        f'[{{"ALERT_UID": "{UID}"}}]',
        f"alert_uid={UID}&event=raised",
        f'{{"alert_uid": "{UID}", "user": "CORP\\jo"}}',
        f'{{"alert_uid": "{UID}", "message": "a "quoted" word"}}',
        f'{{"alert_uid": "{UID}", "message": "line one\nline two"}}',
        f'{{"message": "it said "no"", "alert_uid": "{UID}"',
        f"Alert {UID} was raised",
        f'\ufeff{{"alert_uid": "{UID}"}}',
    ],
)
def test_read_hint_finds_the_uid_in_any_shape(body):
    hint = read_hint(body)
    assert (hint.kind, hint.alert_uid, hint.is_resolved) == (HintKind.ALERT, UID, False)


def test_read_hint_takes_the_uid_from_the_query():
    assert read_hint("", f"alert_uid={UID}").alert_uid == UID


@pytest.mark.parametrize(
    ("fields", "resolved"),
    [
        ({"event": "resolved"}, True),
        ({"status": "Cleared"}, True),
        ({"resolved": True}, True),
        ({"resolved": "false"}, False),
        ({"event": "raised"}, False),
        ({"message": "resolved a name conflict"}, False),
    ],
)
def test_read_hint_tells_resolved_from_raised(fields, resolved):
    assert read_hint(json.dumps({"alert_uid": UID, **fields})).is_resolved is resolved


def test_read_hint_recognises_the_test_button():
    assert read_hint('{"alert_uid": "[alert_uid]", "site_id": "[site_id]"}').kind is HintKind.TEST


def test_read_hint_recognises_a_test_in_broken_json():
    assert read_hint('{"user": "CORP\\x", "q": "a"b", "alert_uid": "[alert_uid]"').kind is HintKind.TEST


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("", "empty"),
        ("hello", "neither JSON nor a form"),
        ("{}", "alert_uid"),
        ('{"alert_uid": "../../etc"}', "alert_uid"),
    ],
)
def test_read_hint_names_the_field_and_the_cure(body, names):
    hint = read_hint(body)
    assert hint.kind is HintKind.UNREADABLE
    assert names in hint.problem
    assert "alert_uid" in hint.remedy


def test_read_hint_takes_the_alert_s_uid_among_others():
    other = UID.replace("6f9c", "0000")
    assert read_hint(f'{{"device": {{"uid": "{other}"}}, "alert": {{"uid": "{UID}"}}}}').alert_uid == UID


@pytest.mark.parametrize("uid", ["abc", "a1", "alert-1.2", "weird:uid"])
def test_read_hint_takes_uids_that_are_no_guids_whole(uid):
    assert read_hint(json.dumps({"alert_uid": uid})).alert_uid == uid


@pytest.mark.parametrize("uid", ["a" * 70_000, "with space", "a/b"])
def test_read_hint_never_cuts_a_uid_short(uid):
    assert read_hint(json.dumps({"alert_uid": uid})).kind is HintKind.UNREADABLE


def test_read_hint_refuses_to_choose_between_two_ids():
    other = UID.replace("6f9c", "0000")
    assert read_hint(f'{{"device": "{UID}", "site": "{other}"}}').kind is HintKind.UNREADABLE


@given(st.text(max_size=400))
def test_read_hint_never_raises_and_never_lets_a_path_through(body):
    hint = read_hint(body)
    assert not set(hint.alert_uid) & set("/?#%\\ ")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda c: st.lists(c, max_size=3) | st.dictionaries(st.text(max_size=12), c, max_size=3),
        max_leaves=20,
    )
)
def test_read_hint_survives_any_json(document):
    read_hint(json.dumps(document))
