"""Who sent a request, what may be written, and the words of both ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.domain.devices.contacts import ContactFacts
from tickets.domain.keys import EXTERNAL_ID_LENGTH, request_key
from tickets.domain.requests import (
    LONGEST,
    Person,
    describe_request,
    known_troubles,
    match_person,
    note_of_alerts,
    read_form,
)
from tickets.domain.requests.words import OpenAlert

ANNA = ContactFacts(1, "Anna", "Smith", "anna@example.com")
BO = ContactFacts(2, "Bo", "Olsén", "bo@example.com")
TWIN = ContactFacts(3, "Anna", "Smith", "a.smith@example.com")
GONE = ContactFacts(4, "Cy", "Gone", "cy@example.com", is_active=False)


@pytest.mark.parametrize(
    ("person", "contacts", "wanted", "why"),
    [
        (Person(email="ANNA@example.com"), [ANNA, BO], 1, "e-mail address"),
        (Person(email="anna@example.com", last_user="X\\bo"), [ANNA, BO], 1, "e-mail address"),
        (Person(name="Somebody", email="new@example.com", last_user="bo@example.com"), [ANNA, BO], 2, "signed-in"),
        (Person(name="Somebody", last_user="CONTOSO\\anna"), [ANNA, BO], 1, "signed-in"),
        (Person(name="bo olsen", last_user="CONTOSO\\anna"), [ANNA, BO], None, "another contact's"),
        (Person(name="Olsen, Bo"), [ANNA, BO], 2, "name"),
        (Person(name="Anna Smith"), [ANNA, TWIN], None, "2 contacts"),
        (Person(email="cy@example.com"), [GONE], None, "nobody"),
        (Person(name="Nobody", last_user="Administrator"), [ANNA], None, "shared account"),
        (Person(), [ANNA], None, "neither"),
    ],
)  # fmt: skip
def test_the_best_contact_or_none(person, contacts, wanted, why):
    match = match_person(person, contacts)
    assert match.contact_id == wanted
    assert why in match.why


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=300))
def test_a_match_never_fails_and_says_why(name, email, user):
    match = match_person(Person(name, email, user), [ANNA, BO, TWIN])
    assert match.why
    assert len(match.why) <= 200


@given(st.dictionaries(st.sampled_from([*LONGEST, "other"]), st.text(max_size=600)))
def test_any_form_is_read_and_what_is_accepted_fits(sent):
    form = read_form(sent)
    for name, (_, longest) in LONGEST.items():
        value = form.values[name]
        assert name in form.errors or len(value) <= longest
        assert "\x00" not in value
        assert name == "text" or "\n" not in value


def test_phone_numbers_people_write_are_taken():
    for phone in ("+44 20 7946 0123", "(030) 123-45", "0123/456.78", "555 0100 ext. 12", "555 x3"):
        form = read_form({"subject": "s", "text": "t", "name": "n", "phone": phone})
        assert not form.errors, phone


def test_the_key_of_a_form_depends_on_device_page_and_words():
    form = read_form({"subject": "s", "text": "t"})
    other = read_form({"subject": "s", "text": "u"})
    keys = {form.key("d", "n"), form.key("e", "n"), form.key("d", "m"), other.key("d", "n")}
    assert len(keys) == 4
    assert form.key("d", "n") == read_form({"text": " t ", "subject": "s"}).key("d", "n")


def test_external_ids_fit():
    assert len(request_key("a" * 64)) <= EXTERNAL_ID_LENGTH
    assert request_key("a") != request_key("b")


def test_known_troubles_are_plain_and_few():
    alerts = [
        OpenAlert("1", "disk_usage", ticket_number="T1"),
        OpenAlert("2", "disk_usage", ticket_number="T1"),
        OpenAlert("3", "ransomware", is_security=True),
        OpenAlert("4", "no such type"),
        OpenAlert("5", "patch", priority="Information"),
    ]
    shown = known_troubles(alerts)
    assert [one.text for one in shown] == [
        "The disk is nearly full",
        "Our monitoring noticed something on this device",
    ]
    assert shown[0].ticket_numbers == ("T1",)


def test_a_long_text_leaves_room_for_who_sent_it():
    text = describe_request(
        "x" * 9000,
        person={"name": "Anna"},
        device="PC",
        site="S",
        last_user="u",
        sent_at="now",
        first_line="First.",
    )
    assert len(text) <= 8000
    assert text.startswith("First.\n\nxxx")
    assert "Name: Anna" in text


def test_the_note_names_alerts_with_their_tickets():
    note = note_of_alerts([OpenAlert("1", summary="Disk full", ticket_number="T7"), OpenAlert("2")])
    assert "Disk full (ticket T7)" in note
    assert "2 (no ticket)" in note
    assert note_of_alerts([]) == ""
    assert len(note_of_alerts([OpenAlert("u", summary="x" * 1000)] * 200)) <= 30_000
