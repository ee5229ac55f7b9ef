"""Login, tokens and statuses."""

from __future__ import annotations

import threading

import pytest

from integration.vendors.budget import Lane
from integration.vendors.calls import CallContext, CallRecord
from integration.vendors.datto_rmm import RedisTokenStore
from integration.vendors.errors import (
    AuthenticationFailed,
    ContractBroken,
    NotFound,
    PermissionDenied,
    RateLimited,
    Rejected,
    Unavailable,
    VendorError,
    WriteOutcomeUnknown,
)
from tests.vendors.datto_account import ALERT_UID, DEVICE_UID, SITE_UID
from tests.vendors.loopback import Reply

ACCOUNT = {"id": 1, "uid": "ab1c0002", "name": "MSP", "descriptor": {"bilingEmail": "a@b.example"}}


@pytest.fixture(autouse=True)
def account_route(account):
    account.routes["GET", "/api/v2/account"] = Reply(200, ACCOUNT)


def test_logs_in_outside_api_with_trimmed_keys_and_uses_the_token(account, client):
    found = client.fetch_account()
    assert (found.uid, found.billing_email, found.device_limit) == ("ab1c0002", "a@b.example", None)
    assert [seen.path for seen in account.server.seen] == ["/auth/oauth/token", "/api/v2/account"]
    client.fetch_account()
    assert account.logins == 1


def test_workers_share_the_token(account, make_client, redis_client):
    make_client().fetch_account()
    make_client().fetch_account()
    assert account.logins == 1
    assert 359_000 < redis_client.ttl("token") <= 359_400
    assert b"token-1" not in redis_client.get("token")


def test_a_herd_logs_in_once(account, make_client):
    clients = [make_client() for _ in range(6)]
    threads = [threading.Thread(target=client.fetch_account) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert account.logins == 1
    assert len(account.calls("/account")) == 6


def test_an_expired_token_is_replaced_once(account, client):
    client.fetch_account()
    account.good_tokens.clear()
    assert client.fetch_account().name == "MSP"
    assert account.logins == 2


def test_two_workers_with_an_old_token_do_not_fight(account, make_client):
    first, second = make_client(), make_client()
    first.fetch_account()
    second.fetch_account()
    account.good_tokens.clear()
    first.fetch_account()
    second.fetch_account()
    first.fetch_account()
    assert account.logins == 2


def test_a_write_is_sent_again_after_a_401_because_it_did_not_happen(account, client):
    account.routes["POST", f"/api/v2/alert/{ALERT_UID}/resolve"] = Reply(200)
    client.fetch_account()
    account.good_tokens.clear()
    client.resolve_alert(ALERT_UID)
    assert len(account.calls("/resolve")) == 2


def test_a_401_that_stays_is_authentication_failed_after_one_login(account, client):
    account.routes["GET", "/api/v2/account"] = Reply(401)
    with pytest.raises(AuthenticationFailed):
        client.fetch_account()
    assert account.logins == 2
    assert len(account.calls()) == 2


@pytest.mark.parametrize("status", [400, 401])
def test_refused_keys_are_said_so_and_not_tried_again_at_once(account, client, status):
    account.login_reply = Reply(status, {"error": "invalid_grant"})
    for _ in range(3):
        with pytest.raises(AuthenticationFailed, match="refuses the API key or secret") as caught:
            client.fetch_account()
    assert account.logins == 1
    assert "secret-value" not in str(caught.value)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(404), ContractBroken),
        (Reply(200, "<html>"), ContractBroken),
        (Reply(200, {"token": "x"}), ContractBroken),
        (Reply(200, []), ContractBroken),
        (Reply(502, "<html>"), Unavailable),
        (Reply(500), Unavailable),
    ],
)
def test_a_login_that_does_not_work_is_not_bad_keys(account, client, reply, error):
    account.login_reply = reply
    with pytest.raises(error):
        client.fetch_account()


@pytest.mark.parametrize(
    ("life", "least", "most"), [(None, 2900, 3000), ("x", 2900, 3000), (100, 5, 10), (0, 2900, 3000)]
)
def test_odd_token_lives_are_survived(account, client, redis_client, life, least, most):
    account.life = life
    client.fetch_account()
    assert least <= redis_client.ttl("token") <= most


def test_a_stored_token_that_cannot_be_read_counts_as_none(account, make_client, redis_client):
    redis_client.set("token", "garbage")
    make_client().fetch_account()
    store = RedisTokenStore(redis_client, "token", encrypt=str, decrypt=str)
    assert store.load() is None
    store.save("t", 100)
    assert (store.load() or ("", 0))[0] == "t"
    store.forget()
    assert store.load() is None
    assert repr(store) == "RedisTokenStore(...)"


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(400, {"message": "bad filter"}), Rejected),
        (Reply(403, {"error": "Forbidden"}), PermissionDenied),
        (Reply(404), NotFound),
        (Reply(405), Rejected),
        (Reply(409), Unavailable),
        (Reply(500), Unavailable),
        (Reply(502, "<html>"), Unavailable),
        (Reply(429, b"", {"Retry-After": "120"}), RateLimited),
        (Reply(403, b"", {"Retry-After": "120"}), RateLimited),
        (Reply(301, b"", {"Location": "https://elsewhere.example"}), ContractBroken),
        (Reply(200, "<html>login</html>"), ContractBroken),
        (Reply(200, b""), ContractBroken),
        (Reply(200, {"name": "no uid"}), ContractBroken),
        (Reply(200, []), ContractBroken),
    ],
)
def test_statuses_of_reads(account, client, reply, error):
    account.routes["GET", "/api/v2/account"] = reply
    with pytest.raises(VendorError) as caught:
        client.fetch_account()
    assert type(caught.value) is error
    assert (caught.value.vendor, caught.value.path) == ("datto_rmm", "/api/v2/account")


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(400, {"error": "Bad Request"}), Rejected),
        (Reply(404), NotFound),
        (Reply(409), Unavailable),
        (Reply(500), WriteOutcomeUnknown),
        (Reply(504, "<html>"), WriteOutcomeUnknown),
        (Reply(hang_up="reset"), WriteOutcomeUnknown),
    ],
)
def test_statuses_of_writes_and_that_they_are_sent_once(account, client, reply, error):
    account.routes["PUT", f"/api/v2/device/{DEVICE_UID}/site/{SITE_UID}"] = reply
    with pytest.raises(VendorError) as caught:
        client.move_device(DEVICE_UID, SITE_UID)
    assert type(caught.value) is error
    assert len(account.calls()) == 1


def test_a_409_on_a_read_is_tried_again(account, client):
    client.fetch_account()
    account.server.replies = [Reply(409)]
    assert client.fetch_account().uid == "ab1c0002"


def test_the_vendors_words_are_passed_on_without_secrets(account, client):
    account.routes["GET", "/api/v2/account"] = Reply(400, {"error_description": "secret-value-1 is odd"})
    with pytest.raises(Rejected) as caught:
        client.fetch_account()
    assert caught.value.messages == ["[redacted] is odd"]


def test_403_everywhere_pauses_all_calls_without_blaming_the_keys(account, client):
    quick = client.with_context(lane=Lane.NEW_TICKET)
    account.server.handler = lambda seen: account.log_in(seen) if seen.path.endswith("token") else Reply(403)
    reads = [
        quick.fetch_account,
        lambda: quick.fetch_site(SITE_UID),
        lambda: quick.fetch_device(DEVICE_UID),
        lambda: quick.fetch_alert(ALERT_UID),
    ]
    for read in reads:
        with pytest.raises(PermissionDenied):
            read()
    with pytest.raises(RateLimited, match="our address seems blocked") as caught:
        quick.fetch_job("j")
    assert caught.value.retry_after_seconds == 300
    sent = len(account.server.seen)
    with pytest.raises(RateLimited):
        quick.fetch_account()
    assert len(account.server.seen) == sent


def test_403_right_after_429_is_a_block(account, client):
    account.server.replies = [
        Reply(200, {"access_token": "t"}),
        Reply(429, b"", {"Retry-After": "0"}),
        Reply(403),
    ]
    with pytest.raises(RateLimited, match="blocked"):
        client.fetch_account()


def test_status_needs_no_token(account, client):
    account.routes["GET", "/api/v2/system/status"] = Reply(
        200, {"version": "2", "status": "OK", "started": "2026-08-01T00:00:00Z"}
    )
    status = client.fetch_system_status()
    assert (status.version, status.started_at.year) == ("2", 2026)
    assert account.logins == 0


def test_context_and_records(account, make_client):
    records: list[CallRecord] = []
    client = make_client(records)
    twin = client.with_context(lane=Lane.INTAKE, subject="alert:1")
    client.fetch_account()
    twin.with_context(run_id=4).fetch_account()
    client.with_context(CallContext(lane=Lane.INTERACTIVE)).fetch_account()
    assert [(record.path, record.lane, record.subject, record.run_id) for record in records] == [
        ("/auth/oauth/token", Lane.CLOSE, "", None),
        ("/api/v2/account", Lane.CLOSE, "", None),
        ("/api/v2/account", Lane.INTAKE, "alert:1", 4),
        ("/api/v2/account", Lane.INTERACTIVE, "", None),
    ]


def test_no_secret_in_any_repr(client):
    client_words = repr(client) + repr(client._session) + repr(client._session.door) + str(vars(client))
    assert "secret-value" not in client_words
    assert "KEY-1" not in client_words
    assert client.platform == ""
    assert client.api_url.startswith("http://127.0.0.1")


@pytest.mark.parametrize(("field", "value"), [("secret", "  "), ("secret", "a\nb")])
def test_bad_keys_are_named(make_client, field, value):
    with pytest.raises(ValueError, match=r"^API secret: ") as caught:
        make_client(**{field: value})
    assert "a\nb" not in str(caught.value)


@pytest.mark.parametrize("uid", ["", " ", ".", "..", "a\nb", "x" * 201])
def test_an_id_that_is_no_id_sends_nothing(account, client, uid):
    with pytest.raises(ValueError, match=r"alert uid: .* is no id"):
        client.fetch_alert(uid)
    assert account.server.seen == []


def test_an_id_cannot_change_the_path(account, client):
    with pytest.raises(NotFound):
        client.fetch_alert("../account?x=#/%2e%2e")
    assert account.calls()[0].path == "/api/v2/alert/..%2Faccount%3Fx%3D%23%2F%252e%252e"


def test_learns_strangers_use_in_the_background(account, make_client):
    account.routes["GET", "/api/v2/system/request_rate"] = Reply(
        200,
        {
            "slidingTimeWindowSizeSeconds": 60,
            "accountRateLimit": 500,
            "accountCount": 200,
            "accountWriteRateLimit": 600,
            "accountWriteCount": 7,
            "operationWriteStatus": {
                "alert-resolve": {"limit": 50, "count": 9},
                "odd": {"limit": 0, "count": None},
            },
        },
    )
    client = make_client(context=CallContext(lane=Lane.BACKGROUND))
    client.fetch_account()
    client.fetch_account()
    assert len(account.calls("/request_rate")) == 1
    snapshot = client._session.governor.snapshot("datto_rmm")
    reads, writes = snapshot.meters
    assert (reads.limit, reads.used_by_others) == (500, 197)
    assert writes.used_by_others == 7
    rate = client.learn_budget()
    assert rate.operations["alert-resolve"].limit == 50
    assert rate.operations["odd"].limit == 100


def test_an_answer_survives_a_failure_to_learn(account, make_client, caplog):
    account.routes["GET", "/api/v2/system/request_rate"] = Reply(200, "<html>")
    client = make_client(context=CallContext(lane=Lane.BACKGROUND))
    assert client.fetch_account().name == "MSP"
    assert "could not be read" in caplog.text


def test_old_servers_that_report_one_bucket_get_the_documented_limits(account, client):
    account.routes["GET", "/api/v2/system/request_rate"] = Reply(200, {"accountCount": 3})
    rate = client.fetch_request_rate()
    assert (rate.read_limit, rate.write_limit, rate.window_seconds, rate.read_count) == (600, 600, 60, 3)


def test_page_size(account, client):
    account.routes["GET", "/api/v2/system/pagination"] = Reply(200, {"max": 250})
    assert client.fetch_page_size() == 250
    account.routes["GET", "/api/v2/system/pagination"] = Reply(200, {})
    with pytest.raises(ContractBroken):
        client.fetch_page_size()
