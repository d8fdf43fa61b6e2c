"""The S3 store over real HTTP, against moto's server."""

from collections.abc import Iterator

import obstore
import pytest
from moto.server import ThreadedMotoServer
from obstore.store import S3Store

from ledger.object_keys import ObjectKeyInvalid
from ledger.objects import ObjectMissing, ObjectStoreUnavailable
from ledger.s3_client import S3Location, S3Objects


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()

def test_x(endpoint):
    import urllib.request
    urllib.request.urlopen(urllib.request.Request(endpoint+"/bucket1", method="PUT")).close()
    o = S3Objects(S3Location("s3://bucket1/some/prefix", endpoint, access_key_id="test", secret_access_key="test"))
    for k in ("a/b","a-b","a.b","a/c/d","log/tile/0/x001/000.p"): o.put(k, k.encode())
    print(list(o.keys("")), list(o.keys("a")), list(o.keys("a/")), list(o.keys("a/c/d")))
    assert o.get("a/b") == b"a/b"
    o.delete("a/b"); o.delete("a/b")
    for k in ("a/b","nothing"):
        with pytest.raises(ObjectMissing): o.get(k)
    bad = S3Objects(S3Location("s3://nobucket", endpoint, access_key_id="test", secret_access_key="test"))
    for f in (lambda: bad.put("a", b""), lambda: bad.get("a"), lambda: list(bad.keys("")), lambda: bad.delete("a")):
        try: print(f())
        except Exception as e: print(repr(e), repr(e.__cause__)[:1000])
    bad = S3Objects(S3Location("s3://bucket1", "http://127.0.0.1:9", access_key_id="test", secret_access_key="test"))
    import time; t=time.time()
    try: print(bad.get("a"))
    except Exception as e: print(repr(e), repr(e.__cause__)[:1000])
    print(time.time()-t)
    assert 0
