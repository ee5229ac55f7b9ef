"""Notes, attachments and billing products of a configuration item against the sandbox."""

from datetime import UTC, datetime

import pytest

from integration.vendors.autotask.entities import EntityError
from integration.vendors.errors import ContractBroken, NotFound, WriteOutcomeUnknown
from tests.sandbox.autotask_rig import GLOBEX_PC, SERVER
from tests.vendors.loopback import Reply

FILE = bytes(range(256)) * 40


@pytest.fixture
def client(sandbox_client):
    return sandbox_client


def test_notes(client):
    note_type = client.fetch_field_info("ConfigurationItemNotes")["noteType"].picklist[0].number
    first = client.create_configuration_item_note(
        SERVER, title="Moved", description="from Acme", note_type=note_type
    )
    client.create_configuration_item_note(GLOBEX_PC, title="Other", description="x", note_type=note_type)
    (note,) = client.iter_configuration_item_notes(SERVER)
    assert (note.id, note.configuration_item_id, note.title, note.description, note.note_type) == (
        first,
        SERVER,
        "Moved",
        "from Acme",
        note_type,
    )
    assert note.created_at is not None


def test_attachments_come_back_byte_by_byte(client):
    attachment_id = client.create_configuration_item_attachment(
        SERVER, title="Report", full_path="report.pdf", content=FILE, publish=2
    )
    (listed,) = client.iter_configuration_item_attachments(SERVER)
    assert (listed.id, listed.title, listed.full_path, listed.publish) == (
        attachment_id,
        "Report",
        "report.pdf",
        2,
    )
    assert (listed.size_bytes, listed.content, listed.configuration_item_id) == (len(FILE), None, SERVER)
    fetched = client.fetch_configuration_item_attachment(SERVER, attachment_id)
    assert fetched.content == FILE
    assert fetched.content_type == "application/pdf"
    assert list(client.iter_configuration_item_attachments(GLOBEX_PC)) == []


def test_a_link_has_no_content(client):
    link = client.create_configuration_item_attachment(
        SERVER, title="Wiki", full_path="https://wiki.example", attachment_type="URL"
    )
    assert client.fetch_configuration_item_attachment(SERVER, link).content is None


def test_an_attachment_of_another_item_is_not_found(client):
    attachment_id = client.create_configuration_item_attachment(
        SERVER, title="Report", full_path="report.pdf", content=FILE
    )
    with pytest.raises(NotFound, match=f"ConfigurationItemAttachments {attachment_id}"):
        client.fetch_configuration_item_attachment(GLOBEX_PC, attachment_id)


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"items": {}},
        {"items": [{"id": 5, "parentID": 1, "attachmentType": "FILE_ATTACHMENT", "data": None}]},
        {"items": [{"id": 5, "parentID": 1, "attachmentType": "FILE_ATTACHMENT", "data": "*****"}]},
    ],
)
def test_a_file_without_its_data_is_never_an_empty_file(double, autotask_client, body):
    double.script["GET", "ConfigurationItems/1/Attachments/5"] = [Reply(200, body)]
    with pytest.raises((ContractBroken, NotFound)):
        autotask_client.fetch_configuration_item_attachment(1, 5)


def test_billing_products(client):
    start = datetime(2026, 2, 1, tzinfo=UTC)
    end = datetime(2026, 8, 1, tzinfo=UTC)
    association_id = client.create_billing_product_association(
        SERVER, billing_product_id=90, effective_at=start
    )
    (found,) = client.iter_billing_product_associations(configuration_item_id=SERVER)
    assert (found.id, found.billing_product_id, found.effective_at, found.expires_at) == (
        association_id,
        90,
        start,
        None,
    )
    client.end_billing_product_association(SERVER, association_id, expires_at=end)
    (found,) = client.iter_billing_product_associations()
    assert (found.configuration_item_id, found.expires_at) == (SERVER, end)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (
            lambda c: c.create_configuration_item_note(SERVER, title=" ", description="x", note_type=1),
            "title",
        ),
        (
            lambda c: c.create_configuration_item_note(SERVER, title="x", description="", note_type=1),
            "description",
        ),
        (
            lambda c: c.create_configuration_item_note(SERVER, title="x" * 251, description="x", note_type=1),
            "251 characters, at most 250",
        ),
        (
            lambda c: c.create_configuration_item_attachment(SERVER, title="x", full_path="x"),
            "needs its content",
        ),
        (
            lambda c: c.create_configuration_item_attachment(
                SERVER, title="x", full_path="x", content=b"x", attachment_type="URL"
            ),
            "only a file",
        ),
        (
            lambda c: c.create_configuration_item_attachment(
                SERVER, title="x", full_path="x", content=bytes(7 * 1024 * 1024 + 1)
            ),
            "7340033 bytes, at most 7340032",
        ),
        (
            lambda c: c.create_billing_product_association(
                SERVER,
                billing_product_id=90,
                effective_at=datetime(2026, 2, 1),  # noqa: DTZ001  the point
            ),
            "aware",
        ),
    ],
)
def test_refused_before_it_costs_a_call(client, records, call, says):
    with pytest.raises(EntityError, match=says):
        call(client)
    assert records == []


@pytest.mark.parametrize(
    ("path", "call"),
    [
        (
            "ConfigurationItems/1/Notes",
            lambda c: c.create_configuration_item_note(1, title="x", description="x", note_type=1),
        ),
        (
            "ConfigurationItems/1/Attachments",
            lambda c: c.create_configuration_item_attachment(1, title="x", full_path="x", content=b""),
        ),
        (
            "UserDefinedFields/1/ListItems",
            lambda c: c.create_udf_list_item(1, display="x"),
        ),
        (
            "ConfigurationItemCategories/1/UdfAssociations",
            lambda c: c.create_category_udf_association(1, 2),
        ),
        (
            "ContractServiceAdjustments",
            lambda c: c.create_contract_service_adjustment(
                1, unit_change=1, effective_at=datetime(2026, 1, 1, tzinfo=UTC)
            ),
        ),
    ],
)
def test_a_write_whose_answer_is_lost_is_sent_once_and_in_doubt(double, autotask_client, path, call):
    double.script["POST", path] = [Reply(200, hang_up="reset")]
    with pytest.raises(WriteOutcomeUnknown):
        call(autotask_client)
    assert double.calls() == [("POST", path)]
