"""Contracts, their services and units, the catalogue and companies against the sandbox."""

from datetime import UTC, date, datetime

import pytest

from integration.vendors.autotask.entities import EntityError
from integration.vendors.autotask.query import EVERYTHING, QueryError
from integration.vendors.errors import ContractBroken, Rejected
from tests.sandbox.autotask_rig import ACME, ACME_CONTRACT, ACME_SERVICE, ALICE, GLOBEX, GLOBEX_CONTRACT

APRIL = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture
def client(sandbox_client):
    return sandbox_client


@pytest.fixture
def units(rig):
    """Half a year with 3 units, half a year with 5; the contract's bundle has 2 all year."""
    rig.double.seed("ServiceBundles", [{"id": 86, "name": "All in", "isActive": True}])
    rig.double.seed(
        "ContractServiceBundles", [{"id": 761, "contractID": ACME_CONTRACT, "serviceBundleID": 86}]
    )
    spans = [
        ("2026-01-01T00:00:00Z", "2026-06-30T00:00:00Z", 3),
        ("2026-07-01T00:00:00Z", "2026-12-31T00:00:00Z", 5),
    ]
    rig.double.seed(
        "ContractServiceUnits",
        [
            {
                "id": n,
                "contractID": ACME_CONTRACT,
                "contractServiceID": ACME_SERVICE,
                "serviceID": 85,
                "startDate": start,
                "endDate": end,
                "units": count,
            }
            for n, (start, end, count) in enumerate(spans, 1)
        ],
    )
    rig.double.seed(
        "ContractServiceBundleUnits",
        [
            {
                "id": 1,
                "contractID": ACME_CONTRACT,
                "contractServiceBundleID": 761,
                "serviceBundleID": 86,
                "startDate": "2026-01-01T00:00:00Z",
                "endDate": "2026-12-31T00:00:00Z",
                "units": 2,
            }
        ],
    )


def test_active_contracts(client, rig):
    rig.ok("PATCH", "Contracts", {"id": GLOBEX_CONTRACT, "status": 0})
    assert [contract.id for contract in client.iter_contracts(active_only=True)] == [ACME_CONTRACT]
    assert [contract.id for contract in client.iter_contracts()] == [ACME_CONTRACT, GLOBEX_CONTRACT]
    assert list(client.iter_contracts(company_id=GLOBEX, active_only=True)) == []
    changed = client.iter_contracts(modified_since=rig.clock())
    assert [contract.id for contract in changed] == [GLOBEX_CONTRACT]
    assert client.find_contract(ACME_CONTRACT).name == "Acme care"
    assert client.find_contract(1) is None


@pytest.mark.usefixtures("units")
def test_what_is_on_contracts(client, records):
    (service,) = client.iter_contract_services()
    assert (service.id, service.contract_id, service.service_id) == (ACME_SERVICE, ACME_CONTRACT, 85)
    assert [row.id for row in client.iter_contract_services(contract_id=GLOBEX_CONTRACT)] == []
    assert [row.id for row in client.iter_contract_service_bundles(contract_ids=[ACME_CONTRACT])] == [761]
    records.clear()
    ids = [*range(1, 1001), ACME_CONTRACT]
    assert [row.id for row in client.iter_contract_services(contract_ids=ids)] == [ACME_SERVICE]
    assert len(records) == 2
    records.clear()
    assert list(client.iter_contract_service_units(contract_ids=[])) == []
    assert records == []


@pytest.mark.usefixtures("units")
@pytest.mark.parametrize(
    ("day", "counts"),
    [
        (None, [3, 5]),
        (date(2025, 12, 31), []),
        (date(2026, 1, 1), [3]),
        (date(2026, 6, 30), [3]),
        (date(2026, 7, 1), [5]),
        (date(2026, 12, 31), [5]),
        (date(2027, 1, 1), []),
    ],
)
def test_units_of_a_day(client, day, counts):
    ways = [
        client.iter_contract_service_units(on_day=day),
        client.iter_contract_service_units(contract_id=ACME_CONTRACT, on_day=day),
        client.iter_contract_service_units(contract_ids=[ACME_CONTRACT, GLOBEX_CONTRACT], on_day=day),
    ]
    assert [[row.units for row in way] for way in ways] == [counts] * 3
    bundle_units = [row.units for row in client.iter_contract_service_bundle_units(on_day=day)]
    assert bundle_units == ([2] if counts else [])


def test_an_adjustment_changes_the_units(client):
    client.create_contract_service_adjustment(ACME_SERVICE, unit_change=4, effective_at=APRIL)
    (row,) = client.iter_contract_service_units(contract_id=ACME_CONTRACT)
    assert (row.units, row.contract_service_id, row.service_id, row.starts_at) == (4, ACME_SERVICE, 85, APRIL)
    client.create_contract_service_adjustment(ACME_SERVICE, unit_change=-1, effective_at=APRIL)
    assert [row.units for row in client.iter_contract_service_units(contract_id=ACME_CONTRACT)][-1] == 3
    with pytest.raises(Rejected, match="negative"):
        client.create_contract_service_adjustment(ACME_SERVICE, unit_change=-9, effective_at=APRIL)


def test_adjustments_as_they_are_sent(double, autotask_client):
    autotask_client.create_contract_service_adjustment(
        5, unit_change=2, effective_at=APRIL, unit_price=9.5, unit_cost=1.0
    )
    autotask_client.create_contract_service_bundle_adjustment(6, unit_change=-2, effective_at=APRIL)
    assert double.bodies("POST", "ContractServiceAdjustments") == [
        {
            "contractServiceID": 5,
            "unitChange": 2,
            "effectiveDate": "2026-04-01T00:00:00Z",
            "adjustedUnitPrice": 9.5,
            "adjustedUnitCost": 1.0,
        }
    ]
    assert double.bodies("POST", "ContractServiceBundleAdjustments") == [
        {"contractServiceBundleID": 6, "unitChange": -2, "effectiveDate": "2026-04-01T00:00:00Z"}
    ]


@pytest.mark.usefixtures("units")
def test_the_catalogue(client, rig):
    rig.double.seed("Services", [{"id": 87, "name": "Old care", "isActive": False, "unitPrice": 5}])
    assert [service.name for service in client.iter_services(active_only=True)] == ["Server care"]
    assert {service.name: service.unit_price for service in client.iter_services()}["Old care"] == 5.0
    assert [bundle.name for bundle in client.iter_service_bundles(active_only=True)] == ["All in"]
    product_id = client.create_product(
        {
            "name": "RMM device",
            "productBillingCodeID": 81,
            "isActive": True,
            "isSerialized": False,
            "sku": "R1",
        }
    )
    product = client.find_product(product_id)
    assert (product.name, product.sku, product.is_serialized) == ("RMM device", "R1", False)
    assert client.find_products_named("RMM device") == [product]
    assert client.find_product(1) is None
    client.update("Products", product_id, {"isActive": False})
    assert product_id not in {row.id for row in client.iter_products(active_only=True)}
    assert product_id in {row.id for row in client.iter_products()}


def test_a_company_is_created_and_found(client):
    company_type = client.fetch_field_info("Companies")["companyType"].picklist[0].number
    company_id = client.create_company(
        {"companyName": "Initech", "companyType": company_type, "ownerResourceID": ALICE, "phone": "555"}
    )
    (found,) = client.find_companies_named("Initech")
    assert (found.id, found.company_type, found.owner_resource_id, found.phone) == (
        company_id,
        company_type,
        ALICE,
        "555",
    )
    assert found == client.find_company(company_id)
    assert client.find_companies_named("Nobody") == []
    assert [location.name for location in client.iter_company_locations(company_id=ACME)] == ["HQ"]


COMPANY = {"companyName": "X", "companyType": 1, "ownerResourceID": ALICE, "phone": "1"}
PRODUCT = {"name": "X", "productBillingCodeID": 81, "isActive": True, "isSerialized": False}


@pytest.mark.parametrize(
    ("call", "says"),
    [
        *(
            (
                lambda c, name=name: c.create_company({**COMPANY, name: None}),
                rf"Companies\.{name}: .* needs it",
            )
            for name in COMPANY
        ),
        *(
            (
                lambda c, name=name: c.create_product({**PRODUCT, name: None}),
                rf"Products\.{name}: .* needs it",
            )
            for name in PRODUCT
        ),
        (lambda c: c.create_company({**COMPANY, "companyName": "x" * 101}), "101 characters, at most 100"),
        (lambda c: c.create_company({**COMPANY, "phone": "1" * 26}), "phone: 26 characters, at most 25"),
        (lambda c: c.create_product({**PRODUCT, "sku": "x" * 51}), "sku: 51 characters, at most 50"),
        (
            lambda c: c.create_contract_service_adjustment(5, unit_change=0, effective_at=APRIL),
            "changes nothing",
        ),
        (
            lambda c: c.create_contract_service_bundle_adjustment(5, unit_change=0, effective_at=APRIL),
            "changes nothing",
        ),
    ],
)
def test_refused_before_it_costs_a_call(client, records, call, says):
    with pytest.raises(EntityError, match=says):
        call(client)
    assert records == []


def test_one_contract_or_many_but_not_both(client):
    with pytest.raises(QueryError, match="not both"):
        client.iter_contract_services(contract_id=1, contract_ids=[2])
    with pytest.raises(QueryError, match="ContractServiceAdjustments cannot be read"):
        client.iter_query("ContractServiceAdjustments", EVERYTHING)


def test_a_unit_row_without_its_number_is_broken(double, autotask_client):
    double.rows["ContractServiceUnits"] = [{"id": 1, "contractID": 1, "contractServiceID": 1, "units": None}]
    with pytest.raises(ContractBroken, match=r"ContractServiceUnits\.units"):
        list(autotask_client.iter_contract_service_units())
