"""The structures of national seals, typed: GM/T 0031-2014 (V1), GB/T 38540-2020 (V4) and GM/T 0031-2025 (V5).

Where real files agree against a text they are followed: a seal's own extensions carry no tag.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, TypeAlias

from asn1crypto.core import Any as AnyValue
from asn1crypto.core import (
    Boolean,
    Choice,
    GeneralizedTime,
    IA5String,
    Integer,
    ObjectIdentifier,
    OctetBitString,
    OctetString,
    PrintableString,
    Sequence,
    SequenceOf,
    UTCTime,
    UTF8String,
)

from ca.encoding import der

Fields: TypeAlias = list[tuple[str, Any] | tuple[str, Any, Mapping[str, Any]]]
Callbacks: TypeAlias = Mapping[str, Callable[["PropertyV4"], type[SequenceOf]]]

_OPTIONAL: Final[dict[str, Any]] = {"optional": True}
_EXPLICIT: Final[dict[str, Any]] = {"explicit": 0, "optional": True}
CERTIFICATES: Final = 1
CERTIFICATE_DIGESTS: Final = 2


class Record(Sequence):  # type: ignore[misc]
    """A SEQUENCE without anything that the structure does not name: asn1crypto alone passes that over in silence."""

    def _parse_children(self, recurse: bool = False) -> None:  # noqa: FBT001, FBT002 - the library's signature
        super()._parse_children(recurse=recurse)
        if len(self.children) > len(self._fields):
            raise ValueError(f"{type(self).__name__} has a member too many")
        if self._contents is None:  # made here, not read
            return
        # Of an explicit tag the library reads the first element, and what lies behind that is covered by no signature
        if any(one.tag == der.context(0) and len(der.children(one)) != 1 for one in _elements(self._contents)):
            raise ValueError(f"{type(self).__name__} has a tag around more than one value")


def _elements(contents: bytes) -> tuple[der.Element, ...]:
    return der.children(der.read(der.sequence(contents)))


class Header(Record):
    """SES_Header."""

    _fields: ClassVar[Fields] = [("id", IA5String), ("version", Integer), ("vid", IA5String)]


class Time(Choice):  # type: ignore[misc]
    """A date: V1 has UTCTime, V4 and V5 GeneralizedTime, and makers of each have written the other."""

    _alternatives: ClassVar[Fields] = [("utc_time", UTCTime), ("general_time", GeneralizedTime)]


class Certificates(SequenceOf):  # type: ignore[misc]
    """CertInfoList: each the DER of a certificate."""

    _child_spec = OctetString


class CertificateDigest(Record):
    """CertDigestObj: the digest's algorithm, as its maker spells it, and the digest."""

    _fields: ClassVar[Fields] = [("type", PrintableString), ("value", OctetString)]


class CertificateDigests(SequenceOf):  # type: ignore[misc]
    """CertDigestList."""

    _child_spec = CertificateDigest


class PropertyV1(Record):
    """SES_ESPropertyInfo of V1."""

    _fields: ClassVar[Fields] = [
        ("type", Integer),
        ("name", UTF8String),
        ("cert_list", Certificates),
        ("create_date", Time),
        ("valid_start", Time),
        ("valid_end", Time),
    ]


class PropertyV4(Record):
    """SES_ESPropertyInfo of V4 and V5: the signers' certificates or their digests, as certListType says."""

    _fields: ClassVar[Fields] = [
        ("type", Integer),
        ("name", UTF8String),
        ("cert_list_type", Integer),
        ("cert_list", AnyValue),
        ("create_date", Time),
        ("valid_start", Time),
        ("valid_end", Time),
    ]

    def _list_spec(self) -> type[SequenceOf]:
        return CertificateDigests if self["cert_list_type"].native == CERTIFICATE_DIGESTS else Certificates

    _spec_callbacks: ClassVar[Callbacks] = {"cert_list": _list_spec}


class Picture(Record):
    """SES_ESPictrueInfo (the standard's spelling); width and height in mm."""

    _fields: ClassVar[Fields] = [("type", IA5String), ("data", OctetString), ("width", Integer), ("height", Integer)]


class Extension(Record):
    """ExtData."""

    _fields: ClassVar[Fields] = [
        ("extn_id", ObjectIdentifier),
        ("critical", Boolean, {"default": False}),
        ("extn_value", OctetString),
    ]


class Extensions(SequenceOf):  # type: ignore[misc]
    """ExtensionDatas."""

    _child_spec = Extension


class SealInfoV1(Record):
    """SES_SealInfo of V1."""

    _fields: ClassVar[Fields] = [
        ("header", Header),
        ("es_id", IA5String),
        ("property", PropertyV1),
        ("picture", Picture),
        ("ext_datas", Extensions, _OPTIONAL),
    ]


class SealInfoV4(Record):
    """SES_SealInfo of V4 and V5."""

    _fields: ClassVar[Fields] = [
        ("header", Header),
        ("es_id", IA5String),
        ("property", PropertyV4),
        ("picture", Picture),
        ("ext_datas", Extensions, _OPTIONAL),
    ]


class SignInfoV1(Record):
    """SES_SignInfo of V1: the maker's certificate and signature."""

    _fields: ClassVar[Fields] = [
        ("cert", OctetString),
        ("signature_algorithm", ObjectIdentifier),
        ("sign_data", OctetBitString),
    ]


class SealV1(Record):
    """SESeal of V1."""

    _fields: ClassVar[Fields] = [("eseal_info", SealInfoV1), ("sign_info", SignInfoV1)]


class SealV4(Record):
    """SESeal of V4, and of V5, which may end with a timestamp."""

    _fields: ClassVar[Fields] = [
        ("eseal_info", SealInfoV4),
        ("cert", OctetString),
        ("sign_alg_id", ObjectIdentifier),
        ("signed_value", OctetBitString),
        ("time_stamp", OctetBitString, _EXPLICIT),
    ]


class TbsSignV1(Record):
    """TBS_Sign of V1."""

    _fields: ClassVar[Fields] = [
        ("version", Integer),
        ("eseal", SealV1),
        ("time_info", OctetBitString),
        ("data_hash", OctetBitString),
        ("property_info", IA5String),
        ("cert", OctetString),
        ("signature_algorithm", ObjectIdentifier),
    ]


class SignatureV1(Record):
    """SES_Signature of V1."""

    _fields: ClassVar[Fields] = [("to_sign", TbsSignV1), ("signature", OctetBitString)]


class TbsSignV4(Record):
    """TBS_Sign of V4 and V5."""

    _fields: ClassVar[Fields] = [
        ("version", Integer),
        ("eseal", SealV4),
        ("time_info", Time),
        ("data_hash", OctetBitString),
        ("property_info", IA5String),
        ("ext_datas", Extensions, _EXPLICIT),
    ]


class SignatureV4(Record):
    """SES_Signature of V4 and V5."""

    _fields: ClassVar[Fields] = [
        ("to_sign", TbsSignV4),
        ("cert", OctetString),
        ("signature_alg_id", ObjectIdentifier),
        ("signature", OctetBitString),
        ("time_stamp", OctetBitString, _EXPLICIT),
    ]
