import pytest

from integration.vendors.autotask.entities import EntityError
from integration.vendors.errors import ContractBroken, PermissionDenied, WriteOutcomeUnknown
from tests.vendors.autotask_fixtures import Double, errors, make_client
from tests.vendors.loopback import Reply

NAME, URL, OFF, KEY = "RMM Bridge", "https://bridge.example/hooks/", "https://bridge.example/off/", "k" * 40
CHOICES = {
    "1": "Ticket Number",
    "2": "Status",
    "3": "Queue",
    "4": "Primary Resource",
    "5": "Priority",
    "6": "Sub-Issue Type",
}


@pytest.fixture
def double(loopback):
    double = Double(loopback)
    values = [{"value": value, "label": label, "isActive": True} for value, label in CHOICES.items()]
    double.info["TicketWebhookFields/entityInformation/fields"] = {
        "fields": [{"name": "fieldID", "isPickList": True, "picklistValues": values}]
    }
    for entity in ("TicketWebhooks", "TicketWebhookFields", "TicketWebhookExcludedResources"):
        double.rows[entity] = []
    return double


@pytest.fixture
def client(double, redis_client):
    client = make_client(double, redis_client)
    yield client
    client.close()


def ensure(client, **changes):
    given = {"fields": ("status",), "excluded_resource_id": 44} | changes
    url = given.pop("url", URL)
    return client.ensure_ticket_webhook(given.pop("name", NAME), url, OFF, given.pop("secret", KEY), **given)


def test_webhook_is_created_in_four_steps_and_is_ready(double, client):
    hook = ensure(
        client, fields=("status", "ticketNumber", "queueID", "assignedResourceID", "PRIORITY", "subIssueType")
    )
    assert (hook.id, hook.guid, hook.is_ready, hook.was_created) == (9001, "guid-9001", True, True)
    row = double.rows["TicketWebhooks"][0]
    assert (row["webhookUrl"], row["deactivationUrl"], row["secretKey"]) == (URL, OFF, KEY)
    assert (row["isActive"], row["isSubscribedToUpdateEvents"]) == (True, True)
    assert [field["fieldID"] for field in double.rows["TicketWebhookFields"]] == [2, 1, 3, 4, 5, 6]
    assert all(field["isSubscribedField"] is True for field in double.rows["TicketWebhookFields"])
    writes = [path for method, path in double.calls("POST") if not path.endswith("query")]
    assert writes[:3] == [
        "TicketWebhooks",
        "TicketWebhooks/9001/ExcludedResources",
        "TicketWebhooks/9001/Fields",
    ]


def test_webhook_running_again_repairs_and_adds_nothing(double, client):
    first = ensure(client)
    double.rows["TicketWebhooks"][0].update(isActive=False, webhookUrl="https://old.example/")
    double.rows["TicketWebhookFields"][0]["isSubscribedField"] = False
    again = ensure(client, secret="n" * 40)
    assert (again.id, again.was_created, again.duplicate_ids) == (first.id, False, ())
    assert len(double.rows["TicketWebhooks"]) == 1
    assert len(double.rows["TicketWebhookFields"]) == 1
    assert len(double.rows["TicketWebhookExcludedResources"]) == 1
    row = double.rows["TicketWebhooks"][0]
    assert (row["isActive"], row["webhookUrl"], row["secretKey"]) == (True, URL, "n" * 40)
    assert double.rows["TicketWebhookFields"][0]["isSubscribedField"] is True


def test_webhook_lost_answer_is_found_again_on_the_next_run(double, client):
    double.rows["TicketWebhooks"].append({"id": 5, "name": NAME, "webhookUrl": URL, "webhookGUID": "g"})
    double.script["PATCH", "TicketWebhooks"] = [Reply(200, hang_up="reset")]
    with pytest.raises(WriteOutcomeUnknown):
        ensure(client)
    hook = ensure(client)
    assert (hook.id, hook.was_created) == (5, False)


def test_webhook_strangers_are_left_alone_and_duplicates_are_named(double, client):
    double.rows["TicketWebhooks"] += [
        {"id": 1, "name": "other", "webhookUrl": "https://other.example/"},
        {"id": 2, "name": NAME, "webhookUrl": "https://old.example/"},
        {"id": 3, "name": "renamed", "webhookUrl": URL},
    ]
    hook = ensure(client)
    assert (hook.id, hook.duplicate_ids) == (3, (2,))
    assert double.rows["TicketWebhooks"][0] == {
        "id": 1,
        "name": "other",
        "webhookUrl": "https://other.example/",
    }


def test_webhook_without_excluded_resource(double, client):
    ensure(client, excluded_resource_id=None)
    assert double.rows["TicketWebhookExcludedResources"] == []


def test_webhook_unknown_field_names_the_offers_before_anything_is_written(double, client):
    with pytest.raises(ContractBroken, match=r"'weather'.*Primary Resource"):
        ensure(client, fields=("status", "weather"))
    assert double.rows["TicketWebhooks"] == []


def test_webhook_permission_is_told(double, client):
    double.script["POST", "TicketWebhooks"] = [
        errors("The logged in Resource does not have the adequate permissions to create this entity.")
    ]
    with pytest.raises(PermissionDenied):
        ensure(client)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"name": "n" * 51}, "name: 51 characters"),
        ({"name": ""}, "name: it is empty"),
        ({"secret": "s" * 65}, "secretKey: 65 characters"),
        ({"url": "bridge.example"}, "webhookUrl: not an address"),
        ({"fields": ()}, "at least one field"),
        ({"fields": "status"}, "at least one field"),
    ],
)
def test_webhook_bad_settings_are_refused_by_name(double, client, changes, says):
    with pytest.raises(EntityError, match=says):
        ensure(client, **changes)
    assert double.server.seen == []


def test_webhook_reactivate_and_delete(double, client):
    hook = ensure(client)
    double.rows["TicketWebhooks"][0]["isActive"] = False
    assert client.find_ticket_webhook(hook.id).is_active is False
    assert client.reactivate_ticket_webhook(hook.id).is_active is True
    assert client.delete_ticket_webhook(hook.id) is True
    assert client.delete_ticket_webhook(hook.id) is False
    assert client.find_ticket_webhook(hook.id) is None
