"""What holds for every answer, whatever the route."""

import logging

import pytest
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from api.guard import Guard
from tests.api.conftest import Door

READS = (
    "/",
    "/v1/trust",
    "/v1/status-lists/1",
    "/openapi.json",
    "/static/page.css",
    "/v1/licences/x",
    "/nowhere",
    "/v/x",
)
SECRET = "王测试 990101199001010019"


@pytest.mark.parametrize("path", READS)
def test_every_answer_is_guarded_and_head_is_get_without_content(door: Door, path: str) -> None:
    answer, head = door.client.get(path), door.client.head(path)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert head.status_code == answer.status_code
    assert head.content == b""
    assert head.headers["content-type"] == answer.headers["content-type"]


def test_only_what_is_public_may_be_kept(door: Door) -> None:
    kept = {path: door.client.get(path).headers["cache-control"] for path in READS}
    assert kept.pop("/static/page.css") == "no-cache"
    assert kept.pop("/v1/trust").startswith("public")
    assert kept.pop("/v1/status-lists/1").startswith("public")
    assert set(kept.values()) == {"no-store"}


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/", "GET, HEAD, POST"),
        ("/v1/licences", "POST"),
        ("/v1/licences/x/pdf", "GET, HEAD"),
        ("/v1/verifications", "POST"),
        ("/static/page.css", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(door: Door, path: str, allowed: str) -> None:
    for method in ("DELETE", "PATCH", "OPTIONS", "FOO"):
        answer = door.client.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
        assert answer.json()["code"] == "http.405"


@pytest.mark.parametrize("path", ["/v1/licences/", "/v1/verifications/", "/static", "/v1/trust/"])
def test_nobody_is_sent_where_the_host_header_says(door: Door, path: str) -> None:
    answer = door.client.get(path, headers={"Host": "elsewhere.example"}, follow_redirects=False)
    assert answer.status_code in {404, 405}
    assert "location" not in answer.headers


def test_our_own_failure_is_a_problem_document_and_its_log_names_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ValueError(SECRET)

    with caplog.at_level(logging.ERROR):
        answer = TestClient(Guard(broken)).get("/v/secret-code-of-a-licence")
    assert (answer.status_code, answer.json()["code"]) == (500, "door.failed")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert "ValueError" in caplog.text
    assert "test_guard.py" in caplog.text
    assert SECRET not in caplog.text + answer.text
    assert "secret-code" not in caplog.text
