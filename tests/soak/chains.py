"""A path with everything that path validation looks at, whose every part can be spoilt and signed again."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from cryptography import x509

from ca.algorithms.signatures import identifier
from ca.encoding import der, oids
from ca.keys.software_signer import SoftwareSigner
from ca.reading.certificate_reader import read_certificate
from ca.writing.certificates import Authority
from ledger.signing import Signer
from tests.ca.evidence import WHOLE, continuing, directory, line, make_list, make_response, of_issuer, scope, uri
from tests.ca.house import CA_USAGE, CHEAP, SEAL_USAGE, Extra, certify

_PASSPHRASE = b"soak"
_ANY = "2.5.29.32.0"
ROLES = ("root", "policies", "issuing", "lists", "responder", "stamper", "leaf")


def _policies(*policies: str) -> Extra:
    found = [x509.PolicyInformation(x509.ObjectIdentifier(one), ["http://ca.example.test/cps"]) for one in policies]
    return Extra(x509.CertificatePolicies(found), critical=False)


def _mapping(*pairs: tuple[str, str]) -> Extra:
    value = der.sequence(*(der.sequence(der.oid(one), der.oid(other)) for one, other in pairs))
    return Extra(x509.UnrecognizedExtension(x509.ObjectIdentifier(oids.POLICY_MAPPINGS), value), critical=False)


def _constraints() -> Extra:
    permitted = [
        x509.DNSName("example.test"),
        x509.RFC822Name(".example.test"),
        x509.UniformResourceIdentifier(".example.test"),
        x509.IPAddress(ip_network("192.0.2.0/24")),
    ]
    return Extra(x509.NameConstraints(permitted, [x509.DNSName("bad.example.test")]), critical=True)


def _names() -> Extra:
    found = [
        x509.DNSName("www.example.test"),
        x509.RFC822Name("someone@mail.example.test"),
        x509.UniformResourceIdentifier("https://www.example.test:8443/x"),
        x509.IPAddress(ip_address("192.0.2.7")),
    ]
    return Extra(x509.SubjectAlternativeName(found), critical=False)


def _points(lists: Authority) -> Extra:
    other = directory(read_certificate(lists.certificate))
    indirect = x509.DistributionPoint([uri("indirect")], None, None, [other])
    return Extra(
        x509.CRLDistributionPoints([x509.DistributionPoint([uri("a")], None, None, None), indirect]), critical=False
    )


@dataclass(frozen=True)
class Chain:
    """By role: the certificate and the key behind it. crls, ocsp: with the role that signs each."""

    authorities: dict[str, Authority]
    crls: tuple[tuple[str, bytes], ...]
    ocsp: tuple[tuple[str, bytes], ...]

    def certificate(self, role: str) -> bytes:
        return self.authorities[role].certificate

    def issuer(self, role: str) -> Signer:
        """Whose key signs that role's certificate."""
        above = {"root": "root", "policies": "root", "issuing": "policies", "lists": "root", "stamper": "root"}.get(
            role, "issuing"
        )
        return self.authorities[above].signer

    def save(self) -> dict[str, tuple[bytes, bytes]]:
        """Return certificate and PKCS#8 by role: keys of tests, which protect nothing."""
        return {
            role: (one.certificate, one.signer.to_pkcs8(_PASSPHRASE, CHEAP))  # type: ignore[attr-defined]
            for role, one in self.authorities.items()
        }


def load(saved: dict[str, tuple[bytes, bytes]]) -> Chain:
    """Open what `save` kept; the lists and the answer are made anew."""
    found = {
        role: Authority(certificate, SoftwareSigner.from_pkcs8(key, _PASSPHRASE))
        for role, (certificate, key) in saved.items()
    }
    return _with_evidence(found)


def make() -> Chain:
    """Make a new one."""
    root = certify("测试根", None, usage=CA_USAGE, ca=True)
    lists = certify("测试列表", root, usage=CA_USAGE, ca=True)
    limits = [_policies("2.999.1", _ANY), _constraints(), Extra(x509.PolicyConstraints(2, None), critical=True)]
    policies = certify("测试策略", root, usage=CA_USAGE, ca=True, path_length=1, extras=limits)
    mapped = [_policies("2.999.1", "2.999.2"), _mapping(("2.999.1", "2.999.3"), ("2.999.2", "2.999.4"))]
    issuing = certify("测试签发", policies, usage=CA_USAGE, ca=True, path_length=0, extras=mapped)
    said = [_policies("2.999.3"), _names(), _points(lists)]
    leaf = certify("测试印章", issuing, usage=SEAL_USAGE, ca=False, extras=said)
    charged = [Extra(x509.ExtendedKeyUsage([x509.ObjectIdentifier(oids.OCSP_SIGNING)]), critical=False)]
    responder = certify("测试应答", issuing, usage={"digital_signature": True}, ca=False, extras=charged)
    stamps = [Extra(x509.ExtendedKeyUsage([x509.ObjectIdentifier(oids.TIME_STAMPING)]), critical=True)]
    stamper = certify("测试时间戳", root, usage={"digital_signature": True}, ca=False, extras=stamps)
    made = (root, policies, issuing, lists, responder, stamper, leaf)
    return _with_evidence(dict(zip(ROLES, made, strict=True)))


def _with_evidence(found: dict[str, Authority]) -> Chain:
    leaf, issuing = read_certificate(found["leaf"].certificate), read_certificate(found["issuing"].certificate)
    gone = line(4711, WHOLE, 1)
    crls = (
        ("root", make_list(found["root"], [gone])),
        ("policies", make_list(found["policies"], [line(12, WHOLE, 6)])),
        (
            "issuing",
            make_list(
                found["issuing"], [gone, line(13, WHOLE, 4)], scope(uri("a"), reasons=[x509.ReasonFlags.key_compromise])
            ),
        ),
        ("issuing", make_list(found["issuing"], [gone])),
        ("issuing", make_list(found["issuing"], [line(4711, WHOLE, 8)], continuing(1), number=2)),
        (
            "lists",
            make_list(found["lists"], [line(14, WHOLE, 1, of_issuer(issuing))], scope(uri("indirect"), indirect=True)),
        ),
    )
    answer = make_response(leaf, issuing, found["responder"])
    return Chain(found, crls, (("responder", answer),))


def sign(tbs: bytes, signer: Signer) -> bytes:
    """Sign whatever it is, for the shape that certificates, lists and requests share."""
    return der.sequence(tbs, identifier(signer.algorithm), der.bits(signer.sign(tbs)))


def sign_answer(tbs: bytes, signer: Signer, certificate: bytes) -> bytes:
    """Sign whatever it is as the ResponseData of an OCSP response."""
    inside = der.tlv(der.context(0), der.sequence(certificate))
    basic = der.sequence(tbs, identifier(signer.algorithm), der.bits(signer.sign(tbs)), inside)
    body = der.sequence(der.oid(oids.OCSP_BASIC), der.octets(basic))
    return der.sequence(der.integer(0, der.ENUMERATED), der.tlv(der.context(0), body))


def pack(*groups: Sequence[bytes]) -> bytes:
    """Put several inputs of one call into one file."""
    return der.sequence(*(der.sequence(*map(der.octets, group)) for group in groups))


def unpack(data: bytes) -> tuple[tuple[bytes, ...], ...]:
    """Return what was packed."""
    groups = der.children(der.read(data))
    return tuple(tuple(map(der.parse_octets, der.children(group))) for group in groups)
