"""A small Autotask database behind a real HTTP server, and a receiver for what it sends."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests
from flask import Flask
from werkzeug.serving import make_server

from integration.sandbox.autotask import AutotaskDouble

USER, SECRET, CODE = "api@example.com", "s3cret", "CODE-OURS"
API_RESOURCE, ALICE, BOB, GONE = 40, 31, 32, 33
ROLE, OTHER_ROLE = 21, 22
ACME, GLOBEX, CLOSED = 175, 176, 177
ACME_CONTACT, GLOBEX_CONTACT, OLD_CONTACT = 501, 502, 503
ACME_LOCATION, GLOBEX_LOCATION = 601, 602
ACME_CONTRACT, GLOBEX_CONTRACT = 701, 702
ACME_SERVICE = 751
SERVER, GLOBEX_PC, RETIRED = 9001, 9002, 9003
DEVICE_UID, CARE, PATCHES, TICKET_REF = 1001, 1002, 1003, 1004
GOLD, SILVER = 2001, 2002


class Clock:
    """A clock that stands still until it is pushed."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 4, 12, 30, 15, 250000, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def push(self, **span: float) -> None:
        self.moment += timedelta(**span)


class Rig:
    """The double and a client of it; paths are written without the zone and version prefix."""

    def __init__(self, double: AutotaskDouble, clock: Clock, base: str) -> None:
        self.double = double
        self.clock = clock
        self.base = base
        self.root = "ATServicesRest/V1.0"
        self.session = requests.Session()
        self.headers = {"UserName": USER, "Secret": SECRET, "ApiIntegrationCode": CODE}

    def call(self, method, path, json=None, *, headers=None, raw=None, params=None) -> Any:
        url = path if path.startswith("http") else f"{self.base}/{self.root}/{path}"
        return self.session.request(
            method,
            url,
            json=json,
            data=raw,
            params=params,
            headers={**self.headers, **(headers or {})},
            timeout=10,
        )

    def ok(self, method, path, json=None, **more) -> Any:
        answer = self.call(method, path, json, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, method, path, json=None, *, status=500, **more) -> Any:
        answer = self.call(method, path, json, **more)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer.json()["errors"]

    def query(self, entity, *conditions, **more) -> Any:
        return self.ok("POST", f"{entity}/query", {"filter": list(conditions), **more})

    def ids(self, entity, *conditions, **more) -> Any:
        return [row["id"] for row in self.query(entity, *conditions, **more)["items"]]

    def item(self, entity, row_id) -> Any:
        return self.ok("GET", f"{entity}/{row_id}")["item"]

    def ticket(self, **fields) -> Any:
        body = {"companyID": ACME, "title": "Disk full", "status": 1, "priority": 2, "queueID": 8, **fields}
        return self.ok("POST", "Tickets", {k: v for k, v in body.items() if v is not None})["itemId"]


def seed(double: AutotaskDouble) -> None:
    double.seed(
        "Resources",
        [
            {"id": API_RESOURCE, "firstName": "API", "lastName": "User", "isActive": True, "licenseType": 7},
            {"id": ALICE, "firstName": "Alice", "lastName": "A", "isActive": True, "licenseType": 1},
            {"id": BOB, "firstName": "Bob", "lastName": "B", "isActive": True, "licenseType": 1},
            {"id": GONE, "firstName": "Gone", "lastName": "G", "isActive": False, "licenseType": 1},
        ],
    )
    double.seed("Roles", [{"id": i, "name": f"Role {i}", "isActive": True} for i in (ROLE, OTHER_ROLE)])
    double.seed(
        "ResourceRoles",
        [
            {"id": 1, "resourceID": ALICE, "roleID": ROLE, "isActive": True},
            {"id": 2, "resourceID": BOB, "roleID": OTHER_ROLE, "isActive": True},
        ],
    )
    double.seed(
        "Companies",
        [
            {"id": 0, "companyName": "Our MSP", "companyType": 1, "isActive": True},
            {"id": ACME, "companyName": "Acme & Söhne", "companyType": 1, "isActive": True, "phone": "1"},
            {"id": GLOBEX, "companyName": "Globex", "companyType": 1, "isActive": True, "phone": "2"},
            {"id": CLOSED, "companyName": "Closed", "companyType": 1, "isActive": False, "phone": "3"},
        ],
    )
    double.seed(
        "Contacts",
        [
            {"id": ACME_CONTACT, "companyID": ACME, "firstName": "Ann", "lastName": "X", "isActive": 1},
            {"id": GLOBEX_CONTACT, "companyID": GLOBEX, "firstName": "Gil", "lastName": "Y", "isActive": 1},
            {"id": OLD_CONTACT, "companyID": ACME, "firstName": "Old", "lastName": "Z", "isActive": 0},
        ],
    )
    double.seed(
        "CompanyLocations",
        [
            {"id": ACME_LOCATION, "companyID": ACME, "name": "HQ", "isActive": True},
            {"id": GLOBEX_LOCATION, "companyID": GLOBEX, "name": "HQ", "isActive": True},
        ],
    )
    double.seed(
        "BillingCodes",
        [
            {"id": 80, "name": "Remote Support", "useType": 1, "isActive": True},
            {"id": 81, "name": "Hardware", "useType": 4, "isActive": True},
        ],
    )
    double.seed("Services", [{"id": 85, "name": "Server care", "isActive": True}])
    double.seed("Products", [{"id": 90, "name": "Server", "isActive": True}])
    span = {
        "startDate": "2026-01-01T00:00:00Z",
        "endDate": "2026-12-31T00:00:00Z",
        "status": 1,
        "contractType": 7,
    }
    double.seed(
        "Contracts",
        [
            {"id": ACME_CONTRACT, "companyID": ACME, "contractName": "Acme care", **span},
            {"id": GLOBEX_CONTRACT, "companyID": GLOBEX, "contractName": "Globex care", **span},
        ],
    )
    double.seed("ContractServices", [{"id": ACME_SERVICE, "contractID": ACME_CONTRACT, "serviceID": 85}])
    double.seed("ConfigurationItemTypes", [{"id": 11, "name": "Server", "isActive": True}])
    double.seed(
        "ConfigurationItemCategories",
        [
            {"id": 1, "name": "Standard", "isActive": True, "isGlobalDefault": True},
            {"id": 2, "name": "Bare", "isActive": True},
        ],
    )
    kinds = {
        row["label"]: row["value"]
        for row in double.to_state()["picklists"]["UserDefinedFieldDefinitions"]["udfType"]
    }
    device, ticket = kinds["ConfigurationItem"], kinds["Ticket"]
    double.seed(
        "UserDefinedFieldDefinitions",
        [
            {"id": DEVICE_UID, "name": "RMM Device UID", "udfType": device, "dataType": 1, "isActive": True},
            {"id": CARE, "name": "Care Level", "udfType": device, "dataType": 5, "isActive": True},
            {"id": PATCHES, "name": "Missing Patches", "udfType": device, "dataType": 3, "isActive": True},
            {"id": TICKET_REF, "name": "RMM Alert", "udfType": ticket, "dataType": 1, "isActive": True},
        ],
    )
    double.seed(
        "UserDefinedFieldListItems",
        [
            {
                "id": GOLD,
                "udfFieldId": CARE,
                "valueForDisplay": "Gold",
                "valueForExport": "gold",
                "isActive": True,
            },
            {
                "id": SILVER,
                "udfFieldId": CARE,
                "valueForDisplay": "Silver",
                "valueForExport": "s",
                "isActive": False,
            },
        ],
    )
    double.seed(
        "ConfigurationItemCategoryUdfAssociations",
        [
            {
                "id": n,
                "configurationItemCategoryID": 1,
                "userDefinedFieldDefinitionID": udf,
                "isRequired": False,
            }
            for n, udf in enumerate((DEVICE_UID, CARE, PATCHES), start=1)
        ],
    )
    common = {"productID": 90, "configurationItemCategoryID": 1}
    double.seed(
        "ConfigurationItems",
        [
            {"id": SERVER, "companyID": ACME, "isActive": True, "referenceTitle": "SRV01", **common},
            {"id": GLOBEX_PC, "companyID": GLOBEX, "isActive": True, "referenceTitle": "PC01", **common},
            {"id": RETIRED, "companyID": ACME, "isActive": False, "referenceTitle": "OLD", **common},
        ],
    )
    double.add_api_user(USER, SECRET, CODE, API_RESOURCE)


@contextmanager
def running(**options: Any) -> Iterator[Rig]:
    """Start a database of its own on a free port."""
    clock = Clock()
    options = {"public_url": "http://127.0.0.1", "latency_tiers": False, "time_scale": 0.0005, **options}
    double = AutotaskDouble(clock=clock, **options)
    seed(double)
    app = Flask("autotask-test")
    app.register_blueprint(double.blueprint())
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True)
    thread.start()
    base = f"http://127.0.0.1:{server.server_port}"
    double.zone.public_url = base
    rig = Rig(double, clock, base)
    try:
        yield rig
    finally:
        double.close()
        rig.session.close()
        server.shutdown()
        thread.join()
        server.server_close()


class Receiver:
    """Takes posts; `statuses` are used up in order, then 200."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        self.statuses: list[int] = []

    @property
    def paths(self) -> list[str]:
        return [path for path, _headers, _body in self.seen]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Start a receiver on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            receiver.seen.append((self.path, dict(self.headers.items()), body))
            self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
