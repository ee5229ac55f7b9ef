import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from integration.vendors.autotask.wire import WireError
from integration.vendors.autotask.zone import (
    RedisZoneCache,
    ZoneInfo,
    normalize_zone_url,
    zone_url_warning,
)
from integration.vendors.errors import AuthenticationFailed, ContractBroken, Unavailable
from tests.vendors.autotask_fixtures import USER, Double, make_client
from tests.vendors.loopback import Loopback, Reply

OFFICIAL = "https://webservices.autotask.net/atservicesrest"


@pytest.fixture
def double(loopback):
    return Double(loopback)


@pytest.fixture
def cache(redis_client):
    return RedisZoneCache(redis_client)


@pytest.fixture
def moved():
    """The server the database moves to."""
    server = Loopback()
    yield Double(server)
    server.stop()


@pytest.mark.parametrize(
    "text",
    [
        OFFICIAL,
        f"{OFFICIAL}/",
        f"  {OFFICIAL}/v1.0 ",
        f"{OFFICIAL}/V1.0/",
        f"{OFFICIAL}/1.0",
        f"{OFFICIAL}/zoneInformation",
        f"{OFFICIAL}/v1.0/zoneInformation?user=a@b.c",
        "https://webservices.autotask.net",
        "https://WebServices.Autotask.net/",
    ],
)
def test_lookup_address_is_accepted_as_people_paste_it(text):
    assert normalize_zone_url(text) == OFFICIAL
    assert zone_url_warning(normalize_zone_url(text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "webservices.autotask.net",
        "ftp://x/y",
        "http://example.com/a",
        "https://u:p@x.invalid/",
        "https://[",
        "https://a b/",
    ],
)
def test_lookup_address_error_names_the_setting_and_the_cure(text):
    with pytest.raises(ValueError, match=r"AUTOTASK_ZONE_URL: .*give the address") as caught:
        normalize_zone_url(text)
    assert "u:p" not in str(caught.value)


def test_lookup_address_of_strangers_is_allowed_with_a_warning():
    assert "proxy.example" in str(zone_url_warning(normalize_zone_url("https://proxy.example/at/v1.0")))
    assert zone_url_warning("https://evilautotask.net/x")
    assert (
        normalize_zone_url("http://127.0.0.1:8000/ATServicesRest/") == "http://127.0.0.1:8000/ATServicesRest"
    )
    assert normalize_zone_url("http://[::1]:80/a") == "http://[::1]:80/a"


@pytest.mark.parametrize(
    ("lookup", "zone"),
    [
        (OFFICIAL, "https://evil.example/atservicesrest/"),
        (OFFICIAL, "https://evilautotask.net/"),
        (OFFICIAL, "http://webservices3.autotask.net/atservicesrest/"),
        (OFFICIAL, "https://127.0.0.1/"),
        ("https://proxy.example", "http://127.0.0.1:9/"),
        ("https://proxy.example", "https://user:pw@webservices3.autotask.net/"),
        (OFFICIAL, ""),
        (OFFICIAL, None),
        (OFFICIAL, 5),
    ],
)
def test_zone_that_cannot_be_trusted_is_refused(lookup, zone):
    with pytest.raises(WireError):
        ZoneInfo.from_wire({"url": zone}, lookup_url=lookup)


def test_zone_is_read_and_tidied():
    zone = ZoneInfo.from_wire(
        {
            "zoneName": "America East 2",
            "URL": "https://webservices3.autotask.net/atservicesrest/v1.0",
            "webUrl": "https://ww3.autotask.net",
            "ci": 12,
        },
        lookup_url=OFFICIAL,
    )
    assert zone.url == "https://webservices3.autotask.net/atservicesrest/"
    assert zone.web_url == "https://ww3.autotask.net/"
    with pytest.raises(WireError):
        ZoneInfo.from_wire({"url": zone.url, "webUrl": "javascript:alert(1)"}, lookup_url=OFFICIAL)


def test_zone_is_looked_up_once_for_all_workers(double, redis_client, cache):
    for _ in range(3):
        client = make_client(double, redis_client, cache=cache, url=f"{double.url}/v1.0/zoneInformation")
        client.find("Companies", 0)
        client.find("Companies", 0)
        assert client.web_url == double.server.url + "/"
        assert "not one of Autotask's hosts" in client.warning
        client.close()
    assert len(double.lookups()) == 1
    assert double.lookups()[0].query == {"user": USER}
    assert not any(USER.encode() in key for key in redis_client.scan_iter())


def test_zone_lookup_costs_no_budget(double, redis_client):
    client = make_client(double, redis_client)
    client.fetch_zone()
    assert list(redis_client.keys()) == []
    client.close()


def test_zone_cache_with_nonsense_or_no_redis_is_a_lookup(double, redis_client, cache):
    client = make_client(double, redis_client, cache=cache)
    client.fetch_zone()
    (key,) = redis_client.keys()
    redis_client.set(key, '{"name":"x","url":"http://evil.example/","web_url":"","ci":1}')
    assert make_client(double, redis_client, cache=cache).fetch_zone().name == "Test"
    away = RedisZoneCache(redis.Redis(unix_socket_path="/nowhere/at.all", retry=Retry(NoBackoff(), 0)))
    assert make_client(double, redis_client, cache=away).fetch_zone().name == "Test"
    away.forget("x")


def test_zone_unknown_user_is_an_authentication_problem(double, redis_client):
    client = make_client(double, redis_client, username="nobody@example.com")
    with pytest.raises(AuthenticationFailed, match="AUTOTASK_USERNAME"):
        client.find("Companies", 0)
    assert double.calls() == []
    client.close()


@pytest.mark.parametrize(
    ("reply", "kind", "says"),
    [
        (Reply(404, "<html>"), ContractBroken, "AUTOTASK_ZONE_URL"),
        (Reply(200, "<html>"), ContractBroken, "not JSON"),
        (Reply(200, {}), ContractBroken, "AUTOTASK_ZONE_URL"),
        (Reply(200, {"url": "http://evil.example/"}), ContractBroken, "https"),
        (Reply(500, "oops"), Unavailable, "without giving a reason"),
    ],
)
def test_zone_lookup_trouble_has_its_own_words(double, redis_client, reply, kind, says):
    double.server.handler = lambda _seen: reply
    client = make_client(double, redis_client)
    with pytest.raises(kind, match=says):
        client.find("Companies", 0)
    client.close()


@pytest.mark.parametrize("write", [False, True])
def test_zone_move_is_followed_once_after_a_401(double, moved, redis_client, cache, write):
    client = make_client(double, redis_client, cache=cache)
    client.find("Companies", 0)
    double.secret = "nobody may log in here any more"
    double.zone = moved.zone
    if write:
        assert client.create_ticket({"title": "x"}) == 9001
        assert double.calls("POST") == [("POST", "Tickets")]
        assert moved.calls() == [("POST", "Tickets")]
    else:
        moved.rows["Companies"] = [{"id": 0, "companyName": "moved"}]
        assert client.find("Companies", 0)["companyName"] == "moved"
    assert len(double.lookups()) == 2
    client.find("Companies", 1)
    assert len(double.calls()) == 2
    other = make_client(double, redis_client, cache=cache)
    assert other.fetch_zone().url == moved.url + "/"
    assert len(double.lookups()) == 2
    client.close()


def test_zone_move_that_refuses_as_well_ends_there(double, moved, redis_client):
    client = make_client(double, redis_client)
    client.find("Companies", 0)
    double.secret = moved.secret = "changed-for-everybody"
    double.zone = moved.zone
    with pytest.raises(AuthenticationFailed, match="check user name"):
        client.find("Companies", 0)
    assert len(moved.calls()) == 1
    client.close()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"username": " "}, "AUTOTASK_USERNAME: it is empty"),
        ({"secret": ""}, "AUTOTASK_SECRET: it is empty"),
        ({"secret": "a\nb"}, "AUTOTASK_SECRET: contains a line break"),
        ({"secret": " abc"}, "AUTOTASK_SECRET: starts or ends with a blank"),
        ({"integration_code": ""}, "AUTOTASK_INTEGRATION_CODE"),
        ({"url": "nonsense"}, "AUTOTASK_ZONE_URL"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_name(double, redis_client, settings, says):
    with pytest.raises(ValueError, match=says):
        make_client(double, redis_client, **settings)


def test_credentials_outside_latin_1_are_sent_as_utf_8(double, redis_client):
    client = make_client(double, redis_client, secret="pässwörd-ł")
    with pytest.raises(AuthenticationFailed):
        client.find("Companies", 0)
    sent = next(seen for seen in double.server.seen if "Secret" in seen.headers).headers["Secret"]
    assert sent.encode("latin-1").decode() == "pässwörd-ł"
    client.close()
