"""Those who answer or ask strangers, over the corpus' chain: the responder, the timestamp authority, the fetchers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from ca.encoding import der
from ca.errors import DerInvalid, ProfileViolated
from ca.ocsp.reader import read_ocsp_response
from ca.ocsp.request import read_ocsp_request
from ca.ocsp.responder import CertificateStatus, OcspResponder, ResponderKey
from ca.outside.crl_client import fetch_crl
from ca.outside.ocsp_client import ask_ocsp
from ca.reading import names
from ca.reading.certificate_reader import read_certificate
from ca.reading.names import DistinguishedName
from ca.timestamping.answer import Refusal, read_answer
from ca.timestamping.timestamps import TimestampAuthority
from ca.writing.certificate_request import CertificateRequest, validate
from ca.writing.lint import lint
from ca.writing.pkcs10 import read_pkcs10
from ca.writing.profiles import PROFILES
from tests.ca.house import NOW, YEAR
from tests.soak.chains import Chain
from tests.soak.readers import claim, timestamp_token

_PROFILES = tuple(PROFILES.values())
_ADDRESS = "http://ca.example.test/"


@dataclass(frozen=True)
class _Given:
    """A service that gives what it was told to give."""

    body: bytes

    def get(self, address: str, max_size: int) -> bytes:
        return self.body[:max_size]

    def post(self, address: str, body: bytes, media_type: str, max_size: int) -> bytes:
        return self.body[:max_size]


class _Register:
    def statuses(self, authority: str, serials: Sequence[int]) -> Mapping[int, CertificateStatus]:
        return {serial: CertificateStatus("good") for serial in serials if serial % 2}


class Services:
    """Everything of ours that speaks with strangers, under the keys of one chain."""

    def __init__(self, chain: Chain) -> None:
        self._issuer, self._leaf = (read_certificate(chain.certificate(role)) for role in ("issuing", "leaf"))
        responder, stamper = chain.authorities["responder"], chain.authorities["stamper"]
        key = ResponderKey("issuing", self._issuer.der, responder.signer, responder.certificate)
        self._responder = OcspResponder([key], _Register())
        stamps = (stamper.certificate, chain.certificate("root"))
        self._stamper = TimestampAuthority(stamper.signer, stamps, "2.999.3161.1")

    def ocsp_request(self, data: bytes) -> None:
        """Let the responder answer, who answers everything; then read the request."""
        answer = self._responder.respond(data, NOW)
        claim("the answer can be read", holds=read_ocsp_response(answer.der).status == answer.status)
        found = read_ocsp_request(data)
        claim("who can be read is not called malformed", holds=answer.status != "malformedRequest")
        for one in found.ids:
            one.is_of(self._issuer)

    def ocsp_response(self, data: bytes) -> None:
        found = read_ocsp_response(data)
        found.names(self._issuer)
        _ = found.responder
        for single in found.singles:
            found.about(single.id.serial, self._issuer)

    def timestamp_request(self, data: bytes) -> None:
        """Let the authority answer, who answers everything; a token that carries its certificates is good."""
        found = read_answer(self._stamper.respond(data, NOW))
        if not isinstance(found, Refusal) and data.endswith(der.TRUE) and len(data) % 4 == 0:
            timestamp_token(found)

    def signing_request(self, data: bytes) -> None:
        """Read a request and look whether a certificate could be had for it."""
        found = read_pkcs10(data)
        try:
            subject = found.distinguished_name()
        except DerInvalid:
            subject = DistinguishedName("测试", "测试")
        wanted = CertificateRequest("person", subject, found.public_key, NOW, NOW + YEAR - timedelta(days=1))
        try:
            validate(wanted, self._issuer)
        except ProfileViolated:
            return

    def draft(self, data: bytes) -> None:
        """Lint a to-be-signed certificate by a profile, which only ever finds faults."""
        profile = _PROFILES[len(data) % len(_PROFILES)]
        lint(data, profile, None if profile.name == "root" else self._issuer)

    def fetched_list(self, data: bytes) -> None:
        """Take the list that a licensed authority's address gives."""
        found = fetch_crl(_Given(data), _ADDRESS, self._leaf, self._issuer, NOW)
        claim("the list is the issuer's", holds=names.same(found.issuer, self._issuer.subject))

    def fetched_answer(self, data: bytes) -> None:
        """Take the answer that a licensed authority's responder gives."""
        _, single = ask_ocsp(_Given(data), _ADDRESS, self._leaf, self._issuer, NOW)
        claim("the answer is about the leaf", holds=single.id.serial == self._leaf.serial_number)
