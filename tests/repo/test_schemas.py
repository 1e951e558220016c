"""Every document that we write has a schema, which is one, and which the documentation names."""

from __future__ import annotations

import ast
import re

import pytest
from jsonschema import Draft202012Validator

from tests.repo.schemas import faults, schemas
from tests.repo.sources import ROOT, modules, tree

NAMED = re.compile(r"airflow-harness/([a-z-]+)/\d+")
PAGE = ROOT / "docs" / "documents.md"
READ = {"world"}
"""What people write and we read; `tests/repo/test_world_schema.py` holds it true."""


def constants() -> dict[str, str]:
    """Name of a document -> its schema's name, of every constant of the package."""
    texts = {
        node.value.value
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    }
    return {found[1]: text for text in sorted(texts) if (found := NAMED.fullmatch(text))}


def test_every_document_has_a_schema_and_no_other() -> None:
    assert {"run", "calendar", "check", "verify", "error"} <= set(constants())
    assert list(schemas()) == sorted({*constants(), *READ})


@pytest.mark.parametrize("name", sorted(constants()))
def test_the_schema_is_one_and_names_its_document(name: str) -> None:
    schema = schemas()[name]
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert f'"const": "{constants()[name]}"' in (ROOT / "docs" / "schemas" / f"{name}.json").read_text(encoding="utf-8")
    assert f"(schemas/{name}.json)" in PAGE.read_text(encoding="utf-8"), "the page names it"


@pytest.mark.parametrize(
    ("name", "document", "fault"),
    [
        ("verify", {}, "'schema' is a required property"),
        ("error", {"schema": "airflow-harness/error/2", "error": {}}, "'airflow-harness/error/1' was expected"),
        ("baseline", {"schema": "airflow-harness/baseline/1", "findings": [], "more": 1}, "'more' was unexpected"),
        ("check", {"schema": "airflow-harness/check/1", "findings": [{"severity": "off"}]}, "'off' is not one of"),
        ("calendar", {"since": "2025-01-01T00:00:00+00:00"}, "does not match"),
        ("calendar", {"runs": [{"task_instances": [{"map_index": -2}]}]}, "-2 is less than the minimum of -1"),
        ("journal", {"n": 0, "hash": "0" * 16, "kind": "run-state"}, "'at' is a required property"),
    ],
)
def test_a_document_that_does_not_keep_to_it_is_seen(name: str, document: object, fault: str) -> None:
    assert any(fault in one for one in faults(name, document))
