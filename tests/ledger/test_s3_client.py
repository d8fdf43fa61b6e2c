"""The S3 store over real HTTP, against moto's server; what it has in common with other stores: test_object_stores.py."""

import socket
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from ledger.objects.objects import ObjectStore, ObjectStoreUnavailable
from ledger.objects.s3_client import S3Location, S3Objects


def objects(url: str, endpoint: str) -> S3Objects:
    return S3Objects(S3Location(url, endpoint, access_key_id="test", secret_access_key="test"))


def test_stores_share_a_bucket_by_prefix(s3_endpoint: str, s3_bucket: str) -> None:
    whole, one, two = (objects(f"s3://{s3_bucket}{prefix}", s3_endpoint) for prefix in ("", "/one", "/two/"))
    one.put("a", b"1")
    two.put("a", b"2")
    assert (one.get("a"), two.get("a")) == (b"1", b"2")
    assert list(one.keys("")) == ["a"]
    assert list(whole.keys("")) == ["one/a", "two/a"]


def test_more_keys_than_one_answer_holds(s3_endpoint: str, s3_bucket: str) -> None:
    store = objects(f"s3://{s3_bucket}", s3_endpoint)
    keys = [f"k/{number:04}" for number in range(1005)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: store.put(key, b""), keys))
    assert list(store.keys("k")) == keys


def _calls(store: ObjectStore) -> list[Callable[[], object]]:
    return [
        lambda: store.put("a", b""),
        lambda: store.put_all({"a": b"", "b": b""}),
        lambda: store.swap("a", None, b""),
        lambda: store.swap("a", b"", b""),
        lambda: store.get("a"),
        lambda: store.delete("a"),
        lambda: list(store.keys("")),
    ]


def test_a_bucket_that_does_not_exist_is_no_missing_object(s3_endpoint: str) -> None:
    for call in _calls(objects("s3://nowhere", s3_endpoint)):
        with pytest.raises(ObjectStoreUnavailable):
            call()


def test_a_service_that_does_not_answer(s3_bucket: str) -> None:
    with socket.socket() as unheard:  # bound and never listening: connections are refused at once
        unheard.bind(("127.0.0.1", 0))
        for call in _calls(objects(f"s3://{s3_bucket}", f"http://127.0.0.1:{unheard.getsockname()[1]}")):
            with pytest.raises(ObjectStoreUnavailable):
                call()


def test_no_error_carries_the_secret(s3_endpoint: str) -> None:
    location = S3Location("s3://nowhere", s3_endpoint, access_key_id="who", secret_access_key="hush-hush")
    with pytest.raises(ObjectStoreUnavailable) as caught:
        S3Objects(location).get("a")
    assert "hush" not in "".join(traceback.format_exception(caught.value))
    assert "hush" not in repr(location)
