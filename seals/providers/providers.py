"""Who holds the keys of seals: one interface, whether they are ours or of a service elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from ledger.signing import Signer
from seals.life.grants import Seal
from seals.providers.errors import ProviderUnknown

LOCAL: Final = "local"
"""The provider of the keys in our own key ring: the encrypted folder, or a PKCS#11 token."""


class SealProvider(Protocol):
    """Holds keys of seals, by names of its own."""

    def signer(self, key_name: str, certificate: bytes) -> Signer:
        """Open the key of a certificate (DER). Raises what says that it cannot be had, or cannot sign here."""
        ...


class Keys(Protocol):
    """Keys by name, as `ca.keys.KeyRing` has them."""

    def signer(self, name: str) -> Signer:
        """Open a key; raises KeyRefused."""
        ...


@dataclass(frozen=True, slots=True)
class LocalKeys:
    """Our own key ring as a provider."""

    keys: Keys

    def signer(self, key_name: str, certificate: bytes) -> Signer:  # noqa: ARG002 - whoever seals holds it against the key
        """Open a key; raises KeyRefused."""
        return self.keys.signer(key_name)


class SealProviders:
    """All providers of a house, by the names under which its seals know them."""

    def __init__(self, keys: Keys, services: Mapping[str, SealProvider]) -> None:
        self._by_name: Mapping[str, SealProvider] = {**services, LOCAL: LocalKeys(keys)}

    def provider(self, name: str) -> SealProvider:
        """Return a provider; raises ProviderUnknown."""
        if name not in self._by_name:
            raise ProviderUnknown(provider=name)
        return self._by_name[name]

    def signer(self, seal: Seal) -> Signer:
        """Open a seal's key. Raises ProviderUnknown, and what its provider raises."""
        return self.provider(seal.provider).signer(seal.key_name, seal.certificate)

    def national_signer(self, seal: Seal) -> Signer | None:
        """Open the key that signs under its national seal, None if it has none. Raises as `signer` does."""
        if seal.esl_key_name is None or seal.esl_certificate is None:
            return None
        return self.provider(seal.provider).signer(seal.esl_key_name, seal.esl_certificate)
