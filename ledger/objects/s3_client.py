"""The object store on S3 and whatever speaks its protocol (MinIO, Ceph, OBS, OSS...), through obstore."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError, PreconditionError
from obstore.store import S3Store

from ledger.objects.object_keys import check_key, check_prefix
from ledger.objects.objects import ObjectChanged, ObjectMissing, ObjectStoreUnavailable, ObjectStoreUnfit

if TYPE_CHECKING:
    from obstore import PutMode
    from obstore.store import S3Config

_THREADS = 16
_PROBE = "if-match"
_NO_TAG = '"00000000000000000000000000000000"'


@dataclass(frozen=True, slots=True)
class S3Location:
    """Where the objects lie and who we are there.

    url: s3://bucket or s3://bucket/prefix
    endpoint: address of the service when it is not Amazon's; plain http is allowed when it says so
    """

    url: str
    endpoint: str | None = None
    region: str = "us-east-1"
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)


class S3Objects:
    """The `ObjectStore` in a bucket, which must exist. S3 answers a put once the object is durable.

    `swap` needs a service that knows conditional writes (If-Match and If-None-Match on PUT); it is tried out once, for
    one that does not know them says nothing and replaces.
    """

    def __init__(self, location: S3Location) -> None:
        self._compares = False
        url = urlsplit(location.url)
        config: S3Config = {"region": location.region}
        if location.endpoint is not None:
            config["endpoint"] = location.endpoint
        if location.access_key_id is not None and location.secret_access_key is not None:
            config["access_key_id"] = location.access_key_id
            config["secret_access_key"] = location.secret_access_key
        self._store = S3Store(
            url.netloc,
            prefix=url.path.strip("/") or None,
            config=config,
            client_options={
                "allow_http": (location.endpoint or "").startswith("http:"),
                "connect_timeout": "3 s",
                "timeout": "30 s",
            },
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=15)},
        )

    def put(self, key: str, data: bytes) -> None:
        """Store the bytes, replacing what was there at once; durable when this returns."""
        with _mapped(check_key(key)):
            # One request: a multipart upload of a small object costs three.
            obstore.put(self._store, key, data, use_multipart=False)

    def put_all(self, objects: Mapping[str, bytes]) -> None:
        """Store many objects side by side; all are durable when this returns, some may be when it raises."""
        with ThreadPoolExecutor(min(_THREADS, max(1, len(objects)))) as pool:
            for done in [pool.submit(self.put, key, data) for key, data in objects.items()]:
                done.result()

    def swap(self, key: str, expected: bytes | None, data: bytes) -> None:
        """Store the bytes if the object still is what the caller saw, None for none; raises ObjectChanged.

        An answer that was lost on its way may make a swap that was done look refused: the caller reads again. Raises
        ObjectStoreUnfit.
        """
        with _mapped(check_key(key)):
            self._require_conditions()
            try:
                obstore.put(self._store, key, data, mode=self._unchanged(key, expected), use_multipart=False)
            except (AlreadyExistsError, PreconditionError) as error:
                raise ObjectChanged(key) from error

    def _require_conditions(self) -> None:
        if self._compares:
            return
        try:
            obstore.put(self._store, _PROBE, b"", mode={"e_tag": _NO_TAG}, use_multipart=False)
        except (PreconditionError, NotFoundError, FileNotFoundError) as error:
            if "NoSuchBucket" in str(error):
                raise
            self._compares = True
        else:
            with suppress(BaseError, OSError):
                obstore.delete(self._store, _PROBE)
            raise ObjectStoreUnfit

    def _unchanged(self, key: str, expected: bytes | None) -> "PutMode":
        """Return the condition under which the object is replaced: it has no bytes yet, or those."""
        if expected is None:
            return "create"
        try:
            found = obstore.get(self._store, key)
        except (NotFoundError, FileNotFoundError) as error:
            if "NoSuchBucket" in str(error):
                raise
            raise ObjectChanged(key) from error
        if found.bytes().to_bytes() != expected:
            raise ObjectChanged(key)
        return {"e_tag": found.meta["e_tag"]}

    def get(self, key: str) -> bytes:
        """Return the bytes; raises ObjectMissing."""
        with _mapped(check_key(key)):
            return obstore.get(self._store, key).bytes().to_bytes()

    def delete(self, key: str) -> None:
        """Remove the object; it need not exist."""
        with _mapped(check_key(key)):
            obstore.delete(self._store, key)

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys below a folder of keys ("" is all) in lexical order, as S3 lists them."""
        below = check_prefix(prefix)
        with _mapped(below):
            for page in obstore.list(self._store, below or None):
                for found in page:
                    yield found["path"]

    def stored_before(self, prefix: str, moment: datetime) -> Iterator[str]:
        """Yield the keys below a folder of keys whose objects were put before a time."""
        below = check_prefix(prefix)
        with _mapped(below):
            for page in obstore.list(self._store, below or None):
                for found in page:
                    if found["last_modified"] < moment:
                        yield found["path"]


@contextmanager
def _mapped(key: str) -> Iterator[None]:
    try:
        yield
    except (NotFoundError, FileNotFoundError) as error:  # obstore raises Python's own error where there is one
        if "NoSuchBucket" in str(error):
            raise ObjectStoreUnavailable("NoSuchBucket") from error
        raise ObjectMissing(key) from error
    except (BaseError, OSError) as error:
        raise ObjectStoreUnavailable(type(error).__name__) from error
