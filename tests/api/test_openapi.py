"""The OpenAPI document against the standard's own schema, and real answers against the document."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.api.conftest import Door
from tests.api.requests import permit
from tests.api.test_licence_routes import post


@pytest.fixture(scope="module")
def document(door: Door) -> dict[str, Any]:
    described: dict[str, Any] = door.client.get("/openapi.json").json()
    return described


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def fits(document: dict[str, Any], method: str, path: str, answer: Any) -> None:
    """Fail unless status, media type and body of an answer are as the document says."""
    described = document["paths"][path][method]["responses"][str(answer.status_code)]
    media_type = answer.headers["content-type"].partition(";")[0]
    schema = described["content"][media_type]["schema"]
    if media_type.endswith("json") and schema != {"type": "string"}:
        Draft202012Validator({**schema, "components": document["components"]}).validate(answer.json())


def test_it_is_valid(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()


def test_every_answer_is_described(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        for status, answer in operation["responses"].items():
            assert answer["description"], (method, path, status)
            assert answer["content"], (method, path, status)
        assert {"500", "503"} <= operation["responses"].keys()
    assert "HTTPValidationError" not in str(document)


def test_issuing_wants_a_token_a_key_and_a_body(document: dict[str, Any]) -> None:
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    issue = document["paths"]["/v1/licences"]["post"]
    assert issue["security"] == [{"bearer": []}]
    assert [(row["name"], row["required"]) for row in issue["parameters"]] == [("Idempotency-Key", True)]
    schema = issue["requestBody"]["content"]["application/json"]["schema"]
    Draft202012Validator(schema).validate(permit(1))
    assert not Draft202012Validator(schema).is_valid({})
    secured = {path for _, path, operation in operations(document) if operation.get("security")}
    assert secured == {path for path in document["paths"] if path.startswith(("/v1/licences", "/v1/audit"))}


def test_answers_are_as_described(door: Door, document: dict[str, Any], unique: Callable[[], int]) -> None:
    client, headers = door.client, door.authorised
    issued = post(door, permit(unique()), "openapi-1")
    fits(document, "post", "/v1/licences", issued)
    licence = issued.json()
    assert issued.headers["location"] == licence["documents"]["pdf"]["href"].removesuffix("/pdf")
    one, address = "/v1/licences/{identifier}", "/v1/licences/" + licence["identifier"]
    fits(document, "get", one, client.get(address, headers=headers))
    fits(document, "get", one, client.get(address))
    fits(document, "get", one, client.get(address + "x", headers=headers))
    for part in ("pdf", "json", "proof"):
        fits(document, "get", f"{one}/{part}", client.get(f"{address}/{part}", headers=headers))
    door.sequence()
    fits(document, "get", f"{one}/proof", client.get(f"{address}/proof", headers=headers))
    fits(document, "post", "/v1/licences", post(door, {**permit(unique()), "number": "x"}, "openapi-2"))
    fits(document, "post", "/v1/licences", post(door, permit(unique()), "not usable"))
    for body in (
        {"identifier": licence["identifier"], "digest": licence["documents"]["pdf"]["digest"]},
        {},
        {"code": 1},
    ):
        fits(document, "post", "/v1/verifications", client.post("/v1/verifications", json=body))
    fits(document, "get", "/v1/trust", client.get("/v1/trust"))
    fits(document, "get", "/v1/status-lists/{number}", client.get("/v1/status-lists/1"))
    for authority in ("root", "nobody"):
        for kind in ("cer", "crl"):
            fits(document, "get", f"/pki/{{authority}}.{kind}", client.get(f"/pki/{authority}.{kind}"))
    fits(document, "get", "/pki/ocsp/{encoded}", client.get("/pki/ocsp/MAA="))
    for path, media in (("ocsp", "ocsp-request"), ("tsa", "timestamp-query"), ("tsa/national", "timestamp-query")):
        for size in (2, 100_000):
            sent = client.post(f"/pki/{path}", content=b"0" * size, headers={"Content-Type": f"application/{media}"})
            fits(document, "post", f"/pki/{path}", sent)
    for path in ("checkpoint", "tile/0/000", "tile/../keys"):
        fits(document, "get", "/log/{path}", client.get(f"/log/{path}"))
