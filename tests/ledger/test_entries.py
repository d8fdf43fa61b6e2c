import hashlib
import hmac
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import entries
from ledger.entries import Opening, OpeningUnreadable
from ledger.formats import canonical

BODY = canonical.dumps({"kind": "issued", "v": "elicence/event/v1"})
OPENING = Opening(tag=b"t" * 32, body=BODY, body_salt=b"s" * 32, link_digest=b"l" * 32)


def test_the_published_vector() -> None:
    """The layout fixed to the byte, computed here with hashlib and hmac alone."""
    tag_key, salt_key = bytes([1]) * 32, bytes([2]) * 32
    event, subject = "evt_01ARZ3NDEKTSV4RRFFQ69G5FAV", UUID("00010203-0405-0607-0809-0a0b0c0d0e0f")
    salt_b = hmac.new(salt_key, b"b" + event.encode(), hashlib.sha256).digest()
    salt_l = hmac.new(salt_key, b"l" + event.encode(), hashlib.sha256).digest()
    left = hashlib.sha256(salt_b + BODY).digest()
    right = hashlib.sha256(salt_l + bytes(range(16)) + bytes(7) + b"\x05" + b"p" * 32).digest()
    expected = (
        b"elicence/entry/v1\n"
        + hmac.new(tag_key, bytes(7) + b"\x05", hashlib.sha256).digest()
        + hashlib.sha256(left + right).digest()
    )
    body = entries.body_digest(entries.body_salt(salt_key, event), BODY)
    link = entries.link_digest(entries.link_salt(salt_key, event), subject, 5, b"p" * 32)
    entry = entries.encode(entries.tag(tag_key, 5), entries.commitment(body, link))
    assert entry == expected
    assert len(entry) == entries.ENTRY_SIZE == 82
    assert entry.hex() == (
        "656c6963656e63652f656e7472792f76310a"
        "58940936ef68aad511332639cdc3e641377b0bf1adf645b7bc48265a05a9c23e"
        "5701aab6f0998766ff1e94500fe427f7228992b93732d063b77028d7978d32aa"
    )


def test_an_opening_leads_to_its_entry_and_comes_back() -> None:
    commitment = entries.commitment(entries.body_digest(OPENING.body_salt, BODY), OPENING.link_digest)
    assert OPENING.entry == entries.encode(OPENING.tag, commitment)
    assert OPENING.event == {"kind": "issued", "v": "elicence/event/v1"}
    assert Opening.parse(OPENING.to_bytes()) == OPENING


@settings(max_examples=150)
@given(st.data())
def test_a_changed_byte_is_refused_or_opens_another_entry(data: st.DataObject) -> None:
    changed = bytearray(OPENING.to_bytes())
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        opening = Opening.parse(bytes(changed))
    except OpeningUnreadable:
        return
    assert opening.entry != OPENING.entry


@pytest.mark.parametrize(
    "members",
    [
        [],
        {},
        {"tag": "", "body": {}, "body_salt": "", "link_digest": ""},
        {"tag": 5, "body": {}, "body_salt": None, "link_digest": []},
        {"tag": "A" * 43 + "=", "body": "text", "body_salt": "A" * 43 + "=", "link_digest": "A" * 43 + "="},
        {"tag": "A" * 43 + "=", "body": {}, "body_salt": "A" * 43 + "=", "link_digest": "A" * 43 + "=", "more": 1},
        {"tag": "A" * 43 + "=", "body": {}, "body_salt": "AAAA", "link_digest": "A" * 43 + "="},
    ],
)
def test_another_shape_is_refused(members: object) -> None:
    with pytest.raises(OpeningUnreadable):
        Opening.parse(canonical.dumps(members))  # type: ignore[arg-type]
    with pytest.raises(OpeningUnreadable):
        Opening.parse(b"not json")
