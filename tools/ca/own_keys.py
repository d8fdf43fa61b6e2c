"""Keys of the house for which a certificate is wanted."""

from typing import TYPE_CHECKING, Final

from ca import store
from ca.ceremonies.names import LOG_KEY, KeyName
from ca.keys.ring import KeyRing
from ledger.signing import SignatureAlgorithm, Signer
from tools.ca.errors import KeyHasPurpose, KeyIsOtherwise, MadeInCeremony

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

ALGORITHMS: Final[tuple[SignatureAlgorithm, ...]] = ("ES256", "ES384", "RS256", "Ed25519", "SM2")

_RESPONDER: Final = "ocsp-"


def require_free(key_name: str, *, renewing: bool = False) -> None:
    """Raise MadeInCeremony for a key whose certificate the house takes from its ceremonies.

    renewing: another certificate for the same use is wanted. A responder's may be renewed at any time: the responders
    look for theirs in the register.
    """
    name = KeyName.parse(key_name)
    if key_name == LOG_KEY or (name is not None and not (renewing and name.base.startswith(_RESPONDER))):
        raise MadeInCeremony(key_name)


def require_purpose(session: "Session", key_name: str, profile: str) -> None:
    """Raise KeyHasPurpose for a key that is certified for another one: a seal's key is nobody's pass to a system."""
    row = store.certificate_by_key_name(session, key_name)
    if row is not None and row.profile != profile:
        raise KeyHasPurpose(key_name, row.profile)


def own_key(ring: KeyRing, name: str, algorithm: SignatureAlgorithm | None, *, on_token: bool) -> Signer:
    """Open the key of a name, made if there is none.

    algorithm: of a new key, ES256 where nothing is said; on_token: make it there. Raises MadeInCeremony, KeyIsOtherwise
    if there is one and it is not what was said, KeyRefused, NationalUnavailable.
    """
    require_free(name)
    if name not in ring.names():
        return ring.create(name, algorithm or "ES256", "token" if on_token else "folder")
    signer, place = ring.signer(name), ring.place(name)
    if (on_token and place != "token") or algorithm not in {None, signer.algorithm}:
        raise KeyIsOtherwise(name, signer.algorithm, place)
    return signer
