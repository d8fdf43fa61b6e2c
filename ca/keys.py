"""The keys of the house: private keys that sign, and the keys that wrap other keys."""

from ca.key_folder import KeyFolder
from ca.key_ring import KeyRing, KeyStore
from ca.key_uses import KeyPlace, KeyUses
from ca.key_wrapper import LocalKeyWrapper
from ca.passphrase import Cost
from ca.software_signer import SoftwareSigner
from ca.token_keys import TokenKeys
from ca.token_pin import pin_in

__all__ = [
    "Cost",
    "KeyFolder",
    "KeyPlace",
    "KeyRing",
    "KeyStore",
    "KeyUses",
    "LocalKeyWrapper",
    "SoftwareSigner",
    "TokenKeys",
    "pin_in",
]
