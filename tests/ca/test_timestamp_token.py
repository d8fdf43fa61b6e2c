import hashlib
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.algorithms import digests, signatures
from ca.encoding import der, oids
from ca.errors import TokenInvalid
from ca.reading.certificate_reader import read_certificate
from ca.timestamping.token import MAX_SIZE, read_token
from tests.ca.conftest import City
from tests.ca.house import NOW

DIGEST = hashlib.sha256(b"data").digest()
NULL_SHA256 = der.sequence(der.oid(oids.SHA256), b"\x05\x00")
IMPRINT = der.sequence(digests.SHA256_IDENTIFIER, der.tlv(der.OCTET_STRING, DIGEST))
TIME = der.generalized_time(NOW)
SERIAL = der.integer(5)


def info(*optional: bytes, version: bytes = der.integer(1), imprint: bytes = IMPRINT, time: bytes = TIME) -> bytes:
    return der.sequence(version, der.oid("2.999.1"), imprint, SERIAL, time, *optional)


def attribute(kind: str, *values: bytes) -> bytes:
    return der.sequence(der.oid(kind), der.tlv(der.SET, *values))


@dataclass
class Forge:
    """Puts a correctly signed token together, one part of it changed: what only the form can give away."""

    city: City
    content: bytes = field(default_factory=info)
    content_type: bytes = field(default_factory=lambda: der.oid(oids.TST_INFO))
    digest_set: bytes = field(default_factory=lambda: der.tlv(der.SET, digests.SHA256_IDENTIFIER))
    digest_algorithm: bytes = digests.SHA256_IDENTIFIER
    signature_algorithm: bytes = signatures.ES256_IDENTIFIER
    certificates: bytes | None = None
    sid: bytes | None = None
    signer_version: bytes = field(default_factory=lambda: der.integer(1))
    data_version: bytes = field(default_factory=lambda: der.integer(3))
    unsigned: bytes = b""
    identifiers: bytes | None = None
    attributes: dict[str, bytes] = field(default_factory=dict)
    left_out: str = ""
    sort: bool = True
    signers: int = 1
    key: str = "timestamp"

    def token(self) -> bytes:
        chain = self.city.ceremony.chain(self.city.ceremony.tsa)
        certificate = read_certificate(chain[0])
        digest = der.sequence(der.tlv(der.OCTET_STRING, hashlib.sha256(certificate.der).digest()))
        attributes = {
            oids.CONTENT_TYPE: attribute(oids.CONTENT_TYPE, der.oid(oids.TST_INFO)),
            oids.MESSAGE_DIGEST: attribute(
                oids.MESSAGE_DIGEST, der.tlv(der.OCTET_STRING, hashlib.sha256(self.content).digest())
            ),
            oids.SIGNING_CERTIFICATE_V2: attribute(
                oids.SIGNING_CERTIFICATE_V2, der.sequence(self.identifiers or der.sequence(digest))
            ),
        } | self.attributes
        attributes.pop(self.left_out, None)
        members = b"".join(sorted(attributes.values(), reverse=not self.sort))
        signature = self.city.folder.signer(self.key).sign(der.tlv(der.SET, members))
        signer = der.sequence(
            self.signer_version,
            self.sid or der.sequence(certificate.issuer, der.integer(certificate.serial_number)),
            self.digest_algorithm,
            der.tlv(der.context(0), members),
            self.signature_algorithm,
            der.tlv(der.OCTET_STRING, signature),
            self.unsigned,
        )
        embedded = der.sorted_set(chain, der.context(0)) if self.certificates is None else self.certificates
        content = der.sequence(self.content_type, der.tlv(der.context(0), der.tlv(der.OCTET_STRING, self.content)))
        data = der.sequence(
            self.data_version, self.digest_set, content, embedded, der.tlv(der.SET, signer * self.signers)
        )
        return der.sequence(der.oid(oids.SIGNED_DATA), der.tlv(der.context(0), data))


def test_the_forge_makes_good_tokens(city: City) -> None:
    token = read_token(Forge(city).token())
    assert (token.imprint, token.serial, token.policy, token.accuracy) == (DIGEST, 5, "2.999.1", None)


def issuer_serial(city: City) -> bytes:
    certificate = read_certificate(city.ceremony.tsa.cert_der)
    name = der.sequence(der.tlv(der.context(4), certificate.issuer))
    digest = der.tlv(der.OCTET_STRING, hashlib.sha256(certificate.der).digest())
    return der.sequence(digest, der.sequence(name, der.integer(certificate.serial_number)))


def test_forms_that_other_authorities_use(city: City) -> None:
    accuracy = der.sequence(
        der.integer(2),
        der.integer(500, der.context(0, constructed=False)),
        der.integer(7, der.context(1, constructed=False)),
    )
    authority = der.tlv(der.context(0), der.tlv(der.context(2), b"x"))
    everything = info(accuracy, b"\x01\x01\xff", der.integer(9), authority)
    token = read_token(Forge(city, content=everything).token())
    assert token.accuracy == pytest.approx(2.500007)
    assert token.nonce == 9
    null_imprint = der.sequence(NULL_SHA256, der.tlv(der.OCTET_STRING, DIGEST))
    null = Forge(
        city, content=info(imprint=null_imprint), digest_set=der.tlv(der.SET, NULL_SHA256), digest_algorithm=NULL_SHA256
    )
    assert read_token(null.token()).imprint == DIGEST
    assert read_token(Forge(city, identifiers=der.sequence(issuer_serial(city))).token()).imprint == DIGEST


@pytest.mark.parametrize(
    "accuracy",
    [
        der.sequence(der.integer(-1)),
        der.sequence(der.integer(1 << 400)),
        der.sequence(der.integer(1000, der.context(0, constructed=False))),
        der.sequence(der.integer(-1, der.context(1, constructed=False))),
    ],
    ids=["negative", "endless", "more than 999 ms", "negative microseconds"],
)
def test_an_accuracy_that_is_none(city: City, accuracy: bytes) -> None:
    with pytest.raises(TokenInvalid):
        read_token(Forge(city, content=info(accuracy)).token())


def ess_v1(city: City, *, fault: bytes = b"") -> bytes:
    certificate = read_certificate(city.ceremony.tsa.cert_der)
    digest = hashlib.sha1(certificate.der + fault, usedforsecurity=False).digest()
    return attribute(oids.SIGNING_CERTIFICATE, der.sequence(der.sequence(der.sequence(der.octets(digest)))))


def ess_v2(city: City, algorithm: str) -> bytes:
    digest = digests.compute(algorithm, city.ceremony.tsa.cert_der)
    identifier = der.sequence(digests.identifier(algorithm), der.octets(digest))
    return attribute(oids.SIGNING_CERTIFICATE_V2, der.sequence(der.sequence(identifier)))


def protection(digest: bytes, signature: bytes) -> bytes:
    inside = b"".join(member.raw for member in der.children(der.read(signature)))
    return attribute(oids.ALGORITHM_PROTECTION, der.sequence(digest, der.tlv(der.context(1), inside)))


def test_attributes_that_other_authorities_use(city: City) -> None:
    signing_time = attribute(oids.SIGNING_TIME, der.time(NOW))
    protected = protection(digests.SHA256_IDENTIFIER, signatures.ES256_IDENTIFIER)
    more = {oids.SIGNING_CERTIFICATE: ess_v1(city), oids.SIGNING_TIME: signing_time}
    for attributes, left_out in (
        (more, ""),
        (more, oids.SIGNING_CERTIFICATE_V2),
        ({oids.ALGORITHM_PROTECTION: protected}, ""),
        ({oids.SIGNING_CERTIFICATE_V2: ess_v2(city, "SHA-512")}, ""),
        ({oids.SIGNING_CERTIFICATE_V2: ess_v2(city, "SM3")}, ""),
    ):
        assert read_token(Forge(city, attributes=attributes, left_out=left_out).token()).imprint == DIGEST
    chain = city.ceremony.chain(city.ceremony.tsa)
    named = [der.sequence(der.octets(hashlib.sha256(one).digest())) for one in chain]
    assert read_token(Forge(city, identifiers=der.sequence(*named)).token()).imprint == DIGEST


def test_attributes_that_say_something_else_are_refused(city: City) -> None:
    other = der.sequence(der.oid(oids.SHA384))
    for attributes in (
        {oids.SIGNING_CERTIFICATE: ess_v1(city, fault=b"x")},
        {oids.SIGNING_TIME: attribute(oids.SIGNING_TIME, der.integer(1))},
        {oids.ALGORITHM_PROTECTION: protection(other, signatures.ES256_IDENTIFIER)},
        {oids.ALGORITHM_PROTECTION: protection(digests.SHA256_IDENTIFIER, signatures.identifier("RS256"))},
        {oids.SIGNING_CERTIFICATE_V2: ess_v2(city, "SHA-1")},
    ):
        with pytest.raises(TokenInvalid):
            read_token(Forge(city, attributes=attributes).token())


def tst_extension(*, critical: bool) -> bytes:
    inside = der.sequence(der.oid("1.3.6.1.5.5.7.1.3"), der.TRUE if critical else b"", der.octets(der.sequence()))
    return der.tlv(der.context(1), inside)


def test_extensions_of_the_content_are_read_unless_critical(city: City) -> None:
    token = read_token(Forge(city, content=info(der.TRUE, tst_extension(critical=False))).token())
    assert token.ordering
    with pytest.raises(TokenInvalid, match="critical"):
        read_token(Forge(city, content=info(tst_extension(critical=True))).token())


def two_digests(city: City) -> bytes:
    return der.sorted_set([digests.SHA256_IDENTIFIER, der.sequence(der.oid(oids.SHA512))])


SHA384 = der.sequence(der.oid(oids.SHA384))
FORGERIES: dict[str, dict[str, object]] = {
    "another content type": {"content_type": der.oid("1.2.3")},
    "another version of the data": {"data_version": der.integer(1)},
    "another version of the signer": {"signer_version": der.integer(3)},
    "two digest algorithms": {"digest_set": two_digests(None)},  # type: ignore[arg-type]
    "no digest algorithm": {"digest_set": der.tlv(der.SET)},
    "a digest algorithm beside the signer's": {"digest_set": der.tlv(der.SET, NULL_SHA256)},
    "an unknown digest algorithm": {"digest_algorithm": SHA384, "digest_set": der.tlv(der.SET, SHA384)},
    "an unknown signature algorithm": {"signature_algorithm": der.sequence(der.oid("1.2.840.10045.4.3.3"))},
    "a signature algorithm with parameters": {
        "signature_algorithm": der.sequence(der.oid(oids.ECDSA_WITH_SHA256), b"\x05\x00")
    },
    "no certificates": {"certificates": b""},
    "an empty set of certificates": {"certificates": der.tlv(der.context(0))},
    "garbage among the certificates": {"certificates": der.tlv(der.context(0), der.sequence())},
    "another signer named": {"sid": der.sequence(der.sequence(), der.integer(1))},
    "a signer named by key": {"sid": der.tlv(der.context(0, constructed=False), bytes(20))},
    "two signers": {"signers": 2},
    "no signer": {"signers": 0},
    "unsigned attributes": {"unsigned": der.tlv(der.context(1), attribute("1.2.3", der.integer(1)))},
    "attributes out of order": {"sort": False},
    "a further attribute": {"attributes": {"1.2.3": attribute("1.2.3", der.integer(1))}},
    "no content type": {"left_out": oids.CONTENT_TYPE},
    "no message digest": {"left_out": oids.MESSAGE_DIGEST},
    "no signing certificate": {"left_out": oids.SIGNING_CERTIFICATE_V2},
    "an attribute with two values": {
        "attributes": {oids.CONTENT_TYPE: attribute(oids.CONTENT_TYPE, der.oid("1.2.3"), der.oid(oids.TST_INFO))}
    },
    "an attribute without value": {"attributes": {oids.CONTENT_TYPE: attribute(oids.CONTENT_TYPE)}},
    "another content type attribute": {
        "attributes": {oids.CONTENT_TYPE: attribute(oids.CONTENT_TYPE, der.oid("1.2.3"))}
    },
    "another message digest": {
        "attributes": {oids.MESSAGE_DIGEST: attribute(oids.MESSAGE_DIGEST, der.tlv(der.OCTET_STRING, bytes(32)))}
    },
    "a signing certificate that is another": {
        "identifiers": der.sequence(der.sequence(der.tlv(der.OCTET_STRING, bytes(32))))
    },
    "no identifier of a signing certificate": {"identifiers": der.sequence()},
    "another key": {"key": "status"},
    "content: another version": {"content": info(version=der.integer(2))},
    "content: ordering FALSE spelled out": {"content": info(b"\x01\x01\x00")},
    "content: an unknown member": {"content": info(der.tlv(der.context(7), b""))},
    "content: extensions": {"content": info(der.tlv(der.context(1), der.sequence()))},
    "content: a time of another type": {"content": info(time=der.tlv(der.UTC_TIME, b"261122083015Z"))},
    "content: an unknown hash": {
        "content": info(
            imprint=der.sequence(der.sequence(der.oid("1.3.14.3.2.26")), der.tlv(der.OCTET_STRING, bytes(20)))
        )
    },
    "content: a hash with odd parameters": {
        "content": info(
            imprint=der.sequence(der.sequence(der.oid(oids.SHA256), der.integer(1)), der.tlv(der.OCTET_STRING, DIGEST))
        )
    },
    "content: an imprint too short": {
        "content": info(imprint=der.sequence(digests.SHA256_IDENTIFIER, der.tlv(der.OCTET_STRING, bytes(31))))
    },
    "content: garbage": {"content": b"garbage"},
}


@pytest.mark.parametrize("changes", FORGERIES.values(), ids=FORGERIES.keys())
def test_other_forms_are_refused_even_if_signed(city: City, changes: dict[str, object]) -> None:
    with pytest.raises(TokenInvalid):
        read_token(Forge(city, **changes).token())  # type: ignore[arg-type]


def test_identifiers_of_another_issuer_are_refused(city: City) -> None:
    certificate = read_certificate(city.ceremony.tsa.cert_der)
    good = issuer_serial(city)
    bad = good.replace(der.integer(certificate.serial_number), der.integer(certificate.serial_number ^ 1))
    assert bad != good
    with pytest.raises(TokenInvalid, match="not the signer's"):
        read_token(Forge(city, identifiers=der.sequence(bad)).token())


def test_certificates_stand_in_any_order_but_once(city: City) -> None:
    chain = city.ceremony.chain(city.ceremony.tsa)
    for order in (sorted(chain), sorted(chain, reverse=True)):
        token = read_token(Forge(city, certificates=der.tlv(der.context(0), *order)).token())
        assert token.certificates == tuple(order)
    with pytest.raises(TokenInvalid, match="stands twice"):
        read_token(Forge(city, certificates=der.tlv(der.context(0), *chain, chain[0])).token())


@pytest.mark.parametrize("data", [b"", b"\x30\x00", b"garbage", b"\x30\x80" * 100, bytes(MAX_SIZE + 1)])
def test_garbage_is_refused(data: bytes) -> None:
    with pytest.raises(TokenInvalid):
        read_token(data)


@pytest.fixture(scope="module")
def token(city: City) -> bytes:
    return city.authority.stamp(DIGEST, NOW)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_mutated_tokens_are_read_or_refused(token: bytes, data: st.DataObject) -> None:
    mutated = bytearray(token)
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, len(mutated) - 1))
        mutated[position : position + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    with suppress(TokenInvalid):
        assert read_token(bytes(mutated)).certificates
