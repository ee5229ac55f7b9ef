"""The double's paths, verbs and answers against Autotask's own OpenAPI file, where that file is present."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from integration.sandbox.autotask.catalogue import ENTITIES
from tests.sandbox.autotask_rig import ACME, SERVER, running

SPEC = Path(__file__).resolve().parents[3] / "shared" / "facts" / "autotask-openapi.json"

pytestmark = pytest.mark.skipif(not SPEC.exists(), reason=f"Autotask's OpenAPI file is not at {SPEC}")

#: JSON schema type -> what a parsed answer holds; itemId is described as an object without properties.
TYPES: dict[str, Any] = {
    "integer": int,
    "string": str,
    "boolean": bool,
    "number": (int, float),
    "array": list,
    "object": object,
}


@pytest.fixture(scope="module")
def spec():
    return json.loads(SPEC.read_text(encoding="utf-8"))


@pytest.fixture
def at():
    with running() as rig:
        yield rig


def schema_at(spec, path, method="get") -> Any:
    return resolve(spec, spec["paths"][path][method]["responses"]["200"]["schema"])


def resolve(spec, schema) -> Any:
    return spec["definitions"][schema["$ref"].removeprefix("#/definitions/")] if "$ref" in schema else schema


def check(spec, schema, value, where) -> None:
    """Compare a value with a schema, property by property; nulls are allowed everywhere in this service."""
    schema = resolve(spec, schema)
    if value is None:
        return
    if schema.get("properties"):
        unknown = set(value) - set(schema["properties"])
        assert not unknown, f"{where}: not in the specification: {sorted(unknown)}"
        for name, inner in value.items():
            check(spec, schema["properties"][name], inner, f"{where}.{name}")
    elif schema.get("type") == "array":
        assert isinstance(value, list), where
        for inner in value:
            check(spec, schema["items"], inner, f"{where}[]")
    elif schema.get("type") in TYPES:
        kind = TYPES[schema["type"]]
        assert isinstance(value, kind), f"{where}: {value!r}"
        # Python counts True as an int, JSON does not.
        assert schema["type"] in {"boolean", "object"} or not isinstance(value, bool), f"{where}: {value!r}"


def item_schema(spec, path) -> Any:
    answer = schema_at(spec, path)
    return resolve(spec, answer["properties"]["item"]) if "item" in answer.get("properties", {}) else answer


def test_every_path_and_verb_of_the_double_exists(spec):
    paths = {path.lower(): set(verbs) for path, verbs in spec["paths"].items()}
    verbs = {"C": "post", "U": "patch"}
    for entity in ENTITIES.values():
        base = f"/v1.0/{entity.name.lower()}"
        if entity.readable_at_top:
            assert {"get", "post"} <= paths[f"{base}/query"], entity.name
            assert "get" in paths[f"{base}/{{id}}"], entity.name
        for nested in entity.nested:
            below = f"/v1.0/{nested.path.lower()}/{{parentid}}/{nested.child_path.lower()}"
            assert "get" in paths[below], entity.name
            for letter, verb in verbs.items():
                assert (verb in paths[below]) == entity.may(letter), f"{entity.name} {verb}"
            assert ("delete" in paths[f"{below}/{{id}}"]) == entity.may("D"), entity.name
        if not entity.nested:
            for letter, verb in verbs.items():
                assert (verb in paths.get(base, set())) == entity.may(letter), f"{entity.name} {verb}"
            deletes = paths.get(f"{base}/{{id}}", set())
            assert ("delete" in deletes) == entity.may("D"), entity.name


@pytest.mark.parametrize("name", sorted(name for name, entity in ENTITIES.items() if entity.readable_at_top))
def test_fields_are_the_services_own(spec, name):
    schema = item_schema(spec, f"/V1.0/{name}/{{id}}")
    theirs = set(schema["properties"]) - {"soapParentPropertyId", "userDefinedFields"}
    ours = {field.name for field in ENTITIES[name].fields.values()} - {"data"}
    assert ours <= theirs | {"data"}, sorted(ours - theirs)
    assert ("userDefinedFields" in schema["properties"]) == bool(ENTITIES[name].udf_label)
    kinds = {
        "long": "integer",
        "integer": "integer",
        "double": "number",
        "boolean": "boolean",
        "string": "string",
        "datetime": "string",
    }
    for field in ENTITIES[name].fields.values():
        told = schema["properties"].get(field.name, {})
        if told.get("type") not in (None, "object"):
            assert told["type"] == kinds[field.data_type], field.name


def test_answers_have_the_services_shapes(spec, at):
    ticket = at.ticket(configurationItemID=SERVER, userDefinedFields=[{"name": "RMM Alert", "value": "a"}])
    note = {"title": "t", "description": "d", "noteType": 1, "publish": 1}
    every = {"filter": [{"op": "exist", "field": "id"}]}
    answers = {
        ("/V1.0/Tickets/{id}", "get"): at.ok("GET", f"Tickets/{ticket}"),
        ("/V1.0/Tickets/query", "post"): at.ok("POST", "Tickets/query", every),
        ("/V1.0/Tickets/query/count", "post"): at.ok("POST", "Tickets/query/count", every),
        ("/V1.0/Tickets/{parentId}/Notes", "post"): at.ok("POST", f"Tickets/{ticket}/Notes", note),
        ("/V1.0/Tickets/{parentId}/Notes", "get"): at.ok("GET", f"Tickets/{ticket}/Notes"),
        ("/V1.0/Tickets", "patch"): at.ok("PATCH", "Tickets", {"id": ticket, "status": 5}),
        ("/V1.0/ConfigurationItems/query", "post"): at.ok("POST", "ConfigurationItems/query", every),
        ("/V1.0/Companies/{id}", "get"): at.ok("GET", f"Companies/{ACME}"),
        ("/V1.0/Companies/{parentId}/Contacts", "get"): at.ok("GET", f"Companies/{ACME}/Contacts"),
        ("/V1.0/Tickets/entityInformation", "get"): at.ok("GET", "Tickets/entityInformation"),
        ("/V1.0/Tickets/entityInformation/fields", "get"): at.ok("GET", "Tickets/entityInformation/fields"),
        ("/V1.0/Tickets/entityInformation/userDefinedFields", "get"): at.ok(
            "GET", "ConfigurationItems/entityInformation/userDefinedFields"
        ),
        ("/V1.0/ThresholdInformation", "get"): at.ok("GET", "ThresholdInformation"),
        ("/V1.0/Version", "get"): at.ok("GET", "Version"),
        ("/VersionInformation", "get"): at.ok("GET", f"{at.base}/ATServicesRest/VersionInformation"),
        ("/V1.0/ZoneInformation", "get"): at.ok(
            "GET", "zoneInformation", params={"user": at.headers["UserName"]}
        ),
    }
    known = {path.lower(): path for path in spec["paths"]}
    for (path, method), answer in answers.items():
        check(spec, schema_at(spec, known[path.lower()], method), answer, f"{method} {path}")
