"""Seal OFD packages with a national seal (SES V4): contents stay as they are, byte for byte."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from itertools import count
from typing import Final

from ca.algorithms.digests import compute
from ca.encoding import oids
from seals.ofd.document import DocumentBody, page_at, place, read_bodies
from seals.ofd.errors import OfdRefused
from seals.ofd.evidence import OfdEvidence, read_ofd
from seals.ofd.form import PROVIDER
from seals.ofd.package import ENTRANCE, OfdPackage, folder_of, write_package
from seals.ofd.signatures import (
    MAX_SIGNATURES,
    Description,
    ListedSignature,
    Reference,
    Stamp,
    last_number,
    sign_id,
    write_description,
    write_list,
)
from seals.pdf.placement import Placement
from seals.ses.writer import SesSealer

_VERSION: Final = "1"
_END_OF_BODY: Final = re.compile(rb"</((?:[^\s:>]+:)?)DocBody\s*>")


@dataclass(frozen=True, slots=True)
class SealedOfd:
    """A sealed package. digest: 32 bytes, SM3 of the Signature.xml at `path`, by which records know the document."""

    data: bytes = field(repr=False)
    path: str
    digest: bytes


def seal_ofd(
    data: bytes, sealer: SesSealer, placements: Sequence[Placement], now: datetime, *, closing: bool = True
) -> SealedOfd:
    """Add a seal that covers every file of the package, earlier seals and their values among them.

    placements: where it is shown, on one page or several; closing: cover the list of signatures too, after which no
    further seal can be added. Without it the list is protected by its form only, and a further seal, or its removal,
    goes unseen by this one.
    Raises OfdUnreadable, OfdOverLimits, OfdEncrypted, OfdRefused, OfdPageMissing, SealOffPage, SesRefused.
    Source: GB/T 33190-2016 section 18, GB/T 38540-2020
    """
    evidence = read_ofd(data)
    body = _require_sealable(evidence)
    files = dict(evidence.package.files)
    list_path = body.signatures
    if list_path is None:
        list_path = _list_of(body)
        files[ENTRANCE] = _with_list(files[ENTRANCE], body, list_path)
    number, folder = _free_folder(evidence, folder_of(list_path))
    path, value_path, seal_path = (f"{folder}/{name}" for name in ("Signature.xml", "SignedValue.dat", "Seal.esl"))
    stamps = _stamps(evidence.package, body, sealer, placements, number)
    listed = [*(one.listed for one in evidence.signatures), ListedSignature(sign_id(number), "Seal", path)]
    files[seal_path] = sealer.seal.der
    files[list_path] = write_list(listed, max(number + len(stamps), _last(evidence)))
    description = write_description(
        Description(
            provider=PROVIDER,
            company="",
            version=_VERSION,
            method=oids.SM2_WITH_SM3,
            signed_at=f"{now.astimezone(UTC):%Y%m%d%H%M%SZ}",
            digest_method=oids.SM3,
            references=tuple(
                Reference(name, compute("SM3", files[name])) for name in sorted(files) if closing or name != list_path
            ),
            stamps=stamps,
            seal_path=seal_path,
            value_path=value_path,
        )
    )
    digest = compute("SM3", description)
    files[path], files[value_path] = description, sealer.sign(digest, path, now)
    return SealedOfd(write_package(files), path, digest)


def _require_sealable(evidence: OfdEvidence) -> DocumentBody:
    """Return the one document; raises OfdRefused for a package that a further seal would break or should not bless."""
    bodies = read_bodies(evidence.package)
    if len(bodies) != 1:
        raise OfdRefused(reason="several_documents")
    if evidence.is_closed:
        raise OfdRefused(reason="closed")
    if len(evidence.signatures) >= MAX_SIGNATURES:
        raise OfdRefused(reason="signatures")
    if any(one.fault() for one in evidence.signatures) or evidence.faults:
        raise OfdRefused(reason="broken_seal")
    if bodies[0].signatures is None and _list_of(bodies[0]) in evidence.package.files:
        raise OfdRefused(reason="stray_list")
    return bodies[0]


def _list_of(body: DocumentBody) -> str:
    return f"{folder_of(body.root)}/Signs/Signatures.xml"


def _with_list(entrance: bytes, body: DocumentBody, path: str) -> bytes:
    """Return OFD.xml with the place of the list of signatures, which is the last thing that a document says there."""
    end = _END_OF_BODY.match(entrance, body.end)
    if end is None:
        raise OfdRefused(reason="entrance")
    prefix = end[1]
    added = b"<%sSignatures>%s</%sSignatures>" % (prefix, escape(path.removeprefix("/")).encode(), prefix)
    return entrance[: body.end] + added + entrance[body.end :]


def _last(evidence: OfdEvidence) -> int:
    return last_number((one.listed for one in evidence.signatures), (one.description for one in evidence.signatures))


def _free_folder(evidence: OfdEvidence, folder: str) -> tuple[int, str]:
    """Return the next number and the folder that is named for it: the signed path says again what the id is."""
    taken = tuple(evidence.package.files)
    wanted = ((number, f"{folder}/Sign_{number}") for number in count(_last(evidence) + 1))
    return next((number, one) for number, one in wanted if not any(f"{path}/".startswith(f"{one}/") for path in taken))


def _stamps(
    package: OfdPackage, body: DocumentBody, sealer: SesSealer, placements: Sequence[Placement], number: int
) -> tuple[Stamp, ...]:
    picture = sealer.seal.picture
    found = []
    for id_, placement in enumerate(placements, number + 1):
        page = page_at(package, body.root, placement.page)
        found.append(Stamp(sign_id(id_), page.id, place(page, placement, picture.width_mm, picture.height_mm)))
    return tuple(found)
