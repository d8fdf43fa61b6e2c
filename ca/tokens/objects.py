"""The key pairs on a token: made so that the private half cannot leave, and refused where it could."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from pkcs11.constants import Attribute, MechanismFlag, ObjectClass
from pkcs11.exceptions import AttributeTypeInvalid
from pkcs11.mechanisms import KeyType
from pkcs11.types import PrivateKey, Session, SignMixin

from ca.errors import KeyMissing
from ca.tokens.errors import TokenKeyExposed, TokenLacks, TokenRefused
from ca.tokens.methods import AnswerUnusable, Method, read_public_key

_PRIVATE: Final = {
    Attribute.PRIVATE: True,
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
    Attribute.MODIFIABLE: False,
    Attribute.SIGN_RECOVER: False,
}
_CAPABILITIES: Final = MechanismFlag.SIGN | MechanismFlag.VERIFY


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A key of the token, as one session sees it; public_key: DER of SubjectPublicKeyInfo."""

    method: Method
    private: SignMixin
    public_key: bytes


def generate(session: Session, name: str, method: Method) -> None:
    """Make a key pair inside the token, its label the name; raises TokenLacks, TokenKeyExposed, PKCS11Error."""
    token = session.token
    if method.generate not in token.slot.get_mechanisms():
        raise TokenLacks(token.label, method.algorithm)
    options: dict[str, Any] = {
        "id": name.encode(),
        "label": name,
        "store": True,
        "capabilities": _CAPABILITIES,
        "mechanism": method.generate,
        "private_template": _PRIVATE,
    }
    if method.key_type == KeyType.RSA:
        _, private = session.generate_keypair(method.key_type, method.bits, **options)
    else:
        domain = session.create_domain_parameters(method.key_type, {Attribute.EC_PARAMS: method.curve}, local=True)
        _, private = domain.generate_keypair(**options)
    try:
        _require_bound(private, name, made_here=True)
    except TokenKeyExposed:
        destroy(session, name)
        raise


def find(session: Session, name: str) -> KeyPair:
    """Find a key pair; raises KeyMissing, TokenKeyExposed, TokenRefused, PKCS11Error."""
    private = _only(session, ObjectClass.PRIVATE_KEY, name)
    if private is None:
        raise KeyMissing(name)
    _require_bound(private, name)
    if not isinstance(private, SignMixin):
        raise TokenRefused(session.token.label, f"the key {name} does not sign")
    public = _only(session, ObjectClass.PUBLIC_KEY, name)
    if public is None:
        raise TokenRefused(session.token.label, f"the key {name} has no public half")
    try:
        method, public_key = read_public_key(public)
    except AnswerUnusable as error:
        raise TokenRefused(session.token.label, f"the key {name}: {error}") from error
    return KeyPair(method, private, public_key)


def names(session: Session) -> frozenset[str]:
    """Return the labels of the private keys, but those that no key of ours could have; raises PKCS11Error."""
    found = set()
    for key in _search(session, {Attribute.CLASS: ObjectClass.PRIVATE_KEY}):
        with suppress(UnicodeDecodeError):
            found.add(str(key[Attribute.LABEL]))
    return frozenset(found)


def destroy(session: Session, name: str) -> None:
    """Destroy both halves of a key, if they are there; raises PKCS11Error."""
    for kind in (ObjectClass.PRIVATE_KEY, ObjectClass.PUBLIC_KEY):
        for key in _search(session, {Attribute.CLASS: kind, Attribute.LABEL: name}):
            key.destroy()


def _search(session: Session, wanted: dict[Attribute, Any]) -> list[Any]:
    # A search that a lost session refuses to begin is never ended (python-pkcs11), and a module that has lost its
    # token finds no keys instead of saying so (SoftHSM): hence the question before and after. A list, because a search
    # left half-way keeps the session busy.
    _require_live(session)
    found = list(session.get_objects(wanted))
    _require_live(session)
    return found


def _require_live(session: Session) -> None:
    """Raise PKCS11Error where token or session are gone."""
    session.token.slot.get_token()
    session.generate_random(64)


def _only(session: Session, kind: ObjectClass, name: str) -> Any:
    found = _search(session, {Attribute.CLASS: kind, Attribute.LABEL: name})
    if len(found) > 1:
        raise TokenRefused(session.token.label, f"{len(found)} keys are named {name}")
    return found[0] if found else None


def _require_bound(private: PrivateKey, name: str, *, made_here: bool = False) -> None:
    wanted = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
    if made_here:
        wanted |= {Attribute.ALWAYS_SENSITIVE: True, Attribute.NEVER_EXTRACTABLE: True, Attribute.LOCAL: True}
    for attribute, value in wanted.items():
        try:
            kept = private[attribute] == value
        except AttributeTypeInvalid:  # a token that does not say, does not promise
            kept = False
        if not kept:
            raise TokenKeyExposed(name)
