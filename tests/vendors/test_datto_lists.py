"""Paging: lists that shift, lie, lose filters and never end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from integration.vendors.errors import ContractBroken, RateLimited, Unavailable
from tests.vendors.datto_account import DEVICE_UID, SITE_UID, alert_row, device_row, site_row
from tests.vendors.loopback import Reply

OPEN = "/api/v2/account/alerts/open"


def alerts(n: int) -> list[object]:
    return [alert_row(f"a-{number}") for number in range(n)]


def page(rows: list[Any], following: str | None = None, **details: object) -> Reply:
    return Reply(
        200, {"pageDetails": {"count": len(rows), "nextPageUrl": following, **details}, "alerts": rows}
    )


def test_reads_all_pages_with_progress_and_our_own_filters(account, client):
    account.page_size = 2
    account.lists[OPEN] = ("alerts", alerts(5))
    progress = []
    found = list(client.iter_open_alerts(muted=False, on_page=lambda *args: progress.append(args)))
    assert [alert.uid for alert in found] == [f"a-{n}" for n in range(5)]
    assert progress == [(2, 5), (4, 5), (5, 5)]
    assert [seen.query for seen in account.calls()] == [
        {"page": str(n), "max": "250", "muted": "false"} for n in range(3)
    ]


@pytest.mark.parametrize("total", ["absent", None, "many", -1, True])
def test_the_total_is_never_needed(account, client, total):
    account.page_size, account.total = 2, total
    account.lists[OPEN] = ("alerts", alerts(3))
    progress = []
    assert len(list(client.iter_open_alerts(on_page=lambda *args: progress.append(args)))) == 3
    assert progress == [(2, None), (3, None)]


def test_a_next_page_on_another_host_gets_neither_call_nor_token(account, client):
    account.page_size, account.next_host = 1, "https://evil.example"
    account.lists[OPEN] = ("alerts", alerts(3))
    assert len(list(client.iter_open_alerts())) == 3
    assert len(account.calls()) == 3


def test_rows_that_shifted_to_the_next_page_come_once(account, client):
    account.lists[OPEN] = ("alerts", [])
    list(client.iter_open_alerts())
    account.server.replies = [page(alerts(3), "x?page=1"), page([*alerts(3)[2:], alert_row("b")], "")]
    assert [alert.uid for alert in client.iter_open_alerts()] == ["a-0", "a-1", "a-2", "b"]


def test_streams_page_by_page(account, client):
    account.page_size = 1
    account.lists[OPEN] = ("alerts", alerts(50))
    rows = client.iter_open_alerts()
    next(rows)
    next(rows)
    rows.close()
    assert len(account.calls()) == 2


@pytest.mark.parametrize(
    "replies",
    [
        [page(alerts(2), "x?page=1"), page(alerts(2), "x?page=2")],  # the same page again
        [page(alerts(2), "x?page=0")],  # leads back
        [page(alerts(2), "x?page=1"), page([alert_row("b")], "x?page=1")],  # leads nowhere
        [page(alerts(2), "x?cursor=9")],  # no page number
        [page(alerts(2), "x?page=-1")],
        [page(alerts(2), "http://[::1?page=1")],
        [page(alerts(2), "x?page=99999999999")],
        [page([], f"x?page={n}") for n in range(1, 9)],  # empty without an end
        [page(alerts(3)[:: (-1) ** n], f"x?page={n}") for n in range(1, 9)],  # the same rows in turns
        [Reply(200, {"alerts": []})],  # no details
        [Reply(200, {"pageDetails": {}})],  # no list
        [Reply(200, {"pageDetails": {"count": 3}, "alerts": None})],
        [Reply(200, {"pageDetails": {"count": 1}, "alerts": {"a": 1}})],
        [Reply(200, [])],
        [Reply(200, b"")],
        [Reply(200, "<html>sorry</html>")],
        [page(["text"])],
        [page([{"priority": "High"}])],  # an alert without its uid
    ],
)
def test_broken_lists_are_never_an_end(account, client, replies):
    account.lists[OPEN] = ("alerts", [])
    assert list(client.iter_open_alerts()) == []
    account.server.replies = replies
    with pytest.raises(ContractBroken):
        list(client.iter_open_alerts())


def test_an_empty_list_may_be_null_when_it_says_it_is_empty(account, client):
    account.routes["GET", OPEN] = Reply(200, {"pageDetails": {"count": 0, "nextPageUrl": ""}, "alerts": None})
    assert list(client.iter_open_alerts()) == []


def test_a_failure_in_the_middle_is_a_failure(account, client):
    account.page_size = 1
    account.lists[OPEN] = ("alerts", alerts(3))
    rows = client.iter_open_alerts()
    next(rows)
    account.server.replies = [Reply(502, "<html>")] * 3
    with pytest.raises(Unavailable):
        list(rows)


def test_a_page_that_breaks_off_is_read_again(account, client):
    account.page_size = 1
    account.lists[OPEN] = ("alerts", alerts(3))
    rows = client.iter_open_alerts()
    next(rows)
    account.server.replies = [page(alerts(1), "x?page=2")]
    account.server.replies[0].hang_up = "short"
    assert [alert.uid for alert in rows] == ["a-1", "a-2"]


def test_a_token_that_ends_in_the_middle_of_a_sweep_is_renewed(account, client):
    account.page_size = 1
    account.lists[OPEN] = ("alerts", alerts(3))
    rows = client.iter_open_alerts()
    next(rows)
    account.good_tokens.clear()
    assert len(list(rows)) == 2


def test_too_many_requests_in_the_middle_of_a_sweep(account, client):
    account.page_size = 1
    account.lists[OPEN] = ("alerts", alerts(2))
    rows = client.iter_open_alerts()
    next(rows)
    account.server.replies = [Reply(429)]
    with pytest.raises(RateLimited):
        next(rows)


def test_scopes_of_alerts(account, client):
    for owner in (f"site/{SITE_UID}", f"device/{DEVICE_UID}"):
        account.lists[f"/api/v2/{owner}/alerts/open"] = ("alerts", alerts(1))
        account.lists[f"/api/v2/{owner}/alerts/resolved"] = ("alerts", alerts(2))
    account.lists["/api/v2/account/alerts/resolved"] = ("alerts", alerts(3))
    counts = [
        len(list(client.iter_open_alerts(site_uid=SITE_UID))),
        len(list(client.iter_resolved_alerts(site_uid=SITE_UID))),
        len(list(client.iter_open_alerts(device_uid=DEVICE_UID))),
        len(list(client.iter_resolved_alerts(device_uid=DEVICE_UID))),
        len(list(client.iter_resolved_alerts())),
    ]
    assert counts == [1, 2, 1, 2, 3]
    with pytest.raises(ValueError, match="not both"):
        client.iter_open_alerts(site_uid="a", device_uid="b")


def test_other_lists(account, client):
    account.lists["/api/v2/account/sites"] = (
        "sites",
        [site_row(), site_row("deleted-devices", name="Deleted Devices")],
    )
    account.lists["/api/v2/account/devices"] = ("devices", [device_row(), device_row()])
    account.lists[f"/api/v3/site/{SITE_UID}/devices"] = (
        "devices",
        [device_row(udfs=[{"ordinal": 7, "valueNumber": 3}])],
    )
    nics = [{"instance": "eth0", "macAddress": "00:11:22:33:44:55", "ipv4": None}]
    account.lists[f"/api/v2/site/{SITE_UID}/devices/network-interface"] = ("devices", [device_row(nics=nics)])
    software = [{"name": "A", "version": "1"}, {"name": "A", "version": "2"}]
    account.lists[f"/api/v2/audit/device/{DEVICE_UID}/software"] = ("software", software)
    account.lists["/api/v2/account/users"] = ("users", [{"username": "u", "created": 1700000000000}])
    account.lists["/api/v2/account/components"] = (
        "components",
        [{"uid": "c", "name": "Fix", "variables": [{"name": "v"}]}],
    )
    assert [site.is_system_site for site in client.iter_sites()] == [False, True]
    assert [device.uid for device in client.iter_devices(hostname_like="SRV", filter_id=4)] == [DEVICE_UID]
    assert account.calls("/account/devices")[0].query == {
        "hostname": "SRV",
        "filterId": "4",
        "page": "0",
        "max": "250",
    }
    assert [device.udfs for device in client.iter_devices(site_uid=SITE_UID, version="v3")] == [{7: "3"}]
    (interfaces,) = client.iter_network_interfaces(SITE_UID)
    assert interfaces.network_interfaces[0].mac_address == "00:11:22:33:44:55"
    assert [program.version for program in client.iter_software(DEVICE_UID)] == ["1", "2"]
    assert next(client.iter_users()).created_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert next(client.iter_components()).variables == ("v",)
    with pytest.raises(ValueError, match="account-wide"):
        client.iter_devices(site_uid=SITE_UID, hostname_like="x")


def activity_page(ids: list[str], following: str | None = None, **more: object) -> Reply:
    rows = [{"id": i, "date": 1689072497.714, "site": {"id": 3}, "user": None, "details": "{}"} for i in ids]
    return Reply(
        200, {"pageDetails": {"count": len(ids), "nextPageUrl": following}, "activities": rows, **more}
    )


SINCE = datetime(2026, 8, 1, 12, tzinfo=UTC)


def test_activities_follow_the_cursor_with_our_filters(account, client):
    account.routes["GET", "/api/v2/account"] = Reply(200, {"uid": "u"})
    client.fetch_account()
    account.server.replies = [
        activity_page(["1", "2"], "https://evil.example/x?searchAfter=11&searchAfter=2&page=next"),
        activity_page(["2", "3"]),
    ]
    rows = list(client.iter_activities(since=SINCE, until=SINCE, entities=["device"], site_ids=[3]))
    assert [row.id for row in rows] == ["1", "2", "3"]
    assert rows[0].occurred_at == datetime(2023, 7, 11, 10, 48, 17, 714000, tzinfo=UTC)
    first, second = (seen.query for seen in account.calls("/activity-logs"))
    assert first == {"size": "250", "order": "asc", "from": "2026-08-01T12:00:00Z", "until": "2026-08-01T12:00:00Z",
                     "entities": "device", "siteIds": "3"}  # fmt: skip
    assert second == first | {"searchAfter": "2", "page": "next"}


@pytest.mark.parametrize(
    "replies",
    [
        [activity_page(["1"], "x?searchAfter=1"), activity_page(["2"], "x?searchAfter=1")],
        [activity_page(["1"], "x?page=next")],
        [activity_page([], error="search failed")],
    ],
)
def test_broken_activity_logs(account, client, replies):
    account.routes["GET", "/api/v2/account"] = Reply(200, {"uid": "u"})
    client.fetch_account()
    account.server.replies = replies
    with pytest.raises(ContractBroken):
        list(client.iter_activities(since=SINCE))


def test_activities_need_a_time_zone(client):
    with pytest.raises(ValueError, match="since: needs a time zone"):
        list(client.iter_activities(since=datetime(2026, 1, 1)))  # noqa: DTZ001 - that is the point
