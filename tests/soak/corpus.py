"""The good inputs that mutated ones are made of: ours and other makers', of all algorithms, made afresh for a run."""

import base64
import json
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ca.algorithms.signatures import identifier
from ca.encoding import der
from ca.errors import DerInvalid
from ca.judging.trust import sign_trust
from ca.keys import pkcs8
from ca.keys.software_signer import SoftwareSigner
from ca.ocsp.reader import read_ocsp_response
from ca.ocsp.request import make_ocsp_request
from ca.reading.certificate_reader import read_certificate
from ca.timestamping.answer import make_request, read_answer
from ca.writing.pkcs10 import make_pkcs10
from ledger.signing import SignatureAlgorithm
from tests.ca.answering import answering
from tests.ca.answering import name as person
from tests.ca.hierarchy import hierarchy
from tests.ca.house import CHEAP, NOW, crl, issuing, root, seal, trust_list, trust_signer
from tests.soak import chains
from tests.soak.chains import Chain, pack
from tests.soak.foreign import Objects, kept_by_cryptography, made_by_openssl
from tests.soak.mutations import Seed

_ALGORITHMS: tuple[SignatureAlgorithm, ...] = ("ES256", "ES384", "RS256", "Ed25519", "SM2")
_AUTHORITIES: tuple[SignatureAlgorithm, ...] = ("ES256", "ES384", "RS256", "SM2")
_MESSAGE = b"signed by a key of the corpus"


@dataclass(frozen=True)
class Corpus:
    """Inputs by family, and the chain whose parts are signed again."""

    objects: Objects
    chain: Chain

    @cached_property
    def seeds(self) -> dict[str, tuple[Seed, ...]]:
        return {family: tuple(map(Seed, found)) for family, found in self.objects.items()}

    @cached_property
    def everything(self) -> tuple[Seed, ...]:
        """All families together: whose pieces may get into anything."""
        return tuple(seed for family in self.seeds.values() for seed in family)

    def save(self, path: Path) -> None:
        """Write it down, so that a run can be repeated; the keys inside are thrown away with it."""
        kept = {
            "objects": {family: [_text(one) for one in found] for family, found in self.objects.items()},
            "chain": {role: [_text(one) for one in pair] for role, pair in self.chain.save().items()},
        }
        path.write_text(json.dumps(kept))


def load(path: Path) -> Corpus:
    """Read a corpus that was written down."""
    kept = json.loads(path.read_text())
    objects = {family: [base64.b64decode(one) for one in found] for family, found in kept["objects"].items()}
    pairs = {role: (base64.b64decode(pair[0]), base64.b64decode(pair[1])) for role, pair in kept["chain"].items()}
    return Corpus(objects, chains.load(pairs))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def make() -> Corpus:
    """Make everything anew; takes some seconds."""
    with tempfile.TemporaryDirectory() as folder:
        sources = [_ours(), made_by_openssl(Path(folder)), kept_by_cryptography()]
    objects: Objects = {}
    for source in sources:
        for family, found in source.items():
            objects.setdefault(family, []).extend(found)
    objects["name"], objects["extensions"], objects["tbs"] = _parts(objects["certificate"])
    return Corpus(objects, chains.make())


def _ours() -> Objects:
    found: Objects = {"signature": [], "pkcs8": [], "trust": [_trust()]}
    families = ("certificate", "crl", "pkcs10", "public-key", "private-key", "ocsp-request", "ocsp-response")
    found |= {family: [] for family in (*families, "tsa-request", "tsa-answer", "tsa-token")}
    for algorithm in _ALGORITHMS:
        signer = SoftwareSigner.generate(algorithm)
        at_rest = signer.to_pkcs8(b"soak", CHEAP)
        found["pkcs8"].append(at_rest)
        found["private-key"].append(pkcs8.decrypt(at_rest, b"soak"))
        found["public-key"].append(signer.public_key)
        found["pkcs10"].append(make_pkcs10(signer, person("测试")))
        parts = (signer.public_key, identifier(algorithm), _MESSAGE, signer.sign(_MESSAGE))
        found["signature"].append(pack(parts))
    for algorithm in _AUTHORITIES:
        house = hierarchy(algorithm)
        found["certificate"] += [house.root.certificate, house.issuing.certificate, *house.leaves.values()]
        found["crl"] += [house.root_crl, house.issuing_crl]
        _add_answers(found, algorithm)
    chain = chains.make()
    found["certificate"] += [chain.certificate(role) for role in chains.ROLES]
    found["crl"] += [data for _, data in chain.crls]
    found["ocsp-response"] += [data for _, data in chain.ocsp]
    return found


def _add_answers(found: Objects, algorithm: SignatureAlgorithm) -> None:
    house = answering(algorithm)
    responder, stamper = house.responder(), house.stamper()
    for asked, nonce in ((house.people[:1], None), (house.people, b"n" * 32)):
        request = make_ocsp_request(asked, house.issuing.certificate, nonce, hash_algorithm="SHA-256")
        found["ocsp-request"].append(request)
        found["ocsp-response"].append(responder.respond(request, NOW).der)
        assert read_ocsp_response(found["ocsp-response"][-1]).status == "successful"
    for hash_algorithm, size in (("SHA-256", 32), ("SHA-512", 64), ("SM3", 32)):
        request = make_request(b"\x5a" * size, hash_algorithm, 1 << 62)
        answer = stamper.respond(request, NOW)
        token = read_answer(answer)
        assert isinstance(token, bytes)
        found["tsa-request"].append(request)
        found["tsa-answer"].append(answer)
        found["tsa-token"].append(token)


def _trust() -> bytes:
    top = root()
    middle, signer = issuing(top), trust_signer(top)
    lists = trust_list([top], [middle], [crl(top), crl(middle)], tsa=[seal(top).certificate])
    return sign_trust(lists, signer.certificate, signer.signer)


def _parts(certificates: list[bytes]) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """Return the names, the extensions and the to-be-signed parts of all that can be read."""
    names, extensions, drafts = [], [], []
    for data in certificates:
        try:
            certificate = read_certificate(data)
        except DerInvalid:
            continue
        names.append(certificate.subject)
        drafts.append(certificate.tbs)
        last = der.children(der.read(certificate.tbs))[-1]
        if last.tag == der.context(3):
            extensions.append(last.value)
    return names, extensions, drafts
