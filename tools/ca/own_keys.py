"""Keys of the house for which a certificate is wanted."""

from typing import Final

from ca.ceremony_names import LOG_KEY, KeyName
from ca.key_uses import KeyPlace
from ca.keys import KeyRing
from ledger.signing import SignatureAlgorithm, Signer
from tools.ca.errors import MadeInCeremony

ALGORITHMS: Final[tuple[SignatureAlgorithm, ...]] = ("ES256", "ES384", "RS256", "Ed25519", "SM2")

_RESPONDER: Final = "ocsp-"


def require_free(key_name: str) -> None:
    """Raise MadeInCeremony for a key whose certificate the house takes from its ceremonies.

    A responder's may be renewed at any time: the responders look for theirs in the register.
    """
    name = KeyName.parse(key_name)
    if key_name == LOG_KEY or (name is not None and not name.base.startswith(_RESPONDER)):
        raise MadeInCeremony(key_name)


def own_key(ring: KeyRing, name: str, algorithm: SignatureAlgorithm, *, on_token: bool) -> Signer:
    """Open the key of a name, made if there is none.

    Raises MadeInCeremony, KeyRefused, NationalUnavailable.
    """
    require_free(name)
    place: KeyPlace = "token" if on_token else "folder"
    if name in ring.names():
        return ring.signer(name)
    return ring.create(name, algorithm, place)
