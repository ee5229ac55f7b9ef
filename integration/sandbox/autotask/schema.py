"""Entities as data: a compact notation, parsed once into `Entity` and `Field`.

One line per field: `name type flags`. Types: `long int double decimal bool datetime str<max> text(no limit) base64`.
Flags: `req` required at create, `ro` server-owned (sent values are ignored), `once` settable at create only, `pick`
picklist, `nq` not usable in a filter, `>Entity` reference to another entity.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

Row = dict[str, Any]

#: notation -> (data type in field info, Python type)
_TYPES: Final = {
    "long": "long",
    "int": "integer",
    "double": "double",
    "decimal": "decimal",
    "bool": "boolean",
    "datetime": "datetime",
    "text": "string",
    "str": "string",
    "base64": "string",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an entity, as field info tells it."""

    name: str
    data_type: str
    length: int = 0
    required: bool = False
    read_only: bool = False
    create_only: bool = False
    picklist: bool = False
    queryable: bool = True
    reference: str = ""

    @property
    def vendor_owned(self) -> bool:
        """Tell whether the field belongs to Datto's own integration."""
        return self.read_only and self.name.startswith(("rmm", "datto", "deviceNetworking", "monitor"))


@dataclass(frozen=True, slots=True)
class Nested:
    """Where a child entity is written: `<parent_path>/<id>/<child_path>`; `field` holds the parent's id."""

    parent: str
    child_path: str
    field: str
    parent_path: str = ""

    @property
    def path(self) -> str:
        """Return the first path segment, which is not always the parent's own name."""
        return self.parent_path or self.parent


@dataclass(frozen=True, slots=True)
class Entity:
    """One REST entity: its names, its verbs and its fields (keyed by lower-case name)."""

    name: str
    object_name: str
    operations: str
    fields: dict[str, Field] = field(repr=False)
    udf_label: str = ""
    nested: tuple[Nested, ...] = ()
    readable_at_top: bool = True
    attachment: bool = False
    webhook_of: str = ""
    always_required: tuple[str, ...] = ()
    """Fields that a PATCH must carry as well."""
    naive_dates: bool = False
    """Timestamps are answered without a zone, as some entities of the real service do."""

    def may(self, operation: str) -> bool:
        """Tell whether the API offers C, U, D or Q here."""
        return operation in self.operations

    def find_field(self, name: str) -> Field | None:
        """Return the field of this name in any letter case."""
        return self.fields.get(name.lower())


def parse_fields(text: str) -> dict[str, Field]:
    """Read the notation; keys are lower-case names.

    Raises:
        ValueError: naming the line, because a wrong table is a mistake of ours.
    """
    found: dict[str, Field] = {}
    for line in text.strip().splitlines():
        name, kind, *flags = line.split()
        length = int(kind[3:]) if kind.startswith("str") and kind[3:].isdigit() else 0
        base = "str" if length else kind
        if base not in _TYPES:
            raise ValueError(f"{line.strip()!r}: {kind!r} is not a type; use one of {sorted(_TYPES)}")
        known = {"req", "ro", "once", "pick", "nq"}
        wrong = [flag for flag in flags if flag not in known and not flag.startswith(">")]
        if wrong:
            raise ValueError(f"{line.strip()!r}: unknown flag {wrong[0]!r}; use {sorted(known)} or >Entity")
        found[name.lower()] = Field(
            name=name,
            data_type=_TYPES[base],
            length=length,
            required="req" in flags,
            read_only="ro" in flags or name == "id",
            create_only="once" in flags,
            picklist="pick" in flags,
            queryable="nq" not in flags and kind != "base64",
            reference=next((flag[1:] for flag in flags if flag.startswith(">")), ""),
        )
    return found


def entity(
    name: str,
    object_name: str,
    operations: str,
    fields: str,
    *,
    udf: str = "",
    under: tuple[str, str, str] | Nested | None = None,
    also_under: tuple[Nested, ...] = (),
    readable_at_top: bool = True,
    attachment: bool = False,
    webhook_of: str = "",
    always_required: tuple[str, ...] = (),
    naive_dates: bool = False,
) -> Entity:
    """Describe an entity; `under` is (parent, child path, field that holds the parent's id)."""
    nested: tuple[Nested, ...] = ()
    if under is not None:
        nested = (under if isinstance(under, Nested) else Nested(*under),)
    return Entity(
        name=name,
        object_name=object_name,
        operations=operations,
        fields=parse_fields(fields),
        udf_label=udf,
        nested=nested + also_under,
        readable_at_top=readable_at_top,
        attachment=attachment,
        webhook_of=webhook_of,
        always_required=always_required,
        naive_dates=naive_dates,
    )
