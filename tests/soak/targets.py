"""Every parser of foreign DER in `ca/`, what may go into it, and what alone it may raise."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from ca.algorithms.signatures import SCHEMES
from ca.encoding import pem
from ca.errors import (
    CertificateInvalid,
    CrlInvalid,
    DerInvalid,
    KeyUnreadable,
    PassphraseWrong,
    TokenInvalid,
    TrustListInvalid,
)
from ca.ocsp.errors import OcspInvalid, OcspMalformed
from ca.outside.foreign_errors import AnchorMismatch, ChainUnusable, ForeignRefused, ForeignUnavailable
from ca.writing.certificate_errors import RequestInvalid
from ledger.errors import DomainError
from tests.soak import paths, readers
from tests.soak.chains import pack, unpack
from tests.soak.corpus import Corpus
from tests.soak.mutations import MAX_SIZE, Seed, mutate, noise
from tests.soak.paths import Spoiler
from tests.soak.services import Services


@dataclass(frozen=True)
class Target:
    """make: an input from a source of chance; read: what is done with it; declared: all that this may raise."""

    name: str
    make: Callable[[Random], bytes]
    read: Callable[[bytes], None]
    declared: tuple[type[DomainError], ...] = ()


def targets(corpus: Corpus) -> tuple[Target, ...]:
    """Return all targets over a corpus; an input is given to them in turn."""
    der_of = _Der(corpus)
    pem_of = _Pem(corpus)
    ours, spoiler = Services(corpus.chain), Spoiler(corpus)
    return (
        Target("der", der_of("certificate"), readers.elements, (DerInvalid,)),
        Target("certificate", der_of("certificate"), readers.certificate, (CertificateInvalid,)),
        Target("extensions", der_of("extensions"), readers.extensions, (DerInvalid,)),
        Target("name", der_of("name"), readers.name, (DerInvalid,)),
        Target("crl", der_of("crl"), readers.revocation_list, (CrlInvalid,)),
        Target("ocsp-request", der_of("ocsp-request"), ours.ocsp_request, (OcspMalformed,)),
        Target("ocsp-response", der_of("ocsp-response"), ours.ocsp_response, (OcspInvalid,)),
        Target("timestamp-request", der_of("tsa-request"), ours.timestamp_request),
        Target("timestamp-answer", der_of("tsa-answer"), readers.timestamp_answer, (TokenInvalid,)),
        Target("timestamp-token", der_of("tsa-token"), readers.timestamp_token, (TokenInvalid,)),
        Target("pkcs10", der_of("pkcs10"), ours.signing_request, (RequestInvalid,)),
        Target("pkcs8", pem_of.key_file, readers.key_file, (PassphraseWrong, KeyUnreadable)),
        Target("private-key", _private_key(der_of), readers.private_key, (PassphraseWrong, KeyUnreadable)),
        Target("public-key", der_of("public-key"), readers.public_key),
        Target("signature", _Signatures(corpus), readers.signature),
        Target("pem", pem_of.text, readers.pem_text, (DerInvalid,)),
        Target("pem-chain", pem_of.certificates, readers.pem_certificates, (ChainUnusable, AnchorMismatch)),
        Target("lint", der_of("tbs"), ours.draft),
        Target("trust-list", _TrustLists(corpus), readers.trust, (TrustListInvalid,)),
        Target("fetched-crl", spoiler.fetched_list, ours.fetched_list, (ForeignRefused, ForeignUnavailable)),
        Target("fetched-ocsp", spoiler.fetched_answer, ours.fetched_answer, (ForeignRefused, ForeignUnavailable)),
        Target("path", spoiler, paths.judge),
    )


class _Der:
    """Makes inputs of a family by spoiling its DER."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus

    def __call__(self, family: str) -> Callable[[Random], bytes]:
        seeds, donors = self._corpus.seeds[family], self._corpus.everything
        return lambda rng: mutate(rng, rng.choice(seeds), donors)


def _private_key(der_of: _Der) -> Callable[[Random], bytes]:
    spoilt = der_of("private-key")
    return lambda rng: readers.encrypted(spoilt(rng))


class _Signatures:
    """Makes a key, an algorithm, data and a signature, of which one does not belong to the others."""

    def __init__(self, corpus: Corpus) -> None:
        self._sets = [unpack(data)[0] for data in corpus.objects["signature"]]
        self._donors = corpus.everything

    def __call__(self, rng: Random) -> bytes:
        parts = list(rng.choice(self._sets))
        index = rng.choice((0, 1, 2, 3, 3, 3))
        part = parts[index]
        while _same(part, parts[index]):
            part = mutate(rng, Seed(parts[index]), self._donors)
        parts[index] = part
        return pack(parts)


def _same(part: bytes, other: bytes) -> bool:
    """Say whether they are alike, or two accepted spellings of one algorithm."""
    scheme = SCHEMES.get(part)
    return part == other or (scheme is not None and scheme == SCHEMES.get(other))


_TEXTS = (
    b"-----BEGIN CERTIFICATE-----",
    b"-----END CERTIFICATE-----",
    b"-----BEGIN X-----",
    b"\r",
    b"\n",
    b" ",
    b"=",
    b"\x00",
    b"\xff",
)


class _Pem:
    """Makes PEM around spoilt DER, and spoils the text itself."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus

    def certificates(self, rng: Random) -> bytes:
        """Make a chain that leads to a root, or any certificates."""
        if rng.random() < 0.5:
            return self._blocks(rng, "CERTIFICATE", self._corpus.seeds["certificate"], rng.choice((1, 2, 4)))
        chain = [self._corpus.chain.certificate(role) for role in ("leaf", "issuing", "policies", "root")]
        index = rng.randrange(len(chain))
        chain[index] = mutate(rng, Seed(chain[index]), self._corpus.everything)
        return b"".join(pem.encode("CERTIFICATE", one) for one in chain)

    def text(self, rng: Random) -> bytes:
        family, label = rng.choice((("certificate", "CERTIFICATE"), ("crl", "X509 CRL"), ("public-key", "PUBLIC KEY")))
        data = self._blocks(rng, label, self._corpus.seeds[family], rng.choice((1, 1, 3)))
        return self._spoilt(rng, data)

    def key_file(self, rng: Random) -> bytes:
        data = rng.choice(self._corpus.seeds["pkcs8"]).data
        ((label, inner),) = pem.blocks(data)
        if rng.random() < 0.8:
            return pem.encode(label, mutate(rng, Seed(inner), self._corpus.everything))
        return self._spoilt(rng, data)

    def _blocks(self, rng: Random, label: str, seeds: tuple[Seed, ...], count: int) -> bytes:
        parts = []
        for _ in range(count):
            seed = rng.choice(seeds)
            data = mutate(rng, seed, self._corpus.everything) if rng.random() < 0.5 else seed.data
            parts.append(pem.encode(label, data))
        return rng.choice((b"", b"\n", b"a line of text\n")).join(parts)

    @staticmethod
    def _spoilt(rng: Random, data: bytes) -> bytes:
        lines = data.splitlines(keepends=True)
        for _ in range(rng.randint(1, 3)):
            here = rng.randrange(len(lines) + 1)
            match rng.randrange(5):
                case 0:
                    del lines[here : here + 1]
                case 1:
                    lines[here:here] = lines[here : here + 3] * rng.choice((1, 2, 300))
                case 2:
                    lines.insert(here, rng.choice(_TEXTS) * rng.choice((1, 1, 2, 3000)))
                case 3:
                    rng.shuffle(lines)
                case _:
                    lines = [noise(rng, b"".join(lines))]
        return b"".join(lines)[: 4 * MAX_SIZE]


class _TrustLists:
    """Makes trust lists with a member of their JSON changed, DER spoilt inside it, or their text."""

    def __init__(self, corpus: Corpus) -> None:
        self._seeds, self._donors = corpus.seeds["trust"], corpus.everything

    def __call__(self, rng: Random) -> bytes:
        data = rng.choice(self._seeds).data
        if rng.random() < 0.2:
            return noise(rng, data)
        value = json.loads(data)
        holder, key = rng.choice(list(_members(value)))
        holder[key] = self._other(rng, holder[key])
        return json.dumps(value, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")

    def _other(self, rng: Random, value: object) -> object:
        if isinstance(value, str) and len(value) > 100 and rng.random() < 0.8:
            return base64.b64encode(mutate(rng, Seed(base64.b64decode(value)), self._donors)).decode()
        return rng.choice(
            (
                None,
                True,
                0,
                -1,
                1 << 70,
                0.5,
                float("nan"),
                "",
                "\u202e",
                "\ud800",
                "9999-99-99",
                "0000-01-01T00:00:00Z",
                [],
                {},
                [value] * rng.choice((1, 2, 3000)),
                {"x": value},
                {str(number): value for number in range(300)},
            )
        )


def _members(value: Any) -> Any:
    """Yield every holder of the JSON with the key or index of what it holds."""
    inside = value.items() if isinstance(value, Mapping) else enumerate(value)
    for key, member in list(inside):
        yield value, key
        if isinstance(member, dict | list):
            yield from _members(member)
