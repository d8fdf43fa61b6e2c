"""Compare and replace in a bucket: what the service promises, and every way in which it fails, done or not done."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.orm import Session

from ledger.log.log import Log
from ledger.objects.objects import ObjectChanged, ObjectStoreUnavailable, ObjectStoreUnfit
from ledger.objects.s3_client import S3Location, S3Objects
from tests.ledger.audit import published
from tests.ledger.conditional_s3 import ConditionalS3, Fault, etag, served
from tests.ledger.local_keys import ORIGIN
from tests.ledger.recording import NOW, SIGNER, nested
from tests.ledger.test_log import logged


@pytest.fixture
def service() -> ConditionalS3:
    return ConditionalS3()


@pytest.fixture
def objects(service: ConditionalS3) -> Iterator[S3Objects]:
    with served(service) as endpoint:
        yield S3Objects(S3Location("s3://bucket", endpoint, access_key_id="test", secret_access_key="test"))


def test_the_service_is_asked_to_compare(service: ConditionalS3, objects: S3Objects) -> None:
    """Not our own look before it: somebody may come in between."""
    objects.swap("head", None, b"1")
    objects.swap("head", b"1", b"2")
    assert service.conditions[1:] == [(None, "*"), (etag(b"1"), None)]


def test_a_service_that_replaces_without_comparing_holds_no_log(service: ConditionalS3, objects: S3Objects) -> None:
    service.ignores = True
    objects.put("log/checkpoint", b"1")
    for expected in (None, b"1"):
        with pytest.raises(ObjectStoreUnfit):
            objects.swap("log/checkpoint", expected, b"2")
    assert service.objects["/bucket/log/checkpoint"] == b"1"


@pytest.mark.parametrize("first", [None, b"1"])
def test_whoever_comes_in_between_our_look_and_our_swap_wins(
    service: ConditionalS3, objects: S3Objects, first: bytes | None
) -> None:
    put = service.put

    def overtaken(path: str, data: bytes, match: str | None, none_match: str | None) -> tuple[int, bytes]:
        service.objects[path] = b"theirs"
        return put(path, data, match, none_match)

    objects.swap("other", None, b"")
    if first is not None:
        objects.swap("head", None, first)
    service.put = overtaken  # type: ignore[method-assign]
    with pytest.raises(ObjectChanged):
        objects.swap("head", first, b"ours")
    assert objects.get("head") == b"theirs"


def test_of_many_swaps_of_one_sight_one_is_made(objects: S3Objects) -> None:
    def swap(expected: bytes | None, number: int) -> int:
        try:
            objects.swap("head", expected, b"%d" % number)
        except ObjectChanged:
            return 0
        return 1

    seen = None
    with ThreadPoolExecutor(6) as pool:
        for step in range(4):
            assert sum(pool.map(swap, [seen] * 6, range(10 * step, 10 * step + 6))) == 1
            seen = objects.get("head")


FAULTS: list[Fault] = ["409", "503", "dropped", "persisted and 503", "persisted and dropped"]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("first", [None, b"1"])
def test_a_swap_that_fails_once_is_done_or_the_caller_looks_again(
    service: ConditionalS3, objects: S3Objects, first: bytes | None, fault: Fault
) -> None:
    objects.swap("other", None, b"")
    if first is not None:
        objects.swap("head", None, first)
    service.faults = [fault]
    try:
        objects.swap("head", first, b"2")
    except (ObjectChanged, ObjectStoreUnavailable):
        # Refused by what we ourselves had written, or not done: never done by halves, never somebody else's.
        assert service.objects.get("/bucket/head") in {first, b"2"}
    else:
        assert objects.get("head") == b"2"


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("at", range(5))
def test_a_log_in_a_bucket_survives_each_of_them_at_each_step(
    session: Session, service: ConditionalS3, objects: S3Objects, fault: Fault, at: int
) -> None:
    log = Log(sessions=nested(session), objects=objects, signer=SIGNER, origin=ORIGIN)
    service.faults = []
    log.append([b"a", b"b"], NOW)
    log.finish(NOW)
    log.append([b"c"], NOW)
    service.faults = [*[None] * at, fault]  # type: ignore[list-item]
    sizes = [published(objects).size]
    for _ in range(3):
        try:
            done = not log.finish(NOW)
        except ObjectStoreUnavailable:
            done = False
        sizes.append(published(objects).size)
        if done:
            break
    assert sizes == sorted(sizes)
    assert logged(objects) == [b"a", b"b", b"c"]
