"""National seals as other makers spell them: built by asn1crypto, not by our writer, over the same keys."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from asn1crypto import core
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from ca.algorithms.digests import compute
from ca.encoding import der, oids
from seals.ses import schema
from tests.seals.keys import NOW
from tests.seals.national import DOCUMENT, ES_ID, MADE, PATH, PNG, UNTIL, Party, bureau, maker, timestamper

Time = Callable[[datetime], Any]


def utc_time(moment: datetime) -> schema.Time:
    return schema.Time("utc_time", core.UTCTime(moment))


def general_time(moment: datetime) -> schema.Time:
    return schema.Time("general_time", core.GeneralizedTime(moment))


def spelled(form: str, tag: type = core.GeneralizedTime) -> Time:
    """A time in a spelling of its own, by strftime."""

    def make(moment: datetime) -> schema.Time:
        value = tag(moment)
        value.contents = moment.strftime(form).encode()
        value._header = None
        return schema.Time("utc_time" if tag is core.UTCTime else "general_time", value)

    return make


def raw(signature: bytes) -> bytes:
    """The 64 bytes of r and s."""
    r, s = decode_dss_signature(signature)
    return r.to_bytes(32) + s.to_bytes(32)


@dataclass(frozen=True)
class Style:
    """How a maker spells: the default is V4 as the standard says."""

    version: int = 4
    time: Time = general_time
    picture_type: str = "PNG"
    raw_signatures: bool = False
    digests: str | None = None
    extensions: tuple[dict[str, Any], ...] = ()
    seal_stamp: bool = False
    signers: tuple[Party, ...] = ()
    algorithm: str = oids.SM2_WITH_SM3
    picture: bytes = PNG
    width: int = 40
    es_id: str = ES_ID
    kind: int = 6
    made_by: Party | None = None
    valid_from: datetime = MADE
    valid_until: datetime = UNTIL

    def signature(self, party: Party, data: bytes) -> bytes:
        value = party.signer.sign(data)
        return raw(value) if self.raw_signatures else value


V1 = Style(version=1, time=utc_time)
V4 = Style()
V5 = Style(version=5, seal_stamp=True)


def _signers(style: Style) -> core.SequenceOf:
    certificates = [one.certificate for one in style.signers or (bureau(),)]
    if style.digests is None:
        return schema.Certificates(certificates)
    name = {"SHA-256": oids.SHA256}.get(style.digests, style.digests)
    known = {oids.SM3: "SM3", oids.SHA256: "SHA-256"}.get(name, name)
    digest = known if known in {"SM3", "SHA-256"} else "SM3"
    return schema.CertificateDigests([{"type": name, "value": compute(digest, one)} for one in certificates])


def _information(style: Style) -> dict[str, Any]:
    property_info: dict[str, Any] = {"type": style.kind, "name": "测试章"}
    if style.version > 1:
        property_info["cert_list_type"] = 1 if style.digests is None else 2
    property_info |= {
        "cert_list": _signers(style),
        "create_date": style.time(MADE),
        "valid_start": style.time(style.valid_from),
        "valid_end": style.time(style.valid_until),
    }
    picture = {"type": style.picture_type, "data": style.picture, "width": style.width, "height": 40}
    info: dict[str, Any] = {
        "header": {"id": "ES", "version": style.version, "vid": "other-maker"},
        "es_id": style.es_id,
        "property": (schema.PropertyV1 if style.version == 1 else schema.PropertyV4)(property_info),
        "picture": picture,
    }
    return info | ({"ext_datas": list(style.extensions)} if style.extensions else {})


def seal(style: Style) -> bytes:
    by = style.made_by or maker()
    if style.version == 1:
        info = schema.SealInfoV1(_information(style))
        parts = (info.dump(), core.OctetString(by.certificate).dump(), core.ObjectIdentifier(style.algorithm).dump())
        sign_info = {
            "cert": by.certificate,
            "signature_algorithm": style.algorithm,
            "sign_data": style.signature(by, der.sequence(*parts)),
        }
        return dumped(schema.SealV1({"eseal_info": info, "sign_info": sign_info}))
    info = schema.SealInfoV4(_information(style))
    value = style.signature(by, info.dump())
    fields = {"eseal_info": info, "cert": by.certificate, "sign_alg_id": style.algorithm, "signed_value": value}
    if style.seal_stamp:
        fields["time_stamp"] = timestamper()(compute("SM3", value), MADE)
    return dumped(schema.SealV4(fields))


def signature(
    style: Style,
    *,
    by: Party | None = None,
    at: datetime = NOW,
    time_info: bytes | None = None,
    property_info: str = PATH,
    data_hash: bytes | None = None,
    stamped_at: datetime | None = None,
    stamp: bytes | None = None,
    extensions: tuple[dict[str, Any], ...] = (),
    embedded: bytes | None = None,
) -> bytes:
    signer = by or bureau()
    common: dict[str, Any] = {
        "version": style.version,
        "eseal": (schema.SealV1 if style.version == 1 else schema.SealV4).load(embedded or seal(style)),
        "data_hash": compute("SM3", DOCUMENT) if data_hash is None else data_hash,
        "property_info": property_info,
    }
    if style.version == 1:
        common |= {"cert": signer.certificate, "signature_algorithm": style.algorithm}
        common["time_info"] = utc_time(at).dump() if time_info is None else time_info
        old = schema.TbsSignV1(common)
        return dumped(schema.SignatureV1({"to_sign": old, "signature": style.signature(signer, old.dump())}))
    tbs = schema.TbsSignV4(
        common | {"time_info": style.time(at)} | ({"ext_datas": list(extensions)} if extensions else {})
    )
    value = style.signature(signer, tbs.dump())
    whole = {
        "to_sign": tbs,
        "cert": signer.certificate,
        "signature_alg_id": style.algorithm,
        "signature": value,
    }
    if stamped_at is not None:
        stamp = timestamper()(compute("SM3", value), stamped_at)
    if stamp is not None:
        whole["time_stamp"] = stamp
    return dumped(schema.SignatureV4(whole))


def with_raw_signature(value: bytes) -> bytes:
    """The same signature value, whose signature is spelt as 64 bytes instead of DER."""
    whole = schema.SignatureV4.load(value)
    names = ("to_sign", "cert", "signature_alg_id")
    return dumped(
        schema.SignatureV4({name: whole[name] for name in names} | {"signature": raw(bytes(whole["signature"]))})
    )


def styled(style: Style, **changes: Any) -> Style:
    return replace(style, **changes)


def dumped(value: core.Sequence) -> bytes:
    data: bytes = value.dump()
    return data
