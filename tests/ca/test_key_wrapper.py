from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.errors import KeyUnreadable, PassphraseWrong, UnwrapRefused
from ca.keys.wrapper import LocalKeyWrapper
from ledger.signing import KeyWrapper, WrappedKey
from tests.ca.house import CHEAP, NOW

WRAPPER = LocalKeyWrapper.create(b"passphrase", NOW, CHEAP)
quick = settings(max_examples=50, deadline=None)


@quick
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=40))
def test_a_wrapped_key_comes_back(key: bytes, context: bytes) -> None:
    wrapper: KeyWrapper = WRAPPER
    wrapped = wrapper.wrap(key, context)
    assert wrapped.kek_id == "kek-2026"
    assert key not in wrapped.ciphertext
    again = LocalKeyWrapper.open(WRAPPER.data, b"passphrase")
    assert again.unwrap(wrapped, context) == key


def test_two_wrappings_of_one_key_differ() -> None:
    assert WRAPPER.wrap(bytes(32), b"").ciphertext != WRAPPER.wrap(bytes(32), b"").ciphertext


def test_a_changed_or_moved_key_is_refused() -> None:
    wrapped = WRAPPER.wrap(bytes(range(32)), b"row 1")
    refused = [
        (wrapped, b"row 2"),
        (replace(wrapped, kek_id="kek-2025"), b"row 1"),
        (replace(wrapped, algorithm="SM4-GCM"), b"row 1"),
        (WrappedKey(wrapped.algorithm, wrapped.kek_id, b""), b"row 1"),
    ]
    for position in range(len(wrapped.ciphertext)):
        changed = bytearray(wrapped.ciphertext)
        changed[position] ^= 1
        refused.append((replace(wrapped, ciphertext=bytes(changed)), b"row 1"))
    for bad, context in refused:
        with pytest.raises(UnwrapRefused):
            WRAPPER.unwrap(bad, context)


def test_the_index_is_keyed_and_bound_to_its_purpose() -> None:
    other = LocalKeyWrapper.create(b"passphrase", NOW, CHEAP)
    found = {WRAPPER.index("holder", "1"), WRAPPER.index("holder", "2"), WRAPPER.index("number", "1")}
    assert len(found | {other.index("holder", "1")}) == 4
    assert WRAPPER.index("holder", "1") == LocalKeyWrapper.open(WRAPPER.data, b"passphrase").index("holder", "1")
    assert len(WRAPPER.index("holder", "")) == 32


def test_a_wrong_passphrase_or_file_opens_nothing() -> None:
    with pytest.raises(PassphraseWrong):
        LocalKeyWrapper.open(WRAPPER.data, b"Passphrase")
    changed = WRAPPER.data.replace(b'"ciphertext": "', b'"ciphertext": "AAAA')
    with pytest.raises(PassphraseWrong):
        LocalKeyWrapper.open(changed, b"passphrase")
    for bad in (b"", b"{}", b"[]", WRAPPER.data.replace(b"v1", b"v2"), WRAPPER.data.replace(b"scrypt", b"pbkdf2")):
        with pytest.raises(KeyUnreadable):
            LocalKeyWrapper.open(bad, b"passphrase")


def test_a_file_cannot_ask_for_all_the_memory() -> None:
    with pytest.raises(KeyUnreadable):
        LocalKeyWrapper.open(WRAPPER.data.replace(b'"log_n": 1,', b'"log_n": 40,'), b"passphrase")


def test_keys_do_not_show_in_its_representation() -> None:
    assert repr(WRAPPER) == "LocalKeyWrapper()"
