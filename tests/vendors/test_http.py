"""The door against a server that misbehaves."""

from __future__ import annotations

import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from integration.vendors.budget import Governor, Lane, autotask_policy, datto_rmm_policy
from integration.vendors.errors import (
    ContractBroken,
    NotFound,
    RateLimited,
    Rejected,
    Unavailable,
    WriteOutcomeUnknown,
)
from integration.vendors.http import Answer, CallContext, HttpDoor, parse_retry_after
from integration.vendors.redaction import Redactor
from tests.vendors.loopback import Reply

CONTEXT = CallContext(lane=Lane.NOTE, subject="ticket:7", run_id=3)


@pytest.fixture
def governor(redis_client):
    return Governor(redis_client, "t", {"datto_rmm": datto_rmm_policy(), "autotask": autotask_policy()})


@pytest.fixture(autouse=True)
def quick_backoff(monkeypatch):
    monkeypatch.setattr("integration.vendors.http._BACKOFF_SECONDS", (0.001, 0.002))


@pytest.fixture
def records():
    return []


@pytest.fixture
def door(loopback, governor, records):
    door = HttpDoor(
        "datto_rmm",
        loopback.url + "/base",
        governor,
        records.append,
        timeout_seconds=(1, 0.15),
        secrets=["s3cret-value"],
    )
    yield door
    door.close()


def read(door: HttpDoor, path: str = "/thing", **more: Any) -> Answer:
    return door.request("GET", path, context=CONTEXT, endpoint="thing", is_read=True, **more)


def write(door: HttpDoor, path: str = "/thing", **more: Any) -> Answer:
    return door.request("POST", path, context=CONTEXT, endpoint="thing", is_read=False, **more)


def test_sends_query_json_and_headers_and_records_the_call(door, loopback, records):
    loopback.replies = [Reply(200, {"ok": "é"}, {"X-One": "1"})]
    answer = write(
        door,
        params={"a": 1, "b": True, "c": None},
        json_body={"name": "Zoë"},
        headers={"X-Key": "k"},
        auth=("u", "p"),
    )
    assert answer.status == 200
    assert answer.json() == {"ok": "é"}
    assert answer.headers["x-one"] == "1"
    seen = loopback.seen[0]
    assert (seen.method, seen.path, seen.query) == ("POST", "/base/thing", {"a": "1", "b": "true"})
    assert seen.json() == {"name": "Zoë"}
    assert "Zoë".encode() in seen.body
    assert seen.headers["X-Key"] == "k"
    assert seen.headers["Authorization"] == "Basic dTpw"
    (record,) = records
    assert (record.vendor, record.method, record.path, record.status) == (
        "datto_rmm",
        "POST",
        "/base/thing",
        200,
    )
    assert (record.lane, record.subject, record.run_id, record.error) == (Lane.NOTE, "ticket:7", 3, "")
    assert record.started_at.tzinfo is UTC
    assert 0 <= record.duration_ms < 5000


def test_form_body_is_url_encoded(door, loopback):
    loopback.replies = [Reply(200)]
    write(door, form={"username": "a+b", "password": "ü &"})
    assert loopback.seen[0].form() == {"username": "a+b", "password": "ü &"}


@pytest.mark.parametrize(
    "address",
    [
        "http://evil.example/base/thing",
        "https://127.0.0.1/base/thing",
        "//evil.example/thing",
        "http://user@{host}/thing",
        "http://{host}@evil.example/thing",
        "http://127.0.0.1:1/thing",
        "thing",
        "/a/../../thing",
        "/a\\b",
        "/a b",
        "/a\r\nX: y",
        "http://[::1/thing",
        "ftp://{host}/thing",
    ],
)
def test_foreign_or_odd_address_sends_nothing_and_takes_no_budget(door, loopback, governor, records, address):
    with pytest.raises(ContractBroken, match="nothing was sent"):
        read(door, address.replace("{host}", f"127.0.0.1:{loopback.port}"))
    assert loopback.seen == records == []
    assert governor.calls_in_window("datto_rmm") == 0


def test_absolute_address_on_the_same_host_is_taken_as_it_is(door, loopback, records):
    loopback.replies = [Reply(200)]
    read(door, f"{loopback.url}/elsewhere?page=2")
    assert (loopback.seen[0].path, loopback.seen[0].query) == ("/elsewhere", {"page": "2"})
    assert records[0].path == "/elsewhere"


def test_a_redirect_is_an_error_and_is_not_followed(door, loopback):
    loopback.replies = [Reply(302, b"", {"Location": "/base/other"})]
    with pytest.raises(ContractBroken, match="redirects"):
        read(door)
    assert len(loopback.seen) == 1


@pytest.mark.parametrize(
    "broken",
    [
        Reply(hang_up="reset"),
        Reply(200, b"x" * 1000, hang_up="short"),
        Reply(502, "<html>"),
        Reply(503),
        Reply(504),
    ],
)
def test_a_read_is_repeated_and_a_write_is_not(door, loopback, records, broken):
    loopback.replies = [broken, Reply(200, b"fine")]
    assert read(door).body == b"fine"
    assert [record.error for record in records] == ["Unavailable", ""]
    loopback.seen.clear()
    loopback.replies = [broken, Reply(200, b"fine")]
    with pytest.raises(WriteOutcomeUnknown) as caught:
        write(door)
    assert len(loopback.seen) == 1
    assert caught.value.path == "/base/thing"
    assert records[-1].error == "WriteOutcomeUnknown"


def test_a_read_gives_up_after_three_attempts(door, loopback, records):
    loopback.handler = lambda _seen: Reply(503, "<html>sorry</html>")
    with pytest.raises(Unavailable) as caught:
        read(door)
    assert caught.value.status == 503
    assert len(loopback.seen) == len(records) == 3


def test_attempts_can_be_limited(door, loopback):
    loopback.handler = lambda _seen: Reply(503)
    with pytest.raises(Unavailable):
        read(door, max_attempts=1)
    assert len(loopback.seen) == 1


def test_a_silent_server_is_unavailable_for_a_read_and_unknown_for_a_write(door, loopback):
    event = threading.Event()
    loopback.handler = lambda _seen: Reply(200, wait=event)
    with pytest.raises(Unavailable, match="time limit"):
        read(door, max_attempts=1)
    with pytest.raises(WriteOutcomeUnknown, match="may have happened"):
        write(door)
    event.set()


def test_connection_refused_is_unavailable_even_for_a_write(governor, records):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        door = HttpDoor("datto_rmm", f"http://127.0.0.1:{unused.getsockname()[1]}", governor, records.append)
        with pytest.raises(Unavailable, match="nothing was sent"):
            write(door)
    assert records[0].status is None
    door.close()


def test_a_429_with_a_short_wait_is_waited_for_in_a_read(door, loopback, records):
    loopback.replies = [Reply(429, b"", {"Retry-After": "0.05"}), Reply(200, b"fine")]
    started = time.monotonic()
    assert read(door).body == b"fine"
    assert time.monotonic() - started >= 0.05
    assert [record.status for record in records] == [429, 200]


def test_a_429_with_a_long_wait_is_raised_and_stops_everybody(door, loopback, governor):
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    loopback.replies = [Reply(429, b"", {"Retry-After": when})]
    with pytest.raises(RateLimited) as caught:
        read(door)
    assert 85 < caught.value.retry_after_seconds <= 90
    assert not caught.value.is_local
    with pytest.raises(RateLimited) as local:
        write(door)
    assert local.value.is_local
    assert len(loopback.seen) == 1
    assert governor.snapshot("datto_rmm").block_reason == "the vendor answered 429"


def test_a_429_on_a_write_is_never_repeated(door, loopback):
    loopback.replies = [Reply(429, b"", {"Retry-After": "0"})]
    with pytest.raises(RateLimited):
        write(door)
    assert len(loopback.seen) == 1


def test_a_429_without_a_time_uses_the_policy(door, loopback):
    loopback.replies = [Reply(429)]
    with pytest.raises(RateLimited) as caught:
        read(door)
    assert caught.value.retry_after_seconds == 60


def test_a_recorder_that_fails_does_not_lose_the_answer(loopback, governor, caplog):
    def recorder(_record):
        raise RuntimeError("disk full")

    door = HttpDoor("datto_rmm", loopback.url, governor, recorder)
    loopback.replies = [Reply(200, b"done")]
    assert write(door).body == b"done"
    assert "could not be recorded" in caplog.text
    door.close()


def test_answers_beyond_the_size_guard_are_refused(loopback, governor, records):
    door = HttpDoor("datto_rmm", loopback.url, governor, records.append, max_body_bytes=10_000)
    loopback.replies = [Reply(200, b"x" * 10_001)]
    with pytest.raises(ContractBroken, match="larger than"):
        read(door)
    door.close()


def test_the_vendor_hook_decides_and_its_transient_errors_are_retried_for_reads(loopback, governor, records):
    def hook(answer):
        where = {"vendor": answer.vendor, "path": answer.path, "status": answer.status}
        if answer.status == 500:
            return Unavailable("busy", **where)
        return NotFound("no such thing", **where) if answer.status == 404 else None

    door = HttpDoor("datto_rmm", loopback.url, governor, records.append, on_answer=hook)
    loopback.replies = [Reply(500), Reply(404)]
    with pytest.raises(NotFound):
        read(door)
    assert [record.error for record in records] == ["Unavailable", "NotFound"]
    door.close()


def test_netrc_and_cookies_are_ignored(loopback, governor, records, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login thief password thief\n")
    monkeypatch.setenv("NETRC", str(netrc))
    door = HttpDoor("datto_rmm", loopback.url, governor, records.append)
    loopback.handler = lambda _seen: Reply(200, b"", {"Set-Cookie": "a=b"})
    read(door, headers={"Authorization": "Bearer mine"})
    read(door)
    assert loopback.seen[0].headers["Authorization"] == "Bearer mine"
    assert loopback.seen[1].headers["Authorization"] is None
    assert loopback.seen[1].headers["Cookie"] is None
    door.close()


def test_environment_proxies_serve_remote_hosts_only(governor, records, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    remote = HttpDoor("datto_rmm", "https://vendor.example", governor, records.append)
    local = HttpDoor("datto_rmm", "http://127.0.0.1:1", governor, records.append)
    assert remote._session.proxies["https"] == "http://127.0.0.1:9"
    assert local._session.proxies == {}
    with pytest.raises(Unavailable, match="proxy could not be reached"):
        write(remote)
    remote.close()
    local.close()


@pytest.mark.parametrize(
    "url", ["", "host", "ftp://host", "http://vendor.example", "https://u:p@vendor.example", "https://h:x"]
)
def test_bad_base_url_is_named(governor, url):
    with pytest.raises(ValueError, match=r"^base_url: .*; give"):
        HttpDoor("datto_rmm", url, governor, lambda _record: None)


def test_plain_http_elsewhere_needs_permission(governor):
    HttpDoor(
        "datto_rmm", "http://vendor.example", governor, lambda _record: None, allow_insecure=True
    ).close()


def test_a_header_that_cannot_be_sent_does_not_show_its_value(door):
    with pytest.raises(Rejected) as caught:
        read(door, headers={"Secret": "s3cret-value\n"})
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_no_secret_in_repr_or_record(door, loopback, records):
    assert "s3cret" not in repr(door)
    loopback.replies = [Reply(200, b"")]
    read(door, "/keys/s3cret-value")
    assert records[0].path == "/base/keys/[redacted]"


def test_an_answer_that_is_no_json_says_so_without_quoting_it(door, loopback):
    loopback.replies = [Reply(200, "<html>private</html>", {"Content-Type": "text/html"}), Reply(200)]
    with pytest.raises(ContractBroken, match=r"not JSON \(text/html") as caught:
        read(door).json()
    assert "private" not in str(caught.value)
    with pytest.raises(ContractBroken, match="empty"):
        read(door).json()


def test_an_abandoned_call_keeps_its_thread_slot(loopback, governor, records):
    door = HttpDoor("autotask", loopback.url, governor, records.append, timeout_seconds=(1, 0.1))
    event = threading.Event()
    loopback.replies = [Reply(200, wait=event), Reply(200)]
    with pytest.raises(WriteOutcomeUnknown):
        write(door)
    event.set()
    write(door)
    assert governor.snapshot("autotask").slots_in_use == {"thing": 1}
    door.close()


def test_without_redis_nothing_is_sent(loopback, valkey_socket, records):
    client = redis.Redis(unix_socket_path=valkey_socket + ".gone", retry=Retry(NoBackoff(), 0))
    gone = Governor(client, "t", {"datto_rmm": datto_rmm_policy()})
    door = HttpDoor("datto_rmm", loopback.url, gone, records.append)
    with pytest.raises(Unavailable, match="nothing was sent"):
        read(door)
    assert loopback.seen == []
    door.close()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(None, None), ("", None), ("soon", None), ("30", 30.0), ("-5", 0.0), ("nan", None), ("inf", None),
     ("Wed, 21 Oct 2026 07:28:30 GMT", 30.0), ("Wed, 21 Oct 2026 07:00:00 GMT", 0.0)],
)  # fmt: skip
def test_retry_after(value, seconds):
    assert parse_retry_after(value, now=datetime(2026, 10, 21, 7, 28, tzinfo=UTC)) == seconds


def test_redactor_masks_known_secrets_in_all_their_forms_and_named_ones():
    redact = Redactor(["p@ss wörd+1", "ab"])
    text = redact(
        'x p@ss wörd+1 p%40ss%20w%C3%B6rd%2B1 p%40ss+w%C3%B6rd%2B1 cEBzcyB3w7ZyZCsx "token": "abc" Bearer abcdefghij ab'
    )
    assert text == 'x [redacted] [redacted] [redacted] [redacted] "token": [redacted] Bearer [redacted] ab'
    assert redact("password=1&x=2") == "password=[redacted]&x=2"
    assert redact("0123456789", longest=5) == "0123…"
    assert repr(redact) == "Redactor(...)"


def test_text_that_no_database_can_hold_is_mended_where_it_comes_in() -> None:
    body = rb'{"cut": "PC \ud83d", "whole": "\ud83d\ude00", "nul": ["a\u0000b"], "bytes": "x%s"}'
    parsed = Answer(200, {}, body.replace(b"%s", b"\xed\xa0\xbd"), "autotask", "GET", "Tickets").json()
    assert parsed == {"cut": "PC ?", "whole": "\U0001f600", "nul": ["ab"], "bytes": "x?"}
