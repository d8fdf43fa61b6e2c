import json
import zlib
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from licences.verification.status_lists import ListedStatus, ListTrouble, read_status
from seals.jwt.jades import sign_jwt
from seals.jwt.jose import b64url_decode, b64url_encode
from tests.licences.verification.sealed import NOW, STATUS_URI, make_world, world

TOLERANCE = timedelta(minutes=5)
TRUST = world().trust()


def read(text: str, index: int = 0) -> ListedStatus | ListTrouble:
    return read_status(text, STATUS_URI, index, TRUST, NOW, TOLERANCE)


def trouble(text: str, index: int = 0) -> str:
    found = read(text, index)
    assert isinstance(found, ListTrouble)
    return found.trouble


def listed(lst: bytes, bits: int = 2, **changes: Any) -> str:
    return world().status_list(**{"status_list": {"bits": bits, "lst": b64url_encode(lst)}, **changes})


@given(st.dictionaries(st.integers(0, 7), st.integers(0, 3), max_size=8))
@settings(max_examples=25, deadline=None)
def test_every_index_has_its_own_value(values: dict[int, int]) -> None:
    text = world().status_list(values)
    for index in range(8):
        found = read(text, index)
        assert isinstance(found, ListedStatus)
        assert found.value == values.get(index, 0)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_the_example_of_the_draft(bits: int) -> None:
    """The first index lies in the lowest bits: draft-ietf-oauth-status-list section 4.1."""
    packed = bytes([0b10110001])
    values = [packed[0] >> shift & (1 << bits) - 1 for shift in range(0, 8, bits)]
    text = listed(zlib.compress(packed), bits)
    found = [read(text, index) for index in range(8 // bits)]
    assert [one.value for one in found if isinstance(one, ListedStatus)] == values
    assert trouble(text, 8 // bits) == "no_such_index"


def test_the_times_of_a_list() -> None:
    found = read(world().status_list())
    assert isinstance(found, ListedStatus)
    assert found.issued_at == NOW - timedelta(hours=1)
    assert found.expires_at == found.issued_at + timedelta(days=1)
    assert found.refresh_at == found.issued_at + timedelta(hours=12)
    assert trouble(world().status_list(issued_at=NOW - timedelta(days=1))) == "stale"
    assert trouble(world().status_list(issued_at=NOW + timedelta(minutes=6))) == "from_future"
    assert isinstance(read(world().status_list(issued_at=NOW + timedelta(minutes=4))), ListedStatus)


def test_without_an_end_the_ttl_is_one() -> None:
    assert trouble(world().status_list(exp=None, ttl=60)) == "stale"
    assert isinstance(read(world().status_list(exp=None, ttl=7200)), ListedStatus)
    assert trouble(world().status_list(exp=None, ttl=None)) == "unreadable"


def test_only_the_status_key_of_the_trust_list_speaks() -> None:
    for signer in (world().seal, make_world().status):
        assert trouble(world().status_list(signer=signer)) == "untrusted"
    revoked = world().trust(revoked=[(world().status, NOW - timedelta(days=1))])
    found = read_status(world().status_list(), STATUS_URI, 0, revoked, NOW, TOLERANCE)
    assert isinstance(found, ListTrouble)
    assert found.trouble == "untrusted"


def test_another_list_of_the_same_signer_says_nothing_of_this_licence() -> None:
    assert trouble(world().status_list(sub=STATUS_URI + "2")) == "other_list"
    assert trouble(world().status_list(sub=None)) == "other_list"


@pytest.mark.parametrize(
    "changes",
    [
        {"status_list": None},
        {"status_list": {"bits": 3, "lst": ""}},
        {"status_list": {"bits": True, "lst": ""}},
        {"status_list": {"bits": 2}},
        {"status_list": {"bits": 2, "lst": "*"}},
        {"status_list": {"bits": 2, "lst": b64url_encode(b"not deflate")}},
        {"status_list": {"bits": 2, "lst": b64url_encode(zlib.compress(bytes(99))[:-1])}},
        {"status_list": {"bits": 2, "lst": b64url_encode(zlib.compress(bytes(9)) + b"more")}},
        {"exp": "tomorrow"},
        {"exp": True},
        {"exp": 1 << 60},
        {"ttl": -1},
    ],
)
def test_lists_that_are_not_of_the_form(changes: dict[str, Any]) -> None:
    assert trouble(world().status_list(**changes)) == "unreadable"


def test_a_bomb_is_not_inflated_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("licences.verification.status_lists._MAX_LIST", 1000)
    assert trouble(listed(zlib.compress(bytes(1001)))) == "unreadable"
    assert isinstance(read(listed(zlib.compress(bytes(1000)))), ListedStatus)


def test_a_jwt_of_another_type_is_no_list() -> None:
    status = world().status
    text = sign_jwt({"sub": STATUS_URI}, "receipt+jwt", status.signer, status.chain[:-1], NOW)
    assert trouble(text) == "unreadable"


def test_one_changed_character_is_found() -> None:
    text = world().status_list({0: 1})
    head, payload, signature = text.split(".")
    forged = json.loads(b64url_decode(payload))
    forged["status_list"]["lst"] = b64url_encode(zlib.compress(bytes(2)))
    assert trouble(".".join([head, b64url_encode(json.dumps(forged).encode()), signature])) == "untrusted"


@given(st.text(max_size=60) | st.binary(max_size=60).map(b64url_encode).map(lambda part: f"{part}.{part}.{part}"))
def test_no_text_raises(text: str) -> None:
    assert trouble(text) == "unreadable"
