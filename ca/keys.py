"""The keys of the house: private keys that sign, and the keys that wrap other keys."""

from ca.key_folder import KeyFolder
from ca.key_wrapper import LocalKeyWrapper
from ca.passphrase import Cost
from ca.software_signer import SoftwareSigner

__all__ = ["Cost", "KeyFolder", "LocalKeyWrapper", "SoftwareSigner"]
