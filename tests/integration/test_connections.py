"""Entering credentials, and what clients do with them."""

from __future__ import annotations

import pytest
from django.db import connection as database

from integration import clients
from integration.clients import NotConnected, autotask_client, datto_client
from integration.connections import (
    ConnectionInvalid,
    disable,
    get_connection,
    pause,
    resume,
    save_connection,
)
from integration.models import VendorCall
from integration.vendors.budget import Lane
from integration.vendors.errors import AuthenticationFailed

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("datto_api_url", "", "missing"),
        ("datto_api_url", "http://merlot-api.centrastage.net", "unencrypted"),
        ("datto_api_url", "https://user:pw@merlot-api.centrastage.net", "user name"),
        ("autotask_zone_url", "http://webservices.autotask.net", "https"),
        ("autotask_username", "", "missing"),
        ("autotask_username", "a\nb@c.example", "control character"),
        ("datto_api_key", "ABC DEF", "blank"),
        ("datto_api_secret", "“ABC”", "typographic"),
    ],
)
def test_bad_input_names_the_field_and_the_cure(field, text, said):
    with pytest.raises(ConnectionInvalid) as error:
        save_connection({field: text})
    assert list(error.value.errors) == [field]
    assert said in error.value.errors[field]


@pytest.mark.parametrize(
    ("field", "text", "stored"),
    [
        ("datto_api_url", " Merlot ", "https://merlot-api.centrastage.net"),
        (
            "datto_api_url",
            "https://pinotage-api.centrastage.net/api/",
            "https://pinotage-api.centrastage.net",
        ),
        ("autotask_zone_url", "webservices.autotask.net", "https://webservices.autotask.net/atservicesrest"),
        ("autotask_zone_url", "", "https://webservices.autotask.net/atservicesrest"),
        ("autotask_secret", "  abc\n", "abc"),
    ],
)
def test_input_is_tidied(field, text, stored):
    save_connection({field: text})
    assert getattr(get_connection(), field) == stored


def test_secrets_are_encrypted_in_the_database(connected):
    with database.cursor() as cursor:
        cursor.execute("SELECT datto_api_secret, autotask_secret FROM integration_connection")
        row = cursor.fetchone()
    assert connected.datto_api_secret not in row[0]
    assert row[0].startswith("gAAAA")
    assert row[1].startswith("gAAAA")


def test_another_account_gives_a_warning_and_forgets_what_was_known(connected):
    saved = save_connection({"autotask_username": "other@elsewhere.example"})
    assert any("another database" in text for text in saved.warnings)
    connection = get_connection()
    assert connection.autotask_resource_id is None
    assert connection.autotask_webhook_id is None


def test_changed_credentials_reach_clients_without_restart(connected, demo_values):
    datto_client(lane=Lane.INTERACTIVE).fetch_account()
    save_connection({"datto_api_secret": "WRONG-0123456789"})
    with pytest.raises(AuthenticationFailed):
        datto_client(lane=Lane.INTERACTIVE).fetch_account()
    save_connection({"datto_api_secret": demo_values["datto_api_secret"]})
    datto_client(lane=Lane.INTERACTIVE).fetch_account()


def test_one_login_serves_many_clients(connected, sandbox):
    for number in range(3):
        datto_client(lane=Lane.INTERACTIVE, subject=f"test:{number}").fetch_account()
        clients.drop_clients()  # as another process would
    logins = VendorCall.objects.filter(path="/auth/oauth/token").count()
    assert logins == 1
    assert VendorCall.objects.filter(subject="test:2").exists()


def test_building_a_client_costs_one_query(connected, django_assert_num_queries):
    autotask_client(lane=Lane.BACKGROUND)
    with django_assert_num_queries(1):
        autotask_client(lane=Lane.BACKGROUND)


def test_no_client_without_credentials(db):
    get_connection()
    with pytest.raises(NotConnected) as error:
        datto_client(lane=Lane.BACKGROUND, check_state=False)
    assert error.value.reason == "incomplete"
    assert error.value.remedy


def test_disabled_means_no_client_at_all(connected):
    disable(connected)
    for make in (datto_client, autotask_client):
        with pytest.raises(NotConnected) as error:
            make(lane=Lane.BACKGROUND)
        assert error.value.reason == "disabled"
    datto_client(lane=Lane.BACKGROUND, check_state=False)


@pytest.mark.parametrize(
    ("lane", "writes"), [(Lane.NEW_TICKET, None), (Lane.CLOSE, None), (Lane.BACKGROUND, True)]
)
def test_pause_stops_writes(connected, lane, writes):
    pause(connected, "moving to another zone")
    with pytest.raises(NotConnected, match="moving to another zone"):
        autotask_client(lane=lane, writes=writes)
    resume(connected)
    autotask_client(lane=lane, writes=writes)


@pytest.mark.parametrize(
    ("lane", "writes"), [(Lane.INTAKE, None), (Lane.BACKGROUND, None), (Lane.NEW_TICKET, False)]
)
def test_pause_lets_reads_go_on(connected, lane, writes):
    pause(connected, "")
    datto_client(lane=lane, writes=writes).fetch_account()


def test_budget_snapshot_counts_calls(connected):
    datto_client(lane=Lane.INTERACTIVE).fetch_account()
    assert clients.budget_snapshot()["datto_rmm"].used_by_us >= 2


@pytest.mark.parametrize("lane", list(Lane))
def test_a_pause_holds_for_clients_that_were_made_before_it_whatever_their_lane(connected, sandbox, lane):
    autotask, datto = autotask_client(lane=lane), datto_client(lane=lane)
    pause(connected, "Moving the database")
    assert list(autotask.iter_products(active_only=True)), "reading goes on"
    sandbox.sandbox.autotask.forget_writes()
    with pytest.raises(NotConnected, match="Moving the database"):
        autotask.create_company({"companyName": "X", "companyType": 1, "ownerResourceID": 1, "phone": "1"})
    with pytest.raises(NotConnected):
        datto.create_site("A site nobody may make now")
    assert sandbox.sandbox.autotask.writes() == {}
    assert datto.find_sites_named("A site nobody may make now") == []
