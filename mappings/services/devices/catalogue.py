"""Mirrors of what configuration items are made of: products, types, categories, user-defined fields."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, get_args

from integration.sync.recorder import RunRecorder
from integration.vendors.autotask.client import AutotaskClient
from integration.vendors.autotask.picklists import FieldSet
from integration.vendors.autotask.records import CategoryUdfAssociation as AssociationRecord
from integration.vendors.autotask.records import FieldInfo
from integration.vendors.autotask.records import Product as ProductRecord
from integration.vendors.autotask.records import UdfDefinition as UdfRecord
from integration.vendors.autotask.udfs import DEFINITIONS, UdfKind, udf_data_type_of, udf_type_of
from integration.vendors.errors import ContractBroken
from mappings.models import (
    ConfigurationItemCategory,
    ConfigurationItemType,
    Product,
    TicketUdf,
    UdfAssociation,
    UdfDefinition,
)
from mappings.services.mirror import Mirror, Row, read_mirror, spared

ENTITY: Final = "ConfigurationItems"
PRODUCTS = Mirror("products", "product", Product, "autotask_product_id", ("is_active", False))
TYPES = Mirror(
    "configuration item types",
    "configuration item type",
    ConfigurationItemType,
    "autotask_type_id",
    ("is_active", False),
)
CATEGORIES = Mirror(
    "configuration item categories",
    "configuration item category",
    ConfigurationItemCategory,
    "autotask_category_id",
    ("is_active", False),
)
UDFS = Mirror(
    "user-defined fields", "user-defined field", UdfDefinition, "autotask_udf_id", ("is_active", False)
)
TICKET_UDFS = Mirror("ticket UDFs", "ticket UDF", TicketUdf, "autotask_udf_id", ("is_active", False))
ASSOCIATIONS = Mirror(
    "UDFs of categories",
    "UDF of a category",
    UdfAssociation,
    "autotask_association_id",
    None,
    label=lambda one: f"UDF of a category {one.autotask_association_id}",
)


def sync_catalogue(recorder: RunRecorder, autotask: AutotaskClient, refused: list[str]) -> None:
    """Read products, configuration item types, categories and user-defined fields, all of each.

    None carries a date of change. A part that may not be read is a failure of this part alone; what was known of it
    stays.

    Args:
        recorder: the run.
        autotask: the client.
        refused: gets the guard's reasons, if it refuses.

    Raises:
        VendorError: Autotask does not answer, refuses the login or asks to wait.
        RunCancelled: a person stopped the run.
    """
    with spared(recorder, "product", "Products"):
        read_mirror(
            recorder,
            PRODUCTS,
            "Reading products",
            # Thousands of discontinued ones may be there, and no item can be made of them.
            autotask.iter_products(active_only=True),
            _product_row,
            since=None,
            refused=refused,
        )
    with spared(recorder, "configuration item type", "Configuration item types"):
        read_mirror(
            recorder,
            TYPES,
            "Reading configuration item types",
            autotask.iter_configuration_item_types(),
            lambda one: {
                "autotask_type_id": one.id,
                "name": one.name or f"Type {one.id}",
                "is_active": one.is_active,
            },
            since=None,
            refused=refused,
        )
    with spared(recorder, "configuration item category", "Configuration item categories"):
        read_mirror(
            recorder,
            CATEGORIES,
            "Reading configuration item categories",
            autotask.iter_configuration_item_categories(),
            lambda one: {
                "autotask_category_id": one.id,
                "name": one.name or f"Category {one.id}",
                "is_active": one.is_active,
                "is_global_default": one.is_global_default,
            },
            since=None,
            refused=refused,
        )
    with spared(recorder, "user-defined field", "User-defined fields"):
        words = read_udf_words(recorder, autotask)
        with spared(recorder, "ticket UDF", "User-defined fields of tickets"):
            sync_ticket_udfs(recorder, autotask, words, refused)
        sync_udfs(recorder, autotask, words, refused)


@dataclass(frozen=True, slots=True)
class UdfWords:
    """What Autotask's ids in definitions mean.

    Attributes:
        fields: field info of the definitions.
        data_types: Autotask's data type -> ours.
        choices: definition -> values of its list, as mirrors hold them.
    """

    fields: FieldSet
    data_types: dict[int, UdfDefinition.DataType]
    choices: dict[int, list[Row]]

    def row(self, record: UdfRecord, shown: Mapping[str, FieldInfo]) -> Row:
        """Return what the mirrors of fields have in common."""
        info = shown.get(record.name)
        data_type = self.data_types.get(record.data_type or 0, UdfDefinition.DataType.UNKNOWN)
        is_list = data_type == UdfDefinition.DataType.LIST
        return {
            "autotask_udf_id": record.id,
            "name": record.name,
            "data_type": data_type,
            "max_length": info.length if info is not None else None,
            "is_active": record.is_active,
            "is_required": record.is_required,
            "list_values": self.choices.get(record.id, []) if is_list else [],
        }


def read_udf_words(recorder: RunRecorder, autotask: AutotaskClient) -> UdfWords:
    """Read what the definitions of every entity refer to. Errors as `sync_udfs`."""
    recorder.begin_step("Reading user-defined fields")
    fields = autotask.fetch_field_info(DEFINITIONS)
    data_types: dict[int, UdfDefinition.DataType] = {}
    for kind in get_args(UdfKind):
        try:
            data_types[udf_data_type_of(fields, kind)] = UdfDefinition.DataType(kind)
        except ContractBroken as error:
            recorder.noticed("user-defined field", kind, f"Fields of kind {kind}", error.detail)
    choices: defaultdict[int, list[Row]] = defaultdict(list)
    for item in autotask.iter_udf_list_items():
        choices[item.definition_id].append(
            {"value": str(item.id), "label": item.display, "is_active": item.is_active}
        )
    return UdfWords(fields, data_types, dict(choices))


def sync_ticket_udfs(
    recorder: RunRecorder, autotask: AutotaskClient, words: UdfWords, refused: list[str]
) -> None:
    """Read the user-defined fields of tickets. Arguments and errors as `sync_udfs`."""
    udf_type = udf_type_of(words.fields, "Tickets")
    shown = autotask.fetch_udf_info("Tickets")
    read_mirror(
        recorder,
        TICKET_UDFS,
        "Reading user-defined fields of tickets",
        autotask.iter_udf_definitions(udf_type=udf_type),
        lambda record: words.row(record, shown),
        since=None,
        refused=refused,
    )


def sync_udfs(recorder: RunRecorder, autotask: AutotaskClient, words: UdfWords, refused: list[str]) -> None:
    """Read the user-defined fields of configuration items, and the categories that show them.

    Arguments and errors as `sync_catalogue`; further:

    Raises:
        PermissionDenied, NotFound, Rejected, ContractBroken: a part of them may not be read, or cannot be understood.
    """
    udf_type = udf_type_of(words.fields, ENTITY)
    shown = autotask.fetch_udf_info(ENTITY)

    def udf_row(record: UdfRecord) -> Row:
        info = shown.get(record.name)
        return {
            **words.row(record, shown),
            "label": info.label if info is not None else "",
            "is_protected": record.is_protected,
        }

    definitions = autotask.iter_udf_definitions(udf_type=udf_type)
    read_mirror(
        recorder, UDFS, "Reading user-defined fields", definitions, udf_row, since=None, refused=refused
    )
    udf_pks = dict(UdfDefinition.objects.order_by().values_list("autotask_udf_id", "pk"))
    category_pks = dict(
        ConfigurationItemCategory.objects.order_by().values_list("autotask_category_id", "pk")
    )

    def association_row(record: AssociationRecord) -> Row | None:
        udf_pk, category_pk = udf_pks.get(record.definition_id), category_pks.get(record.category_id)
        if udf_pk is None or category_pk is None:
            return None
        return {
            "autotask_association_id": record.id,
            "udf_id": udf_pk,
            "category_id": category_pk,
            "is_required": record.is_required,
        }

    read_mirror(
        recorder,
        ASSOCIATIONS,
        "Reading which category shows which field",
        autotask.iter_category_udf_associations(),
        association_row,
        since=None,
        refused=refused,
    )


def _product_row(record: ProductRecord) -> Row:
    return {
        "autotask_product_id": record.id,
        "name": record.name or f"Product {record.id}",
        "is_active": record.is_active,
        "default_autotask_category_id": record.default_configuration_item_category_id,
    }
