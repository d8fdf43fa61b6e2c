"""A small world for verification: authorities, seals, a log and a status key, and really sealed licences.

Everything can be made wrong on purpose: dates, revocations, issuers, embedded data.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

import typst

from ca.judging.trust import AllowedAlgorithm, TrustList, load_trust, sign_trust
from ca.keys.software_signer import SoftwareSigner
from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import Reason, Revoked
from ca.timestamping.timestamps import TimestampAuthority
from ca.writing.certificates import Authority, DistinguishedName, issue, issue_root
from ca.writing.profiles import ISSUING, ROOT, SEAL, STATUS, TIMESTAMP, TRUST
from ca.writing.revocation import make_crl
from ledger.entries import Opening
from ledger.formats import base64_text, canonical
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import NoteSigner
from ledger.formats.tlog_proof import TlogProof
from ledger.signing import Signer
from ledger.tree import merkle
from licences.identifiers import compose
from seals.jwt.jades import JsonSealer, SealedJson, sign_jwt
from seals.jwt.jose import JSON, b64url_encode
from seals.jwt.sd_jwt import Path as ClaimPath
from seals.pdf.pades import PdfSealer, Placement, SealedPdf
from tests.ledger import reference_tree
from tests.seals.house import FONTS, appearance

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
SINCE, UNTIL = NOW - timedelta(days=400), NOW + timedelta(days=3650)
SEALED_AT = NOW - timedelta(days=10)
ORIGIN = "elicence.test/log"
BUREAU, OTHER_BUREAU = "11990100MB9T00011N", "11990100MB9T00038E"
TYPE_CODE = "11100000MB03271699001"
STATUS_URI = "http://127.0.0.1:8000/v1/status-lists/1"
TAG_KEY = sha256(b"tag key").digest()
STATUS_INDEX = 5

PAGE = """
#set document(title: sys.inputs.title, keywords: json(bytes(sys.inputs.keywords)), date: datetime(year: 2026, month: 11, day: 12))
#set page(width: 80mm, height: 80mm)
#if "licence" in sys.inputs {
  pdf.attach("licence.json", bytes(sys.inputs.licence), relationship: "data", mime-type: "application/json", description: "x")
}
Test licence
"""


@dataclass(frozen=True, slots=True)
class Party:
    """A key and its chain, leaf first, root last."""

    signer: Signer
    chain: tuple[bytes, ...]

    @property
    def authority(self) -> Authority:
        return Authority(self.chain[0], self.signer)


def certified(
    profile: Any, name: DistinguishedName, above: Party, since: datetime = SINCE, until: datetime = UNTIL
) -> Party:
    """Make a key and certify it under another."""
    signer = SoftwareSigner.generate("ES256")
    leaf = issue(profile, name, signer.public_key, above.authority, since, until)
    return Party(signer, (leaf, *above.chain))


@dataclass(frozen=True, slots=True)
class World:
    """Who signs what, `lister` the trust lists; `seal` and `other_seal` belong to two bureaus, `stray` stands under another root."""

    root: Party
    issuing: Party
    tsa: Party
    seal: Party
    other_seal: Party
    status: Party
    lister: Party
    log: NoteSigner

    def timestamp(self, imprint: bytes, now: datetime) -> bytes:
        return TimestampAuthority(self.tsa.signer, self.tsa.chain, "2.999.3161.1").stamp(imprint, now)

    def pdf_sealer(self, party: Party | None = None) -> PdfSealer:
        chosen = party or self.seal
        return PdfSealer(chosen.signer, chosen.chain, appearance(), self.timestamp, "测试专用章", "颁发证照")

    def json_sealer(self, party: Party | None = None) -> JsonSealer:
        chosen = party or self.seal
        return JsonSealer(chosen.signer, chosen.chain[:-1], self.timestamp)

    def trust(self, **changes: Any) -> TrustList:
        """The trust list that a verifier would have, with changes."""
        return load_trust(self.trust_file(**changes), NOW)

    def trust_file(
        self,
        *,
        revoked: Sequence[tuple[Party, datetime]] = (),
        reason: Reason | None = None,
        days: int = 400,
        crl_days: int = 400,
        **changes: Any,
    ) -> bytes:
        begin = NOW - timedelta(days=300)
        entries = [Revoked(read_certificate(party.chain[0]).serial_number, at, reason) for party, at in revoked]
        until = begin + timedelta(days=days)
        lists = [
            make_crl(authority.authority, 1, entries, begin, begin + timedelta(days=crl_days))
            for authority in (self.root, self.issuing)
        ]
        members: dict[str, Any] = {
            "name": "测试信任列表",
            "anchors": (self.root.chain[0],),
            "intermediates": (self.issuing.chain[0],),
            "crls": tuple(lists),
            "tsa": (self.tsa.chain[0],),
            "log_keys": {ORIGIN: self.log.vkey.text},
            "status_keys": (self.status.chain[0],),
            "receipt_keys": (),
            "algorithms": (
                AllowedAlgorithm("ES256", date(2035, 12, 31)),
                AllowedAlgorithm("SHA-256", date(2045, 12, 31)),
            ),
            "valid_from": begin,
            "valid_until": until,
        }
        return sign_trust(TrustList(**{**members, **changes}), self.lister.chain[0], self.lister.signer)

    def status_list(
        self,
        values: Mapping[int, int] | None = None,
        *,
        issued_at: datetime = NOW - timedelta(hours=1),
        signer: Party | None = None,
        **changes: Any,
    ) -> str:
        """A Token Status List of two bits over eight licences."""
        packed = bytearray(2)
        for index, value in (values or {}).items():
            packed[index // 4] |= value << 2 * (index % 4)
        payload: dict[str, Any] = {
            "sub": STATUS_URI,
            "exp": int((issued_at + timedelta(days=1)).timestamp()),
            "ttl": 43200,
            "status_list": {"bits": 2, "lst": b64url_encode(zlib.compress(bytes(packed)))},
        }
        chosen = signer or self.status
        payload = {name: value for name, value in {**payload, **changes}.items() if value is not None}
        return sign_jwt(payload, "statuslist+jwt", chosen.signer, chosen.chain[:-1], issued_at)

    def proof(
        self, document: bytes, *, log: NoteSigner | None = None, tag_key: bytes = TAG_KEY, **changes: Any
    ) -> bytes:
        """A ledger proof of the issuing of a document. document: 32 bytes."""
        event = {
            "kind": "issued",
            "at": "2026-11-12T08:30:01.000000Z",
            "document": f"sha-256:{document.hex()}",
            "detail": {"tag_key_sha256": base64_text.encode(tag_key)},
            **changes,
        }
        opening = Opening(b"t" * 32, canonical.dumps(event), b"s" * 32, b"l" * 32)
        leaves = [merkle.leaf_hash(b"%d" % number) for number in range(7)] + [merkle.leaf_hash(opening.entry)]
        checkpoint = Checkpoint(ORIGIN, len(leaves), reference_tree.mth(leaves))
        hashes = merkle.inclusion_proof(7, len(leaves), reference_tree.nodes_of(leaves))
        return TlogProof(7, hashes, (log or self.log).sign(checkpoint.text), opening.to_bytes()).text.encode()


def proof_of(made: "Sealed", within: World | None = None) -> bytes:
    """The proof of a licence's issuing, which names both its faces."""
    here = within or world()
    named = {"pdf": f"sha-256:{made.pdf.digest.hex()}", "json": f"sha-256:{made.json.digest.hex()}"}
    return here.proof(made.pdf.digest, detail={**named, "tag_key_sha256": base64_text.encode(TAG_KEY)})


def make_world(*, seal_until: datetime = UNTIL, tsa_until: datetime = UNTIL) -> World:
    """Make every key anew: another world has another root."""
    signer = SoftwareSigner.generate("ES256")
    root = Party(signer, (issue_root(ROOT, DistinguishedName("测试根", "测试市"), signer, SINCE, UNTIL),))
    issuing = certified(ISSUING, DistinguishedName("测试 CA", "测试市"), root)
    return World(
        root=root,
        issuing=issuing,
        tsa=certified(TIMESTAMP, DistinguishedName("测试时间戳", "测试市"), root, until=tsa_until),
        seal=certified(
            SEAL, DistinguishedName("99010000000001", f"{BUREAU}测试市自然资源和规划局"), issuing, until=seal_until
        ),
        other_seal=certified(SEAL, DistinguishedName("99010000000003", f"{OTHER_BUREAU}测试市市场监督管理局"), issuing),
        status=certified(STATUS, DistinguishedName("测试状态", "测试市"), issuing),
        lister=certified(TRUST, DistinguishedName("测试信任列表", "测试市"), root),
        log=NoteSigner(ORIGIN, SoftwareSigner.generate("Ed25519")),
    )


@cache
def world() -> World:
    """The world of this test run."""
    return make_world()


def claims(serial: str = "20260000001", **changes: Any) -> dict[str, JSON]:
    """The claims of a 不动产权证书; changes go into `licence`."""
    licence: dict[str, Any] = {
        "identifier": compose(TYPE_CODE, BUREAU, serial, 1),
        "type": {"code": TYPE_CODE, "zh": "不动产权证书", "en": "Real-estate title certificate", "version": "1"},
        "number": f"测（2026）测试市不动产权第{serial[-7:]}号",
        "version": 1,
        "issuer": {"code": BUREAU, "name": "测试市自然资源和规划局"},
        "issue_date": "2026-11-12",
        "valid_from": "2026-11-12",
        "valid_until": None,
        "trust_level": "A",
        "serial": serial,
        "tag_key_sha256": b64url_encode(TAG_KEY),
    }
    return {
        "iss": f"http://127.0.0.1:8000/issuers/{BUREAU}",
        "vct": "urn:elicence:real-estate-title:1",
        "nbf": int(datetime(2026, 11, 11, 16, tzinfo=UTC).timestamp()),
        "status": {"status_list": {"idx": STATUS_INDEX, "uri": STATUS_URI}},
        "licence": {**licence, **changes},
        "holders": [
            {"name": "测试人䶮", "code": "990101199001010019", "code_type": "111", "role": "holder", "share": None}
        ],
        "fields": {"usage": "城镇住宅用地/住宅", "location": "测试市测试区测试路1号"},
    }


DISCLOSABLE: tuple[ClaimPath, ...] = (("holders", 0), ("fields", "usage"), ("fields", "location"))


@dataclass(frozen=True, slots=True)
class Sealed:
    """One licence in its two faces."""

    pdf: SealedPdf
    json: SealedJson
    identifier: str
    claims: Mapping[str, JSON] = field(repr=False)


def render(embedded: bytes | None, identifier: str, digest: bytes) -> bytes:
    """A page such as licences are made of."""
    inputs = {"title": "test", "keywords": f'["elicence", "{identifier}", "sha-256:{digest.hex()}"]'}
    if embedded is not None:
        inputs["licence"] = embedded.decode()
    fonts = typst.Fonts(include_system_fonts=False, font_paths=[str(folder) for folder in FONTS])
    compiler = typst.Compiler(PAGE.encode(), font_paths=fonts, sys_inputs=inputs)
    page = compiler.compile(format="pdf", pdf_standards=["a-3b"], timestamp=1_795_000_000)
    assert isinstance(page, bytes)
    return page


def seal(
    *,
    at: datetime = SEALED_AT,
    by: Party | None = None,
    within: World | None = None,
    content: dict[str, JSON] | None = None,
    embed: bytes | None = None,
    named_digest: bytes | None = None,
) -> Sealed:
    """Seal a licence. embed: another JSON to be put into the page; named_digest: what the page's keywords say."""
    here = within or world()
    made = content or claims()
    sealed_json = here.json_sealer(by).seal(made, DISCLOSABLE, at)
    licence = made["licence"]
    assert isinstance(licence, dict)
    identifier = str(licence["identifier"])
    page = render(embed or sealed_json.flattened, identifier, named_digest or sealed_json.digest)
    sealed_pdf = here.pdf_sealer(by).seal(page, Placement(page=1, x_mm=40, y_mm=40), at)
    return Sealed(sealed_pdf, sealed_json, identifier, made)


@cache
def licence() -> Sealed:
    """A genuine licence of this test run."""
    return seal()
