import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.vendors.autotask.inbound import parse_callout, parse_webhook_event
from integration.vendors.autotask.signatures import sign, verify

KEY = "k" * 64


def escaped(value):
    """JSON as a .NET sender writes it: upper-case escapes for non-ASCII and for the characters HTML cares about."""
    text = json.dumps(value, separators=(",", ":"))
    for character in "&<>'+`":
        text = text.replace(character, f"\\u{ord(character):04X}")
    return text.encode()


EVENT = {
    "Action": "Update",
    "Guid": "0A1B",
    "EntityType": "Ticket",
    "Id": 5,
    "Fields": {"TicketNumber": "T20250101.0001", "Title": "<Büro> & 'Lager'"},
    "EventTime": "2025-01-01T00:00:00Z",
    "SequenceNumber": 12,
    "PersonID": 29682885,
}


@given(st.text(min_size=1, max_size=64).filter(lambda t: t.isprintable()), st.text())
def test_signature_is_the_standard_hmac_over_the_escaped_bytes(secret, title):
    raw = escaped({"Title": title})
    known = base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha1).digest()).decode()
    assert sign(secret, raw) == f"sha1={known}"
    assert verify(secret, raw, f"sha1={known}")
    assert not verify(secret, raw + b" ", f"sha1={known}")
    assert not verify(secret + "x", raw, f"sha1={known}")


def test_signature_of_a_fixed_example():
    # Computed elsewhere: printf '%s' '{"a":"\\u0026"}' | openssl dgst -sha1 -hmac key -binary | base64
    raw = rb'{"a":"\u0026"}'
    assert sign("key", raw) == "sha1=51NOBGI3UtEnj9bK5RGWysch7dY="
    assert json.loads(raw) == {"a": "&"}
    reserialised = json.dumps(json.loads(raw), separators=(",", ":")).encode()
    assert not verify("key", reserialised, sign("key", raw))


def test_signature_header_spellings():
    raw = escaped(EVENT)
    value = sign(KEY, raw).removeprefix("sha1=")
    digest = base64.b64decode(value)
    for header in (
        f"sha1={value}",
        f"SHA1={value}",
        f" sha1 = {value} ",
        value,
        f"sha1={digest.hex()}",
        f"sha1={digest.hex().upper()}",
    ):
        assert verify(KEY, raw, header), header


@given(st.one_of(st.none(), st.text(), st.text().map(lambda t: f"sha1={t}")))
def test_signature_bad_header_is_false_and_never_an_error(header):
    assert verify(KEY, b"{}", header) is False


def test_signature_empty_secret_is_our_own_mistake():
    for call in (lambda: sign("", b""), lambda: verify("", b"", "sha1=x")):
        with pytest.raises(ValueError, match="secret"):
            call()


def test_webhook_event_is_read():
    event = parse_webhook_event(escaped(EVENT))
    assert (event.action, event.guid, event.entity_type, event.id) == ("Update", "0A1B", "Ticket", 5)
    assert event.fields["ticketNUMBER"] == "T20250101.0001"
    assert event.fields["title"] == "<Büro> & 'Lager'"
    assert event.event_time == datetime(2025, 1, 1, tzinfo=UTC)
    assert (event.sequence_number, event.person_id) == (12, 29682885)


def test_webhook_event_in_other_case_is_the_same_event():
    lower = {key.lower(): value for key, value in EVENT.items()} | {"action": "UPDATE"}
    assert parse_webhook_event(escaped(lower)).dedup_key == parse_webhook_event(escaped(EVENT)).dedup_key


def test_webhook_event_dedup_key_tells_events_apart():
    variants = [EVENT, EVENT | {"Id": 6}, EVENT | {"SequenceNumber": 13}, EVENT | {"Action": "Create"}]
    assert len({parse_webhook_event(escaped(event)).dedup_key for event in variants}) == 4


def test_webhook_event_deactivated_names_no_record():
    event = parse_webhook_event(b'{"Action":"Deactivated","Guid":"g"}')
    assert (event.action, event.id, event.entity_type, dict(event.fields)) == ("Deactivated", None, "", {})


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[]", "JSON object"),
        (b"[" * 100_000, "not JSON"),
        (escaped(EVENT | {"Action": ""}), "Action"),
        (escaped(EVENT | {"Guid": None}), "Guid"),
        (escaped(EVENT | {"EntityType": ""}), "EntityType"),
        (escaped(EVENT | {"Id": None}), "Id"),
        (escaped(EVENT | {"Id": "x"}), "Id"),
        (escaped(EVENT | {"Fields": [1]}), "Fields"),
        (escaped(EVENT | {"EventTime": "soon"}), "EventTime"),
    ],
)
def test_webhook_event_bad_body_names_the_field(raw, says):
    with pytest.raises(ValueError, match=says):
        parse_webhook_event(raw)


FORM = (
    b"id=7001&number=T20240131.0002&status=In+Progress&created_datetime=2024-01-31T08:05:09.12300000-05:00:00"
    b"&last_activity_datetime=2024-01-31T09:00:00.00000000-05:00:00&domain=example.com&username=u&password=p&token=z"
)


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("application/x-www-form-urlencoded", FORM),
        ("application/x-www-form-urlencoded; charset=utf-8", FORM),
        ("", FORM),
        (
            "application/json",
            b'{"id":7001,"number":"T20240131.0002","status":"In Progress",'
            b'"created_datetime":"2024-01-31T13:05:09.123Z","domain":"example.com","token":"z","username":"u","password":"p"}',
        ),
        (
            "text/plain",
            b'{"Ticket":{"Id":"7001","TicketNumber":"T20240131.0002","Status":"In Progress",'
            b'"CreatedDateTime":"2024-01-31T13:05:09.123"},"domain":"example.com","userName":"u","password":"p"}',
        ),
        (
            "application/xml",
            b'<?xml version="1.0"?><t:ticket xmlns:t="x"><t:id>7001</t:id><number>T20240131.0002</number>'
            b"<status> In Progress </status><created_datetime>2024-01-31T13:05:09.123Z</created_datetime>"
            b"<domain>example.com</domain><username>u</username><password>p</password></t:ticket>",
        ),
    ],
)
def test_callout_formats_say_the_same(kind, raw):
    event = parse_callout(kind, raw)
    assert (event.ticket_id, event.ticket_number) == (7001, "T20240131.0002")
    assert event.status_label == "In Progress"
    assert event.created_at == datetime(2024, 1, 31, 13, 5, 9, 123000, tzinfo=UTC)
    assert event.unknown["domain"] == "example.com"
    assert not {"token", "password", "username"} & {key.lower() for key in event.unknown}
    assert event.credentials == ("u", "p")
    assert "'p'" not in repr(event)


def test_callout_address_parameters_count_and_the_body_wins():
    assert parse_callout("", b"", "id=5&s=token").ticket_id == 5
    assert parse_callout("", b"id=6", {"id": "5"}).ticket_id == 6
    event = parse_callout("", b"number=T1")
    assert (event.ticket_id, event.ticket_number) == (None, "T1")


def test_callout_odd_times_do_not_lose_the_event():
    event = parse_callout("", b"id=6&created_datetime=31.01.2024")
    assert (event.ticket_id, event.created_at) == (6, None)


BOMB = b'<!DOCTYPE a [<!ENTITY x "yyyyyyyy"><!ENTITY z "&x;&x;">]><a><id>&z;</id></a>'
FILE = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a><id>&x;</id></a>'


@pytest.mark.parametrize(
    ("kind", "raw", "says"),
    [
        ("text/xml", BOMB, "DOCTYPE"),
        ("text/xml", FILE, "DOCTYPE"),
        ("text/xml", BOMB.decode().encode("utf-16"), "DOCTYPE"),
        ("", b"\xef\xbb\xbf " + FILE, "XML"),
        ("text/xml", b"<a><id>5</id>", "cannot be read"),
        ("text/xml", b"<a>" * 100, "too deep"),
        ("application/json", b"{", "not JSON"),
        ("application/json", b"[]", "JSON object"),
        ("", b"status=New", "neither"),
        ("", b"", "neither"),
        ("", b"id=abc", "whole number"),
        ("", b"id=-5", "whole number"),
        ("", "id=٣".encode(), "whole number"),
        ("", b"\xff=1", "UTF-8"),
        ("", b"&".join(b"a%d=1" % n for n in range(600)), "name-value"),
    ],
)
def test_callout_bad_body_is_refused_with_a_reason(kind, raw, says):
    with pytest.raises(ValueError, match=says):
        parse_callout(kind, raw)


@given(
    st.binary(max_size=200),
    st.sampled_from(["", "application/json", "text/xml", "application/x-www-form-urlencoded"]),
)
def test_callout_any_bytes_give_an_event_or_a_value_error(raw, kind):
    try:
        event = parse_callout(kind, raw)
    except ValueError:
        return
    assert event.ticket_id is not None or event.ticket_number
