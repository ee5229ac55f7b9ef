"""Checks of a caller's fields against what Autotask is known to refuse, before a call is spent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from integration.vendors.autotask import limits
from integration.vendors.autotask.entities import EntityError


def check_lengths(entity: str, fields: Mapping[str, object]) -> None:
    """Check texts, those of user-defined fields included, against the lengths Autotask takes.

    Raises:
        EntityError: naming the field, its length and the limit.
    """
    longest = {name.lower(): most for name, most in limits.MAX_LENGTHS.get(entity, {}).items()}
    for name, value in fields.items():
        if name.lower() == "userdefinedfields" and isinstance(value, Mapping):
            for udf_name, text in value.items():
                _check_length(f"{entity}.{udf_name}", text, limits.UDF_TEXT)
        else:
            _check_length(f"{entity}.{name}", value, longest.get(name.lower()))


def _check_length(name: str, value: object, most: int | None) -> None:
    if most is not None and isinstance(value, str) and limits.length_of(value) > most:
        raise EntityError(f"{name}: {limits.length_of(value)} characters, at most {most}; shorten it")


def check_needed(entity: str, fields: Mapping[str, object], needed: Iterable[str]) -> None:
    """Check that the fields Autotask needs for a create are there and not empty.

    Raises:
        EntityError: naming the first that is missing, None or blank.
    """
    given = {name.lower(): value for name, value in fields.items()}
    for name in needed:
        value = given.get(name.lower())
        if value is None or (isinstance(value, str) and not value.strip()):
            raise EntityError(f"{entity}.{name}: Autotask needs it to create a row; give a value")
