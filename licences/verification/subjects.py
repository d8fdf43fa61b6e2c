"""What a report says its licence is, and the face to compare with paper or screen.

A genuine QR can be pasted on a forgery: whoever verifies must see something to compare. But a stranger's document
must not get its own words shown under our roof: a face is shown only of data that are signed by a seal we trust, or
that the register holds.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ca.reading.certificate_reader import read_certificate
from ca.reading.names import seal_holder
from licences.identifiers import parse
from licences.type_errors import IdentifierMalformed
from licences.verification.case import Case
from licences.verification.claims import LicenceClaims
from licences.verification.codes import DEPENDENCY, NO_TRUST_LIST
from licences.verification.report import JSON, CheckResult, Subject, digest_text
from licences.verification.seal_case import SealCase
from licences.verification.sources import Record
from seals.ses.steps import shown

if TYPE_CHECKING:
    from licences.licence_type import LicenceType


def subject_of(case: Case, rows: Mapping[str, CheckResult]) -> Subject:
    """Return the subject of the report."""
    document = digest_text(case.examined.digest) if case.examined.digest else None
    licence, record = case.licence, case.record if _found(rows) else None
    if licence is not None:
        if not _is_believed(case, rows):
            return Subject(identifier=_spelt(licence.identifier), document=document)
        return _of_licence(case, licence, document)
    if isinstance(record, Record):
        return _of_record(case, record, document)
    return Subject(identifier=case.identifier, document=document, face=_face_of_seals(case, rows))


def _face_of_seals(case: Case, rows: Mapping[str, CheckResult]) -> Mapping[str, Mapping[str, str]]:
    """Return number and name of each national seal, to be compared with its picture; of believed makers only."""
    if rows["trust.seal_maker"].outcome != "passed" or not _is_believed(case, rows):
        return {}
    several = len(case.examined.national_seals) > 1
    face: dict[str, Mapping[str, str]] = {}
    for number, one in enumerate(case.examined.national_seals, 1):
        mark = f" {number}" if several else ""
        words = {"zh": f"印章名称{mark}", "en": f"seal{mark}", "value": shown(one.seal.name)}
        face[f"seal_{number}"] = words
        words = {"zh": f"印章编码{mark}", "en": f"seal number{mark}", "value": shown(one.seal.es_id)}
        face[f"seal_number_{number}"] = words
    return face


def _is_believed(case: Case, rows: Mapping[str, CheckResult]) -> bool:
    """Tell whether nothing speaks against the sealer. Without a trust list the caller alone sees its own document."""
    if rows["trust.path"].code == DEPENDENCY.code and case.trust is not None:
        return _data_are_believed(case)
    return not any(_speaks_against(rows[check]) for check in ("trust.path", "trust.seal"))


def _data_are_believed(case: Case) -> bool:
    """Tell whether the data inside a damaged page are the issuer's own, under a seal that is trusted.

    Of the page's seal nothing was asked, as it is over another page; theirs is one of its own.
    """
    data, licence = case.examined.data, case.licence
    if data is None or licence is None:
        return False
    path = SealCase(case, data.signature, is_first=False).path
    if path is None or path.outcome != "passed":
        return False
    holder = seal_holder(read_certificate(data.signature.certificate).subject)
    return holder is not None and holder.uscc == licence.issuer_code


def _speaks_against(row: CheckResult) -> bool:
    undecided = row.outcome == "not_run" and row.code not in {NO_TRUST_LIST.code, DEPENDENCY.code}
    return undecided or row.outcome == "failed"


def _spelt(identifier: str) -> str | None:
    """Return a stranger's identifier if it is one: it could be any words, which a receipt of ours would then sign."""
    try:
        parse(identifier)
    except IdentifierMalformed:
        return None
    return identifier


def _found(rows: Mapping[str, CheckResult]) -> bool:
    return rows["content.record"].outcome == "passed"


def _of_licence(case: Case, licence: LicenceClaims, document: str | None) -> Subject:
    claims = {} if case.examined.data is None else case.examined.data.claims
    return Subject(
        identifier=licence.identifier,
        type=licence.type_code,
        type_name={"zh": licence.type_zh, "en": licence.type_en},
        issuer=licence.issuer_code,
        issuer_name=licence.issuer_name,
        trust_level=licence.trust_level,
        document=document,
        face=_face(case, licence.type_code, claims),
    )


def _of_record(case: Case, record: Record, document: str | None) -> Subject:
    kind = _type(case, record.type_code)
    content = case.sources.content(record.identifier)
    return Subject(
        identifier=record.identifier,
        type=record.type_code,
        type_name=None if kind is None else {"zh": kind.name.zh, "en": kind.name.en},
        issuer=record.issuer_code,
        issuer_name=_issuer_name(content),
        trust_level=record.trust_level,
        document=document,
        face=_face(case, record.type_code, content),
    )


def _issuer_name(content: Mapping[str, JSON]) -> str | None:
    match content:
        case {"licence": {"issuer": {"name": str(name)}}}:
            return name
    return None


def _face(case: Case, type_code: str, claims: Mapping[str, JSON]) -> Mapping[str, Mapping[str, str]]:
    kind = _type(case, type_code)
    if kind is None:
        # Which fields are public only the type says: of a type that we do not know nothing is shown.
        return {}
    from licences.faces import face_of_claims

    return {
        line["key"]: {"zh": line["zh"], "en": line["en"], "value": line["value"]}
        for line in face_of_claims(kind, claims)
    }


def _type(case: Case, type_code: str) -> "LicenceType | None":
    from licences.type_errors import TypeUnknown

    try:
        return None if case.sources.catalogue is None else case.sources.catalogue.type(type_code)
    except TypeUnknown:
        return None
