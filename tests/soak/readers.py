"""What is done with an input: the parser, and everything that a caller asks of its value next.

Each function raises nothing but what its target declares. `claim` is for what must hold of what was accepted.
"""

import hashlib
from collections.abc import Callable

from ca.algorithms import signatures
from ca.encoding import der, oids, pem
from ca.errors import DerInvalid
from ca.judging.trust import load_trust
from ca.keys import pkcs8
from ca.keys.software_signer import SoftwareSigner
from ca.ocsp.id import key_bits
from ca.outside import foreign_chain
from ca.reading import names
from ca.reading.certificate_reader import Certificate, read_certificate, read_extensions
from ca.reading.crl_reader import read_crl
from ca.reading.extension_reader import (
    alternative_names,
    authority_info_access,
    basic_constraints,
    certificate_policies,
    crl_distribution_points,
    extended_key_usage,
    inhibit_any_policy,
    key_usage,
    name_constraints,
    policy_constraints,
    policy_mappings,
    subject_key_identifier,
)
from ca.reading.names import DistinguishedName
from ca.timestamping.answer import read_answer, with_chain
from ca.timestamping.token import read_token
from tests.ca.house import CHEAP, NOW
from tests.soak.chains import unpack


class ClaimBrokenError(Exception):
    """Something was accepted that must not be, or is not what it should be."""


def claim(what: str, *, holds: bool) -> None:
    if not holds:
        raise ClaimBrokenError(what)


def elements(data: bytes) -> None:
    """Read a tree of elements, each as every kind of value; what is accepted has one encoding."""
    waiting = [der.read(data)]
    while waiting and len(waiting) < 2000:
        element = waiting.pop()
        if element.tag & 0x20:
            waiting += der.children(element)
        claim("an element has one encoding", holds=der.tlv(element.tag, element.value) == element.raw)
        for tag, parse, write in _ROUND_TRIPS:
            if element.tag == tag:
                value = _or_none(parse, element)
                claim("a value has one encoding", holds=value is None or write(value) == element.raw)


def _or_none(parse: Callable[[der.Element], object], element: der.Element) -> object | None:
    try:
        return parse(element)
    except DerInvalid:
        return None


_ROUND_TRIPS: tuple[tuple[int, Callable[[der.Element], object], Callable[..., bytes]], ...] = (
    (der.INTEGER, der.parse_integer, der.integer),
    (der.OBJECT_IDENTIFIER, der.parse_oid, der.oid),
    (der.BIT_STRING, der.parse_named_bits, der.named_bits),
    (der.BIT_STRING, der.parse_bits, der.bits),
    (der.OCTET_STRING, der.parse_octets, der.octets),
    (der.UTF8_STRING, der.parse_text, der.text),
    (der.BMP_STRING, der.parse_text, lambda value: der.text(value, der.BMP_STRING)),
    (der.TELETEX_STRING, der.parse_text, lambda value: der.text(value, der.TELETEX_STRING)),
)


def certificate(data: bytes) -> None:
    found = read_certificate(data)
    claim("the bytes are kept", holds=found.der == data and found.tbs in data)
    _show(found)
    name(found.subject, strict=False)
    signatures.verify(found.public_key, found.signature_algorithm, found.tbs, found.signature)
    _or_none(lambda _: key_bits(found.public_key), der.read(found.public_key))


def _show(found: Certificate) -> None:
    claim("a name is a line", holds=found.subject_text.isprintable())
    claim("a name is the same as itself", holds=names.same(found.subject, found.subject))
    _ = found.is_self_issued
    places = [place for point in found.crl_distribution_points for place in (*point.full_name, *point.crl_issuer)]
    places += [access.location for access in found.authority_info_access]
    for one in (*places, *found.subject_alternative_names, *found.issuer_alternative_names):
        str(one)
    for qualifiers in (found.policies or {}).values():
        for qualifier in qualifiers:
            _ = qualifier.text


def extensions(data: bytes) -> None:
    found = read_extensions(der.read(data))
    for read in (
        basic_constraints,
        key_usage,
        extended_key_usage,
        subject_key_identifier,
        certificate_policies,
        policy_mappings,
        policy_constraints,
        inhibit_any_policy,
        name_constraints,
        crl_distribution_points,
        authority_info_access,
    ):
        read(found)
    alternative_names(found, oids.SUBJECT_ALTERNATIVE_NAME)
    alternative_names(found, oids.ISSUER_ALTERNATIVE_NAME)


def name(data: bytes, *, strict: bool = True) -> None:
    names.display(data)
    names.seal_holder(data)
    names.same(data, data + b"x")
    try:
        names.canonical(data)
        names.attributes(data)
        read = DistinguishedName.read(data)
        _ = read.fault, read.names_seal
    except DerInvalid:
        if strict:
            raise


def revocation_list(data: bytes) -> None:
    found = read_crl(data)
    claim("the bytes are kept", holds=found.der == data)
    for serial in list(found.entries)[:3]:
        claim("an entry is found", holds=found.find(found.issuer, serial) is not None)
    found.find(b"", 1)
    found.removes(found.issuer, 1)


def timestamp_answer(data: bytes) -> None:
    read_answer(data)


def timestamp_token(data: bytes) -> None:
    found = read_token(data)
    again = read_token(with_chain(data, found.certificates))
    claim("a token is what it was after its chain is put in order", holds=again.imprint == found.imprint)


def key_file(data: bytes) -> None:
    SoftwareSigner.from_pkcs8(data, b"soak")


def private_key(data: bytes) -> None:
    """Read an encrypted key file whose contents are spoilt; a key that opens signs."""
    signer = SoftwareSigner.from_pkcs8(data, b"soak")
    signature = signer.sign(b"x")
    good = signatures.verify(signer.public_key, signatures.identifier(signer.algorithm), b"x", signature)
    claim("a key that opens signs", holds=good)


def public_key(data: bytes) -> None:
    kind = signatures.key_kind(data)
    signatures.inherit_parameters(data, data)
    for identifier, scheme in signatures.SCHEMES.items():
        if kind is not None and scheme.key == kind[0]:
            good = signatures.verify(data, identifier, b"x", _SOME_SIGNATURE)
            claim("a made-up signature is wrong", holds=not good)


_SOME_SIGNATURE = der.sequence(der.integer(4711), der.integer(4712))


def signature(data: bytes) -> None:
    """Verify with one of key, algorithm, data and signature spoilt: never good."""
    (parts,) = unpack(data)
    claim("a changed part is noticed", holds=not signatures.verify(*parts))


def pem_text(data: bytes) -> None:
    pem.is_pem(data)
    pem.blocks(data)
    pem.one(data, ["CERTIFICATE"])


def pem_certificates(data: bytes) -> None:
    """Take in the files of a licensed authority, for whatever they may be."""
    found = foreign_chain.certificates_in([data])
    uses: tuple[foreign_chain.ForeignUse, ...] = ("seal", "timestamp", "client")
    if found:
        ours, fingerprint = read_certificate(found[0]).public_key, hashlib.sha256(found[-1]).hexdigest()
        foreign_chain.examine_chain(uses[len(data) % 3], ours, found, fingerprint, NOW)


def trust(data: bytes) -> None:
    load_trust(data, NOW)


def encrypted(info: bytes) -> bytes:
    """Return a key file around the DER of a private key."""
    return pkcs8.encrypt(info, b"soak", CHEAP)
