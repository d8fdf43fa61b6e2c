"""Documents that somebody changed, and documents that were never ours."""

import json
import subprocess
import tempfile
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from ca.algorithms import signatures
from ca.encoding import der
from ca.keys.software_signer import SoftwareSigner
from ca.reading.certificate_reader import read_certificate
from ca.timestamping.timestamps import TimestampAuthority
from ca.writing.certificates import Authority, DistinguishedName, issue, issue_root
from ca.writing.profiles import ROOT, TIMESTAMP
from licences.identifiers import compose
from licences.verification.documents import Examined
from licences.verification.examination import examine
from seals.cms.cms import CmsWriter
from seals.jwt.jades import JsonSealer
from seals.jwt.jose import b64url_decode, b64url_encode
from seals.pdf.evidence import read_pdf
from seals.pdf.file import PdfFile
from seals.pdf.objects import Name, Ref, Stream, serialise
from seals.pdf.pades import PdfSealer, Placement
from seals.pdf.update import PdfUpdate
from tests.licences.verification.sealed import (
    DISCLOSABLE,
    OTHER_BUREAU,
    SEALED_AT,
    SINCE,
    TYPE_CODE,
    UNTIL,
    Sealed,
    World,
    claims,
    licence,
    render,
    seal,
    world,
)
from tests.seals.house import appearance

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
PLACE = Placement(page=1, x_mm=40, y_mm=40)


def changed(data: bytes, old: bytes, new: bytes) -> bytes:
    """Replace one thing by another of the same length."""
    assert data.count(old) == 1
    assert len(old) == len(new)
    return data.replace(old, new)


def flipped(data: bytes, position: int) -> bytes:
    """Change one bit of one byte."""
    return data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]


# --- PDF -------------------------------------------------------------------------------------------------------------


def unsealed() -> bytes:
    return render(b"{}", "none", bytes(32))


def sealed_page(page: bytes, *, within: World | None = None, timestamp_of: World | None = None) -> bytes:
    """Seal any page."""
    here = within or world()
    sealer = PdfSealer(
        here.seal.signer, here.seal.chain, appearance(), (timestamp_of or here).timestamp, "测试专用章", "测试"
    )
    return sealer.seal(page, PLACE, SEALED_AT).data


def page_of_nothing(within: World | None = None, timestamp_of: World | None = None) -> bytes:
    """A sealed page that does not say that it is a licence."""
    page = unsealed().replace(b"elicence", b"whatever")
    return sealed_page(page, within=within, timestamp_of=timestamp_of)


def page_without_data() -> bytes:
    """A licence's page whose data never were inside."""
    return sealed_page(render(None, licence().identifier, licence().json.digest))


def without_timestamp() -> bytes:
    here = world()
    made = here.json_sealer().seal(claims(), DISCLOSABLE, SEALED_AT)
    page = render(made.flattened, licence().identifier, made.digest)
    sealer = PdfSealer(here.seal.signer, here.seal.chain, appearance(), None, "测试专用章", "测试")
    return sealer.seal(page, PLACE, SEALED_AT).data


def foreign_timestamp(stranger: World) -> bytes:
    """A genuine licence of ours whose timestamp comes from somebody else's authority."""
    here = world()
    made = here.json_sealer().seal(claims(), DISCLOSABLE, SEALED_AT)
    return sealed_page(render(made.flattened, licence().identifier, made.digest), timestamp_of=stranger)


def national_timestamps() -> tuple[bytes, bytes]:
    """A genuine licence of ours, as PDF and as JSON, dated by a national authority (SM2 under SM2)."""
    here, key, above = world(), SoftwareSigner.generate("SM2"), SoftwareSigner.generate("SM2")
    root = issue_root(ROOT, DistinguishedName("测试国密根", "测试市"), above, SINCE, UNTIL)
    name = DistinguishedName("测试国密时间戳", "测试市")
    leaf = issue(TIMESTAMP, name, key.public_key, Authority(root, above), SINCE, UNTIL)
    stamp = TimestampAuthority(key, (leaf, root), "2.999.3161.2").stamp
    made = here.json_sealer().seal(claims(), DISCLOSABLE, SEALED_AT)
    page = render(made.flattened, licence().identifier, made.digest)
    sealer = PdfSealer(here.seal.signer, here.seal.chain, appearance(), stamp, "测试专用章", "测试")
    dated = JsonSealer(here.seal.signer, here.seal.chain[:-1], stamp).seal(claims(), DISCLOSABLE, SEALED_AT)
    return sealer.seal(page, PLACE, SEALED_AT).data, dated.flattened


def sealed_under_national_authority() -> bytes:
    """A page whose seal has a P-256 key, and an authority of the national hierarchy above it (we issue no such)."""
    above = SoftwareSigner.generate("SM2")
    root = issue_root(ROOT, DistinguishedName("测试国密根", "测试市"), above, SINCE, UNTIL)
    parts = [part.raw for part in der.children(der.read(read_certificate(world().seal.chain[0]).tbs))]
    algorithm = signatures.identifier("SM2")
    parts[2:4] = algorithm, read_certificate(root).subject
    tbs = der.sequence(*parts)
    leaf = der.sequence(tbs, algorithm, der.bits(above.sign(tbs)))
    sealer = PdfSealer(world().seal.signer, (leaf, root), appearance(), None, "测试专用章", "测试")
    return sealer.seal(unsealed(), PLACE, SEALED_AT).data


def another_page_of_same_data() -> bytes:
    """Somebody with the seal seals another page around a licence's genuine data."""
    made = licence()
    return sealed_page(render(made.json.flattened, made.identifier, made.json.digest))


def under_anothers_name() -> Sealed:
    """Another bureau seals under its own code, but writes the first one's name."""
    issuer = {"code": OTHER_BUREAU, "name": "测试市自然资源和规划局"}
    identifier = compose(TYPE_CODE, OTHER_BUREAU, "20260000001", 1)
    return seal(by=world().other_seal, content=claims(issuer=issuer, identifier=identifier))


def authority_certificate_respelt() -> bytes:
    """The issuing authority's certificate inside the seal gets the second spelling of its ECDSA signature: n - s."""
    data = licence().pdf.data
    found = read_pdf(data).seal
    assert found is not None
    leaf, issuing, root = found.certificates
    contents, algorithm, signature = der.children(der.read(issuing))
    r, s = decode_dss_signature(signature.value[1:])
    respelt = encode_dss_signature(r, _P256_ORDER - s)
    mauled = der.sequence(contents.raw, algorithm.raw, der.tlv(der.BIT_STRING, b"\x00" + respelt))
    value = CmsWriter([leaf, mauled, root]).assemble(found.digest, found.signature, found.token).hex().encode()
    start, end = found.byte_range[1] + 1, found.byte_range[2] - 1
    return data[:start] + value.ljust(end - start, b"0") + data[end:]


def encrypted() -> bytes:
    return qpdf(unsealed(), "--encrypt", "user", "owner", "256", "--")


def swapped_by_tool(other_json: bytes) -> bytes:
    """A sealed page whose data an ordinary tool replaced by another licence's, the seal left where it is."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "licence.json")
        data.write_bytes(other_json)
        return qpdf(
            licence().pdf.data,
            *("--remove-attachment=licence.json", "--add-attachment", str(data), "--key=licence.json", "--"),
        )


def qpdf(document: bytes, *arguments: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder, "before.pdf"), Path(folder, "after.pdf")
        before.write_bytes(document)
        subprocess.run(["qpdf", str(before), *arguments, str(after)], check=True, capture_output=True)
        return after.read_bytes()


def one_digit_of_certificate_digest() -> bytes:
    """Another signing certificate is named inside the signature."""
    digest = sha256(world().seal.chain[0]).hexdigest().encode()
    return changed(licence().pdf.data, digest, digest[:-1] + (b"0" if digest[-1:] != b"0" else b"1"))


def one_digit_of_padding() -> bytes:
    """The last zero behind the signature value, which no signature covers, becomes a one."""
    data = licence().pdf.data
    found = read_pdf(data).seal
    assert found is not None
    bracket = found.byte_range[2] - 1
    assert data[bracket - 1 : bracket + 1] == b"0>"
    return data[: bracket - 1] + b"1" + data[bracket:]


def one_digit_of_signature() -> bytes:
    """One bit of the signature value itself."""
    data = licence().pdf.data
    found = read_pdf(data).seal
    assert found is not None
    value = found.signature.hex().encode()
    return changed(data, value, value[:-1] + (b"0" if value[-1:] != b"0" else b"1"))


def replaced_by_update(other_json: bytes) -> bytes:
    """The data inside the page are replaced in a revision after the seal, which the seal does not cover."""
    file = PdfFile(licence().pdf.data)
    update = PdfUpdate(file)
    for number in range(1, file.next_number):
        found = file.resolve(Ref(number, 0))
        if isinstance(found, Stream) and found.dictionary.get("Type") == "EmbeddedFile":
            update.put(
                Ref(number, 0), serialise(Stream({"Type": Name("EmbeddedFile"), "Length": len(other_json)}, other_json))
            )
    return bytes(update.finish(b"attack"))


def one_bit_of_metadata() -> bytes:
    data = licence().pdf.data
    return flipped(data, data.index(b"<rdf:RDF") + 2)


# --- JSON ------------------------------------------------------------------------------------------------------------


def with_header(compact: str, **changes: Any) -> bytes:
    """A compact document with another protected header, the signature left as it is."""
    head, rest = compact.split(".", 1)
    header = {**json.loads(b64url_decode(head)), **changes}
    return f"{b64url_encode(json.dumps(header).encode())}.{rest}".encode()


def with_disclosure_changed(compact: str) -> bytes:
    jwt, *disclosures = compact.split("~")
    content = json.loads(b64url_decode(disclosures[1]))
    content[-1] = "测试市测试区别人路9号"
    disclosures[1] = b64url_encode(json.dumps(content).encode())
    return "~".join([jwt, *disclosures]).encode()


def with_payload_changed(flattened: bytes) -> bytes:
    document = json.loads(flattened)
    payload = json.loads(b64url_decode(document["payload"]))
    payload["licence"]["number"] = "测（2026）测试市不动产权第9999999号"
    document["payload"] = b64url_encode(json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode())
    return json.dumps(document, separators=(",", ":")).encode()


def with_timestamp_of(flattened: bytes, other: bytes) -> bytes:
    document = json.loads(flattened)
    document["header"] = json.loads(other)["header"]
    return json.dumps(document, separators=(",", ":")).encode()


def stamped_later(by_hours: int) -> bytes:
    """A JSON licence whose timestamp is much later than its claimed time."""
    from datetime import timedelta

    here = world()
    sealer = JsonSealer(
        here.seal.signer,
        here.seal.chain[:-1],
        lambda imprint, now: here.timestamp(imprint, now + timedelta(hours=by_hours)),
    )
    return sealer.seal(claims(), DISCLOSABLE, SEALED_AT).flattened


def of_no_licence() -> bytes:
    """A JSON document that our seal signed and that is no licence."""
    return world().json_sealer().seal({"iss": "x", "vct": "urn:other"}, (), SEALED_AT).flattened


@cache
def genuine() -> Examined:
    return examine(licence().pdf.data, 1 << 24)


def without_claimed_time() -> Examined:
    found = genuine()
    assert found.page is not None
    return replace(found, page=replace(found.page, signature=replace(found.page.signature, claimed_at=None)))
