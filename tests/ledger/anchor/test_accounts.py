"""Key files: what we write every tool reads, and what is not a key file is refused in our own words."""

import json
import traceback

import pytest
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.anchor.accounts import KeyAccount
from ledger.anchor.errors import AccountUnusable

PASSPHRASE = b"a passphrase of the tests"
TRANSACTION = {
    "to": "0x" + 40 * "1",
    "data": b"",
    "value": 0,
    "gas": 21_000,
    "nonce": 0,
    "chainId": 31337,
    "gasPrice": 1,
}


def test_a_key_file_is_web3_secret_storage() -> None:
    account = KeyAccount.create()
    data = account.to_file(PASSPHRASE)
    file = json.loads(data)
    assert (file["version"], file["crypto"]["cipher"], file["crypto"]["kdf"]) == (3, "aes-128-ctr", "scrypt")
    assert Account.from_key(Account.decrypt(file, PASSPHRASE.decode())).address == account.address
    assert KeyAccount.open(data, PASSPHRASE, "key").address == account.address


def test_it_shows_its_address_and_never_its_key() -> None:
    account = KeyAccount.create()
    assert repr(account) == str(account) == f"KeyAccount({account.address})"


def test_the_hash_is_the_one_that_nodes_use() -> None:
    account = KeyAccount.create()
    signed = account.sign(TRANSACTION)
    assert Account.recover_transaction(signed.raw) == account.address
    assert signed == account.sign(TRANSACTION)


def test_another_passphrase_opens_nothing() -> None:
    with pytest.raises(AccountUnusable) as caught:
        KeyAccount.open(KeyAccount.create().to_file(PASSPHRASE), PASSPHRASE + b".", "publisher")
    assert caught.value.name == "publisher"


def _with(name: str, value: object) -> bytes:
    return json.dumps(GOOD | {name: value}).encode()


def _with_crypto(name: str, value: object) -> bytes:
    return _with("crypto", GOOD["crypto"] | {name: value})


GOOD = json.loads(KeyAccount.create().to_file(PASSPHRASE))
SMALL = GOOD | {"crypto": GOOD["crypto"] | {"kdfparams": GOOD["crypto"]["kdfparams"] | {"n": 4}}}


ODD: tuple[object, ...] = (None, 1, "x", [], {})


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=20),
        st.sampled_from([b"null", b"[]", b"{}", b'{"version": 3}', b'{"version": 4}', json.dumps(SMALL).encode()]),
        st.builds(_with, st.sampled_from(["address", "crypto", "version"]), st.sampled_from(ODD)),
        st.builds(_with_crypto, st.sampled_from(sorted(GOOD["crypto"])), st.sampled_from(ODD)),
    )
)
def test_what_is_no_key_file_is_refused(data: bytes) -> None:
    with pytest.raises(AccountUnusable):
        KeyAccount.open(data, PASSPHRASE, "publisher")


def test_a_refusal_shows_nothing_of_the_file() -> None:
    """The library's words repeat parts of it."""
    marked = json.dumps(GOOD | {"address": 40 * "e", "crypto": "5ecret"}).encode()
    for data in (marked, b'{"5ecret', b"\xff5ecret"):
        with pytest.raises(AccountUnusable) as caught:
            KeyAccount.open(data, PASSPHRASE, "publisher")
        shown = "".join(traceback.format_exception(caught.value))
        assert shown.count("Traceback") == 1, shown
