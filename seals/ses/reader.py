"""Read national seals and signature values: three forms, the spellings of many makers, no byte unaccounted for.

The outer encoding must be DER, so that a value has one spelling only; what real files do otherwise than the standard
says (a raw signature, other dates, a version that is not the structure's) is read and named among the faults.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from asn1crypto.core import Sequence as Asn1Sequence

from ca.encoding import der
from ca.errors import DerInvalid
from seals.ses import schema
from seals.ses.errors import SesOverLimits, SesUnreadable
from seals.ses.faults import Faults
from seals.ses.spelling import parse_time_info, require_der
from seals.ses.values import CertificateDigest, Form, SesExtension, SesPicture, SesSeal, SesSignature

__all__ = ["MAX_SIZE", "SesExtension", "SesPicture", "SesSeal", "SesSignature", "read_seal", "read_signature"]

MAX_SIZE: Final = 4 * 1024 * 1024
_MAX_MEMBERS: Final = 64  # certificates, digests or extensions
_MAX_NUMBER: Final = 1 << 31
_V1_SEAL_MEMBERS: Final = 2
_V1_SIGNATURE_MEMBERS: Final = 2

_Read = TypeVar("_Read")


def read_seal(data: bytes) -> SesSeal:
    """Read an SESeal of any form (an .esl file); raises SesUnreadable."""
    return _reading(data, _seal)


def read_signature(data: bytes) -> SesSignature:
    """Read an SES_Signature of any form (SignedValue.dat); raises SesUnreadable."""
    return _reading(data, _signature)


def _reading(data: bytes, read: Callable[[bytes], _Read]) -> _Read:
    if len(data) > MAX_SIZE:
        raise SesOverLimits(reason="size")
    try:
        require_der(data)
        return read(bytes(data))
    except DerInvalid as error:
        raise SesUnreadable(reason="not_der") from error
    # What asn1crypto says of a structure that is none of ours; an unfit character is a ValueError, too
    except (ValueError, TypeError) as error:
        raise SesUnreadable(reason="not_ses") from error


def _seal(data: bytes) -> SesSeal:
    """Read a seal; a structure other than ours raises ValueError or TypeError."""
    if _members(data) == _V1_SEAL_MEMBERS:
        return _seal_v1(data, schema.SealV1.load(data))
    return _seal_v4(data, schema.SealV4.load(data))


def _seal_v1(data: bytes, seal: Asn1Sequence) -> SesSeal:
    maker = seal["sign_info"]
    # GM/T 0031 section 7.1.2: the maker signs the information, the certificate and the algorithm
    signed = der.sequence(seal["eseal_info"].dump(), maker["cert"].dump(), maker["signature_algorithm"].dump())
    return _seal_value(data, seal, 1, (maker["cert"], maker["signature_algorithm"], maker["sign_data"]), signed, None)


def _seal_v4(data: bytes, seal: Asn1Sequence) -> SesSeal:
    timestamp = _optional_bytes(seal["time_stamp"])
    # GB/T 38540 section 6.1.2: only the information, not what follows it
    signed = seal["eseal_info"].dump()
    newer = timestamp is not None or seal["eseal_info"]["header"]["version"].native == 5
    maker = (seal["cert"], seal["sign_alg_id"], seal["signed_value"])
    return _seal_value(data, seal, 5 if newer else 4, maker, signed, timestamp)


def _seal_value(
    data: bytes, seal: Asn1Sequence, form: Form, maker: tuple[Any, Any, Any], signed: bytes, timestamp: bytes | None
) -> SesSeal:
    faults = Faults()
    info = seal["eseal_info"]
    header, property_info = info["header"], info["property"]
    if header["id"].native != "ES":
        raise SesUnreadable(reason="not_a_seal")
    version = _number(header["version"])
    es_id, kind = faults.text(info["es_id"]), _number(property_info["type"])
    faults.add("version", version != form)
    faults.names(es_id, kind)
    faults.stamp(timestamp)
    certificates, digests = _signers(property_info, form)
    created, valid_from, valid_until = (
        faults.time(property_info[name], form) for name in ("create_date", "valid_start", "valid_end")
    )
    certificate, algorithm, value = maker
    return SesSeal(
        der=data,
        form=form,
        version=version,
        vendor=faults.text(header["vid"]),
        es_id=es_id,
        kind=kind,
        name=property_info["name"].native,
        certificates=certificates,
        certificate_digests=digests,
        created=created,
        valid_from=valid_from,
        valid_until=valid_until,
        picture=_picture(info["picture"], faults),
        extensions=_extensions(info["ext_datas"], faults),
        maker_certificate=certificate.native,
        algorithm=algorithm.dotted,
        signature=faults.signature(bytes(value)),
        signature_value=bytes(value),
        signed=signed,
        timestamp=timestamp,
        faults=faults.found(),
    )


def _signature(data: bytes) -> SesSignature:
    """Read a signature value; a structure other than ours raises ValueError or TypeError."""
    if _members(data) == _V1_SIGNATURE_MEMBERS:
        whole = schema.SignatureV1.load(data)
        tbs = whole["to_sign"]
        signed_at = parse_time_info(bytes(tbs["time_info"]))
        seal = _seal_v1(tbs["eseal"].dump(), tbs["eseal"])
        signer = (tbs["cert"], tbs["signature_algorithm"])
        return _signature_value(data, whole, seal, signer, (signed_at, (), None), Faults())
    whole = schema.SignatureV4.load(data)
    tbs = whole["to_sign"]
    faults = Faults()
    extras = (
        faults.time(tbs["time_info"], 4),
        _extensions(tbs["ext_datas"], faults),
        _optional_bytes(whole["time_stamp"]),
    )
    seal = _seal_v4(tbs["eseal"].dump(), tbs["eseal"])
    return _signature_value(data, whole, seal, (whole["cert"], whole["signature_alg_id"]), extras, faults)


def _signature_value(
    data: bytes,
    whole: Asn1Sequence,
    seal: SesSeal,
    signer: tuple[Any, Any],
    extras: tuple[datetime | None, tuple[SesExtension, ...], bytes | None],
    faults: "Faults",
) -> SesSignature:
    tbs, value = whole["to_sign"], bytes(whole["signature"])
    certificate, algorithm = signer
    signed_at, extensions, timestamp = extras
    version = _number(tbs["version"])
    faults.add("version", version != seal.form)
    faults.stamp(timestamp)
    return SesSignature(
        der=data,
        form=seal.form,
        version=version,
        seal=seal,
        signed_at=signed_at,
        data_hash=bytes(tbs["data_hash"]),
        property_info=faults.text(tbs["property_info"]),
        extensions=extensions,
        certificate=certificate.native,
        algorithm=algorithm.dotted,
        signature=faults.signature(value),
        signature_value=value,
        signed=tbs.dump(),
        timestamp=timestamp,
        faults=faults.found(),
    )


def _members(data: bytes) -> int:
    return len(der.children(der.read(data, der.SEQUENCE)))


def _number(element: Any) -> int:
    number: int = element.native
    if abs(number) >= _MAX_NUMBER:
        raise SesOverLimits(reason="number")
    return number


def _optional_bytes(element: Any) -> bytes | None:
    return None if element.native is None else bytes(element)


def _bounded(members: Any) -> Sequence[Any]:
    if len(members) > _MAX_MEMBERS:
        raise SesOverLimits(reason="members")
    return list(members)


def _signers(property_info: Asn1Sequence, form: Form) -> tuple[tuple[bytes, ...], tuple[CertificateDigest, ...]]:
    if form != 1 and property_info["cert_list_type"].native not in {schema.CERTIFICATES, schema.CERTIFICATE_DIGESTS}:
        raise SesUnreadable(reason="list_of_signers")
    members = _bounded(property_info["cert_list"])
    if isinstance(property_info["cert_list"], schema.CertificateDigests):
        return (), tuple(CertificateDigest(one["type"].native, one["value"].native) for one in members)
    return tuple(one.native for one in members), ()


def _picture(picture: Asn1Sequence, faults: Faults) -> SesPicture:
    sides = _number(picture["width"]), _number(picture["height"])
    found = SesPicture(faults.text(picture["type"]), picture["data"].native, *sides)
    faults.picture(found)
    return found


def _extensions(extensions: Any, faults: Faults) -> tuple[SesExtension, ...]:
    if extensions.native is None:
        return ()
    found = []
    for one in _bounded(extensions):
        # X.690 section 11.5: a default is left out
        faults.add("default_spelled", one["critical"].native is False and len(der.children(der.read(one.dump()))) == 3)
        found.append(SesExtension(one["extn_id"].dotted, one["critical"].native, one["extn_value"].native))
    return tuple(found)
