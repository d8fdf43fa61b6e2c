"""Accounts of the chain: the keys that anchor and administer. They sign here, never at the node."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, Self, cast

from ledger.anchor.errors import AccountUnusable

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

_CIPHER: Final = "aes-128-ctr"
_SCRYPT_N: Final = 2
"""Cost of a guess at a key file: none, its passphrase is 32 random-looking bytes, for which the key folder has paid."""


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A transaction as it is sent, and the hash (32 bytes) by which every node knows it."""

    raw: bytes
    hash: bytes


class ChainAccount(Protocol):
    """A key of the chain (ECDSA on secp256k1 over Keccak-256), wherever it is kept: here, or in a signing service."""

    @property
    def address(self) -> str:
        """The checksummed address."""
        ...

    def sign(self, transaction: Mapping[str, Any]) -> SignedTransaction:
        """Sign a transaction that names its chain (EIP-155), so that no other chain takes it."""
        ...


class KeyAccount:
    """An account whose key is in this process."""

    def __init__(self, account: "LocalAccount") -> None:
        self._account = account

    @classmethod
    def create(cls) -> Self:
        """Return a new account."""
        from ledger.anchor.libraries import Account

        return cls(Account.create())

    @classmethod
    def open(cls, data: bytes, passphrase: bytes, name: str) -> Self:
        """Open the content of a key file (Web3 Secret Storage, version 3); raises AccountUnusable.

        name: of the file, for the refusal.
        """
        try:
            return cls(_opened(json.loads(data), passphrase.decode()))
        except (ValueError, TypeError, KeyError, AttributeError, NotImplementedError):
            # The library's words repeat parts of the file: they are not passed on, nor shown behind ours.
            raise AccountUnusable(
                name, "口令不符或文件已损坏", "the passphrase is another, or the file is damaged"
            ) from None

    def to_file(self, passphrase: bytes) -> bytes:
        """Return the content of a key file, in the form that every Ethereum tool reads.

        passphrase: at least 32 random-looking bytes, for nothing here makes a guess costly.
        """
        from ledger.anchor.libraries import Account

        keyfile = Account.encrypt(bytes(self._account.key), passphrase.decode(), kdf="scrypt", iterations=_SCRYPT_N)
        return json.dumps(keyfile, indent=1).encode() + b"\n"

    @property
    def address(self) -> str:
        """The checksummed address."""
        return str(self._account.address)

    def sign(self, transaction: Mapping[str, Any]) -> SignedTransaction:
        """Sign a transaction."""
        signed = self._account.sign_transaction(cast("Any", dict(transaction)))
        return SignedTransaction(bytes(signed.raw_transaction), bytes(signed.hash))

    def __repr__(self) -> str:
        return f"KeyAccount({self.address})"


def _opened(file: Any, passphrase: str) -> "LocalAccount":
    from ledger.anchor.libraries import Account

    account = Account.from_key(Account.decrypt(file, passphrase))
    # The library looks at neither; both are what a person or a tool goes by.
    same = file["address"].lower().removeprefix("0x") == account.address.lower().removeprefix("0x")
    if file["crypto"]["cipher"] != _CIPHER or not same:
        raise ValueError("the file says something else")
    return cast("LocalAccount", account)
