"""The root of trust beside what nobody could leave out: one raw signature, made in the same run on the same core.

Every row is bytes to bytes in this process: no network, no database, keys in memory unless the row says otherwise.
"""

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count, cycle
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from ca.algorithms import sm2
from ca.judging.paths import validate_path
from ca.keys.software_signer import SoftwareSigner
from ca.ocsp.reader import read_ocsp_response
from ca.ocsp.request import make_ocsp_request
from ca.reading.crl_reader import Revoked
from ca.timestamping.answer import Refusal, make_request, read_answer
from ca.writing.certificates import serial_number
from ca.writing.revocation import make_crl
from tools.bench import national, token
from tools.bench.authority import BenchAuthority, found
from tools.bench.house import Say, one_core
from tools.bench.row import Row, paired_rates

SIGNATURE: Final = "raw P-256 signature"
VERIFICATION: Final = "raw P-256 verification"
_ECDSA: Final = ec.ECDSA(hashes.SHA256())
_MESSAGE: Final = bytes(400)  # octets, about what a certificate, an answer or a token has signed


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured.

    seconds: of each row and, beside it, of its reference, in so many rounds; leaves: certificates that paths are judged for in turn, more
    than any cache holds, so that each is as if never seen before; entries: of the revocation list.
    """

    seconds: float = 6.0
    rounds: int = 5
    leaves: int = 5000
    entries: int = 10_000


class RawKey:
    """A P-256 key, used with nothing around it."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._public_key = self._key.public_key()
        self._signature = self.sign()

    def sign(self) -> bytes:
        """Sign a message."""
        return self._key.sign(_MESSAGE, _ECDSA)

    def verify(self) -> None:
        """Verify a signature."""
        self._public_key.verify(self._signature, _MESSAGE, _ECDSA)


def rows(size: Size, say: Say) -> Iterator[Row]:
    """Measure what the root of trust does most, each beside its reference, round by round."""
    with one_core():
        authority, raw = found(), RawKey()
        works: list[tuple[str, str, Callable[[], object]]] = [
            ("certificate", "certificates/s", _certificate(authority)),
            ("ocsp", "answers/s", _ocsp(authority)),
            ("tsa", "tokens/s", _tsa(authority)),
        ]
        for name, unit, work in works:
            say(name)
            ours, reference = paired_rates(work, raw.sign, seconds=size.seconds, rounds=size.rounds)
            yield Row(name, ours, unit, SIGNATURE, reference)
        say("path")
        ours, reference = paired_rates(
            _path(authority, size.leaves), raw.verify, seconds=size.seconds, rounds=size.rounds
        )
        yield Row("path", ours, "paths/s", VERIFICATION, reference)
        say("crl")
        yield _crl(authority, size)
        if sm2.available():
            say("sm2")
            yield from national.rows(_MESSAGE, size.seconds, size.rounds, raw.sign, raw.verify)
        if token.available():
            say("pkcs11-sign")
            yield token.row(_MESSAGE, size.seconds, size.rounds, SIGNATURE, raw.sign)


def _certificate(authority: BenchAuthority) -> Callable[[], bytes]:
    """Return the act of issuing: the request validated, written, linted, signed and its signature verified."""
    public_key, numbers = SoftwareSigner.generate("ES256").public_key, count()
    return lambda: authority.person(next(numbers), public_key)


def _ocsp(authority: BenchAuthority) -> Callable[[], bytes]:
    """Return the act of answering about one certificate, without a nonce."""
    person = authority.person(0, SoftwareSigner.generate("ES256").public_key)
    responder = authority.answers([person])
    request = make_ocsp_request(person, authority.issuing.certificate)
    (single,) = read_ocsp_response(responder.respond(request, authority.now).der).singles
    assert single.verdict == "good", single
    return lambda: responder.respond(request, datetime.now(UTC)).der


def _tsa(authority: BenchAuthority) -> Callable[[], bytes]:
    """Return the act of stamping a digest with a nonce, the token carrying its chain."""
    stamps = authority.timestamps()
    request = make_request(secrets.token_bytes(32), "SHA-256", secrets.randbits(63))
    answer = read_answer(stamps.respond(request, datetime.now(UTC)))
    assert not isinstance(answer, Refusal), answer
    return lambda: stamps.respond(request, datetime.now(UTC))


def _path(authority: BenchAuthority, leaves: int) -> Callable[[], object]:
    """Return the act of judging a certificate never seen before under a known trust list, revocation included."""
    public_key, trust = SoftwareSigner.generate("ES256").public_key, authority.trust()
    people = cycle([authority.person(number, public_key) for number in range(leaves)])

    judge = partial(validate_path, trust=trust, at=authority.now, usage="seal")
    report = judge(next(people), ())
    assert report.reason == "good", report
    return lambda: judge(next(people), ())


def _crl(authority: BenchAuthority, size: Size) -> Row:
    """Measure a whole list, written and signed, beside the same entries encoded and signed by `cryptography`."""
    at = authority.now.replace(microsecond=0)
    until = at + timedelta(days=7)
    listed = [Revoked(serial_number(), at, "superseded") for _ in range(size.entries)]
    ours = partial(make_crl, authority.issuing, 1, listed, at, until)
    builder = _builder(x509.load_der_x509_certificate(authority.issuing.certificate).subject, listed, at, until)
    key = ec.generate_private_key(ec.SECP256R1())
    theirs = partial(builder.sign, key, hashes.SHA256())
    rate, reference = paired_rates(ours, theirs, seconds=size.seconds, rounds=size.rounds)
    return Row("crl-10k", rate, "lists/s", "cryptography, from a builder that has the entries", reference)


def _builder(
    issuer: x509.Name, listed: Sequence[Revoked], at: datetime, until: datetime
) -> x509.CertificateRevocationListBuilder:
    reason = x509.CRLReason(x509.ReasonFlags.superseded)
    entries = [
        x509.RevokedCertificateBuilder(
            one.serial_number, one.at, [x509.Extension(reason.oid, critical=False, value=reason)]
        ).build()
        for one in listed
    ]
    return x509.CertificateRevocationListBuilder(issuer, at, until, revoked_certificates=entries)
