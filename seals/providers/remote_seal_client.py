"""A seal service elsewhere, such as the province's: it holds keys and signs digests, over HTTP.

Only a digest leaves the house, never what is sealed. Nothing that comes back is believed: every signature is verified
with the certificate that was imported. A request that got no answer is sent again under the same request id, by which
the service knows it and signs once.

    POST <address>/signatures
    {"request_id": uuid, "key": name, "certificate": SHA-256 in hex, "algorithm": "ES256", "digest": base64}
    {"request_id": the same, "certificate": SHA-256 in hex of the one it signed with, "signature": base64}

algorithm: ES256, ES384 and RS256 (PKCS #1 v1.5) over the digest of SHA-2, SM2 over e (GB/T 32918.2), which binds the user
id 1234567812345678 and the key. signature: DER of r and s, for RS256 an integer of the modulus' size.
"""

import hashlib
import json
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Protocol
from uuid import uuid4

from ca.algorithms import digests, signatures, sm2
from ca.algorithms.public_keys import KeyKind, key_kind
from ca.encoding.strict_json import Members, octets, parse, text
from ca.errors import JsonInvalid
from ca.outside.foreign_errors import ForeignRefused, ForeignUnavailable
from ca.outside.http_client import Limits, service
from ca.reading.certificate_reader import read_certificate
from ledger.signing import SignatureAlgorithm
from seals.pdf.errors import SealKeyUnusable

LIMITS: Final = Limits(connect=3.0, quiet=5.0, total=10.0)
"""Sealing waits for the answer: a service that takes longer is out of order."""

PAUSES: Final = (0.2, 1.0)
"""Seconds before each further attempt."""

_MAX_ANSWER: Final = 16 * 1024
_ALGORITHMS: Final[Mapping[KeyKind, SignatureAlgorithm]] = MappingProxyType(
    {"P-256": "ES256", "P-384": "ES384", "RSA": "RS256", "SM2": "SM2"}
)


class Posting(Protocol):
    """Sends requests, as `ca.outside.http_client.HttpClient` does."""

    def post(self, address: str, body: bytes, media_type: str, max_size: int, headers: Mapping[str, str]) -> bytes:
        """Return the answer's body; raises ForeignUnavailable, ForeignRefused."""
        ...


@dataclass(frozen=True, slots=True)
class RemoteSealService:
    """A provider of keys behind an address. Safe between threads.

    address: without a slash at its end; token: tells the service who asks (RFC 6750), None where the network does.
    """

    http: Posting
    address: str
    token: str | None = field(default=None, repr=False)
    pauses: tuple[float, ...] = PAUSES
    wait: Callable[[float], None] = time.sleep

    def signer(self, key_name: str, certificate: bytes) -> "RemoteSigner":
        """Return the signer of a certificate (DER); nothing is asked yet. Raises SealKeyUnusable, CertificateInvalid."""
        public_key = read_certificate(certificate).public_key
        kind = key_kind(public_key)
        algorithm = _ALGORITHMS.get(kind[0]) if kind is not None else None
        # Ed25519 has no digest that could be sent in place of what is signed (RFC 8032 section 5.1.6)
        if algorithm is None:
            raise SealKeyUnusable(reason="algorithm")
        return RemoteSigner(self, key_name, hashlib.sha256(certificate).hexdigest(), algorithm, public_key)

    def ask(self, request: Mapping[str, str]) -> Members:
        """Return the members of the answer, asking again where none came; raises ForeignUnavailable, ForeignRefused."""
        body = json.dumps(request).encode("ascii")
        for pause in self.pauses:
            try:
                return self._once(body)
            except ForeignUnavailable:
                self.wait(pause)
        return self._once(body)

    def refused(self, zh: str, en: str) -> ForeignRefused:
        """Return the error for an answer that cannot be believed."""
        return ForeignRefused(service(self.address), zh, en)

    def _once(self, body: bytes) -> Members:
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        answer = self.http.post(f"{self.address}/signatures", body, "application/json", _MAX_ANSWER, headers)
        try:
            return Members(parse(answer), "answer")
        except JsonInvalid as error:
            raise self.refused(error.message("zh"), error.message("en")) from error


@dataclass(frozen=True, slots=True)
class RemoteSigner:
    """A `Signer` whose key is in a seal service. fingerprint: SHA-256 of its certificate, in hex."""

    _service: RemoteSealService
    _key_name: str
    _fingerprint: str
    algorithm: SignatureAlgorithm
    public_key: bytes = field(repr=False)

    def sign(self, data: bytes) -> bytes:
        """Have the data signed. Raises ForeignUnavailable, ForeignRefused, NationalUnavailable."""
        request_id = str(uuid4())
        answer = self._service.ask(
            {
                "request_id": request_id,
                "key": self._key_name,
                "certificate": self._fingerprint,
                "algorithm": self.algorithm,
                "digest": b64encode(self._digest(data)).decode("ascii"),
            }
        )
        signature = self._read(answer, request_id)
        if not signatures.verify_as(self.algorithm, self.public_key, data, signature):
            raise self._service.refused("签名值与证书不符", "its signature is not by the key of the certificate")
        return signature

    def _digest(self, data: bytes) -> bytes:
        if self.algorithm == "SM2":
            return sm2.message_digest(self.public_key, data)
        hashing = signatures.scheme(self.algorithm).hash
        assert hashing is not None
        return digests.compute(hashing, data)

    def _read(self, answer: Members, request_id: str) -> bytes:
        try:
            answered, certificate = answer.take("request_id", text), answer.take("certificate", text)
            signature = answer.take("signature", octets)
            answer.end()
        except JsonInvalid as error:
            raise self._service.refused(error.message("zh"), error.message("en")) from error
        if answered != request_id:
            raise self._service.refused("应答对应另一请求", "the answer to another request")
        if certificate != self._fingerprint:
            raise self._service.refused(
                "已改用另一证书签名，请重新导入该印章", "it signs with another certificate now: import the renewed seal"
            )
        return signature
