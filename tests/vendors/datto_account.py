"""A make-believe Datto RMM account behind the loopback server."""

from __future__ import annotations

from tests.vendors.loopback import Loopback, Reply, Seen

ALERT_UID = "3f0c6c1e-0a52-4f5a-9d50-0c6d7e0b1a11"
SITE_UID = "7b0e4f9a-1111-4222-8333-444455556666"
DEVICE_UID = "0a1b2c3d-1111-4222-8333-444455556666"


class DattoAccount:
    """Checks tokens, serves what is put under `routes` and pages what is put under `lists`."""

    def __init__(self, server: Loopback, *, key: str = "KEY-1", secret: str = "secret-value-1") -> None:
        self.server = server
        self.key, self.secret = key, secret
        self.good_tokens: set[str] = set()
        self.logins = 0
        self.life: object = 360000
        self.login_reply: Reply | None = None
        self.routes: dict[tuple[str, str], Reply] = {}
        self.lists: dict[str, tuple[str, list[object]]] = {}
        self.page_size = 250
        self.total: object = "count"  # else sent as it is; "absent" leaves it out
        self.next_host = server.url
        server.handler = self.answer

    def calls(self, path_end: str = "") -> list[Seen]:
        return [
            seen
            for seen in self.server.seen
            if not seen.path.endswith("/oauth/token") and seen.path.endswith(path_end)
        ]

    def answer(self, seen: Seen) -> Reply:
        if seen.path == "/auth/oauth/token":
            return self.log_in(seen)
        if seen.path != "/api/v2/system/status":
            token = (seen.headers["Authorization"] or "").removeprefix("Bearer ")
            if token not in self.good_tokens:
                return Reply(401, {"status": 401, "error": "Unauthorized"})
        if (route := self.routes.get((seen.method, seen.path))) is not None:
            return route
        if seen.method == "GET" and seen.path in self.lists:
            return self.page(seen)
        return Reply(404, {"timestamp": 1, "status": 404, "error": "Not Found", "path": seen.path})

    def log_in(self, seen: Seen) -> Reply:
        self.logins += 1
        if self.login_reply is not None:
            return self.login_reply
        assert seen.headers["Authorization"] == "Basic cHVibGljLWNsaWVudDpwdWJsaWM="
        if seen.form() != {"grant_type": "password", "username": self.key, "password": self.secret}:
            return Reply(400, {"error": "invalid_grant", "error_description": "Bad credentials"})
        token = f"token-{self.logins}"
        self.good_tokens.add(token)
        return Reply(
            200,
            {"access_token": token, "token_type": "bearer", "expires_in": self.life, "refresh_token": "r"},
        )

    def page(self, seen: Seen) -> Reply:
        array, rows = self.lists[seen.path]
        page = int(seen.query.get("page", 0))
        part = rows[page * self.page_size : (page + 1) * self.page_size]
        details: dict[str, object] = {"count": len(part), "prevPageUrl": None, "nextPageUrl": None}
        if self.total != "absent":
            details["totalCount"] = len(rows) if self.total == "count" else self.total
        if (page + 1) * self.page_size < len(rows):
            # Loses every filter and may name another host, as live servers were seen to do.
            details["nextPageUrl"] = f"{self.next_host}{seen.path}?page={page + 1}"
        return Reply(200, {"pageDetails": details, array: part})


def alert_row(uid: str = ALERT_UID, **more: object) -> dict[str, object]:
    return {
        "alertUid": uid,
        "priority": "High",
        "diagnostics": None,
        "resolved": False,
        "resolvedBy": None,
        "resolvedOn": None,
        "muted": None,
        "ticketNumber": None,
        "timestamp": 1790000000000,
        "alertMonitorInfo": {"sendsEmails": False, "createsTicket": True},
        "alertContext": {
            "@class": "perf_disk_usage_ctx",
            "diskName": "C:",
            "freeSpace": 9e6,
            "totalVolume": 1e8,
        },
        "alertSourceInfo": {
            "deviceUid": DEVICE_UID,
            "deviceName": "SRV-1",
            "siteUid": SITE_UID,
            "siteName": "Acme",
        },
        "responseActions": None,
        "autoresolveMins": 1,
        "somethingNew": {"a": 1},
    } | more


def device_row(uid: str = DEVICE_UID, **more: object) -> dict[str, object]:
    return {
        "id": 17,
        "uid": uid,
        "siteId": 3,
        "siteUid": SITE_UID,
        "hostname": "SRV-1",
        "deviceClass": "device",
    } | more


def site_row(uid: str = SITE_UID, **more: object) -> dict[str, object]:
    return {"id": 3, "uid": uid, "accountUid": "ab1c0002", "name": "Acme"} | more
