import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.envelope import EnvelopeInvalid, decrypt, encrypt

KEY = bytes(range(32))


@given(st.binary(max_size=100), st.binary(max_size=20))
def test_what_was_put_in_comes_out(plaintext: bytes, context: bytes) -> None:
    blob = encrypt(KEY, plaintext, context)
    assert blob[0] == 1, "the algorithm id stands first"
    assert decrypt(KEY, blob, context) == plaintext
    assert encrypt(KEY, plaintext, context) != blob, "a nonce is never used twice"


@settings(max_examples=50)
@given(st.data())
def test_every_changed_byte_is_found(data: st.DataObject) -> None:
    blob = bytearray(encrypt(KEY, b"plain", b"row"))
    blob[data.draw(st.integers(0, len(blob) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(EnvelopeInvalid):
        decrypt(KEY, bytes(blob), b"row")


def test_a_blob_moved_to_another_row_or_key_or_cut_is_refused() -> None:
    blob = encrypt(KEY, b"plain", b"row")
    with pytest.raises(EnvelopeInvalid):
        decrypt(KEY, blob, b"other row")
    with pytest.raises(EnvelopeInvalid):
        decrypt(bytes(32), blob, b"row")
    for length in range(len(blob)):
        with pytest.raises(EnvelopeInvalid):
            decrypt(KEY, blob[:length], b"row")
