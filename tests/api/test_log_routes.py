"""What is served below /log/: as c2sp.org/tlog-tiles says, and whatever path somebody makes up is 404."""

import pytest
from fastapi import FastAPI
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from api import log_routes, problems
from ledger.log.log import Log
from ledger.objects.objects import ObjectStore
from tests.ledger.local_keys import ORIGIN
from tests.ledger.recording import NOW, SIGNER, nested


@pytest.fixture
def client(session: Session, objects: ObjectStore) -> TestClient:
    log = Log(sessions=nested(session), objects=objects, signer=SIGNER, origin=ORIGIN)
    log.append([b"%d" % number for number in range(300)], NOW)
    log.finish(NOW)
    objects.put("documents/aa/secret", b"secret")
    objects.put("log/other", b"no tile")
    app = FastAPI()
    problems.install(app)
    app.include_router(log_routes.routes(objects, lambda: b"", lambda _number: ""))
    return TestClient(app, base_url="http://127.0.0.1:8000")


def test_the_checkpoint_is_text_and_soon_old(client: TestClient, objects: ObjectStore) -> None:
    answer = client.get("/log/checkpoint")
    assert (answer.status_code, answer.content) == (200, objects.get("log/checkpoint"))
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=1"


@pytest.mark.parametrize("path", ["tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"])
def test_tiles_are_bytes_for_ever(client: TestClient, objects: ObjectStore, path: str) -> None:
    answer = client.get(f"/log/{path}")
    assert (answer.status_code, answer.content) == (200, objects.get(f"log/{path}"))
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    head = client.head(f"/log/{path}")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(answer.content)))


@pytest.mark.parametrize(
    "path",
    [
        "",
        "other",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/0/002",
        "tile/0/000.p/44",
        "tile/0/001.p/0",
        "tile/0/000.p/256",
        "tile/0/001.p/044",
        "tile/0/000/",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/0000",
        "tile/0/x000/000",
        "tile/0/x001/x000",
        "tile/0/" + "x999/" * 5 + "999",
        "tile/0/" + "x999/" * 9 + "999",
        "tile/0/" + "x999/" * 300 + "999",
        "tile/entries/999",
        "tile/entries/٠٠٠",
        "tile/0/000%00",
        "tile/0/000%0a",
        "checkpoint/",
        "checkpoint%00",
        "CHECKPOINT",
        "../documents/aa/secret",
        "%2e%2e/documents/aa/secret",
        "..%2fdocuments%2faa%2fsecret",
        "tile/%2e%2e/%2e%2e/documents/aa/secret",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "%ff%fe",
        "tile/0/%ff",
        "tile\\0\\000",
        "tile/0/000?x=1/../../checkpoint%00",
    ],
)
def test_a_path_that_somebody_makes_up_is_not_there(client: TestClient, path: str) -> None:
    answer = client.get(f"/log/{path}")
    if "?" in path:
        assert answer.status_code == 200, "a query changes nothing"
        return
    assert answer.status_code == 404
    assert b"secret" not in answer.content
    assert "immutable" not in answer.headers.get("cache-control", "")


def test_that_a_tile_is_missing_is_not_kept_by_any_cache(client: TestClient) -> None:
    """It comes with one of the next checkpoints: 404 may be cached for a while unless it says otherwise."""
    answer = client.get("/log/tile/0/001")
    assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store")
