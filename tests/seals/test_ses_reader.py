from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from asn1crypto import core
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.algorithms.digests import compute
from ca.encoding import der, oids
from seals.ses import schema
from seals.ses.errors import SesOverLimits, SesUnreadable
from seals.ses.reader import MAX_SIZE, read_seal, read_signature
from tests.seals.keys import NOW
from tests.seals.national import (
    DOCUMENT,
    ES_ID,
    MADE,
    PATH,
    PNG,
    UNTIL,
    bureau,
    design,
    esl,
    maker,
    sealer,
    stranger,
    timestamper,
)
from tests.seals.ses_makers import V1, V4, V5, Style, general_time, seal, signature, spelled, styled, utc_time

LOCAL = timedelta(hours=8)


def sign() -> bytes:
    return sealer().sign(compute("SM3", DOCUMENT), PATH, NOW)


def test_our_own_seal_is_read_without_a_fault() -> None:
    found = read_seal(esl())
    assert found.faults == ()
    assert (found.form, found.version, found.vendor) == (4, 4, "elicence")
    assert (found.es_id, found.kind, found.name) == (ES_ID, 6, design().name)
    assert (found.created, found.valid_from, found.valid_until) == (MADE, MADE, design().valid_until)
    assert (found.picture.type, found.picture.data) == ("PNG", PNG)
    assert (found.picture.width_mm, found.picture.height_mm) == (42, 42)
    assert (found.certificates, found.maker_certificate) == ((bureau().certificate,), maker().certificate)
    assert (found.der, found.timestamp, found.algorithm) == (esl(), None, oids.SM2_WITH_SM3)
    assert found.signature_valid()
    assert found.names_signer(bureau().certificate)
    assert not found.names_signer(stranger().certificate)


def test_our_own_signature_is_read_without_a_fault() -> None:
    data = sign()
    found = read_signature(data)
    assert found.faults == ()
    assert found.seal == read_seal(esl())
    assert (found.signed_at, found.property_info) == (NOW, PATH)
    assert found.data_hash == compute("SM3", DOCUMENT)
    assert (found.certificate, found.der, found.timestamp) == (bureau().certificate, data, None)
    assert found.signature_valid()
    assert found.covers(DOCUMENT)
    assert not found.covers(DOCUMENT + b" ")


@pytest.mark.parametrize("style", [V1, V4, V5], ids=["V1", "V4", "V5"])
def test_every_form_is_read(style: Style) -> None:
    found = read_signature(signature(style))
    assert (found.form, found.seal.form, found.seal.version) == (style.version,) * 3
    assert found.seal.der == seal_inside(found.der)
    assert (found.seal.timestamp is not None) == (style.version == 5)
    assert (found.signed_at, found.seal.valid_until) == (NOW, UNTIL)
    assert found.faults == found.seal.faults == ()
    assert found.signature_valid()
    assert found.seal.signature_valid()


def seal_inside(data: bytes) -> bytes:
    return der.children(der.children(der.read(data))[0])[1].raw


@pytest.mark.parametrize(
    ("style", "faults"),
    [
        (styled(V4, raw_signatures=True), {"signature_raw"}),
        (styled(V1, raw_signatures=True), {"signature_raw"}),
        (styled(V4, picture_type="png"), {"picture_type"}),
        (styled(V4, picture_type="GIF"), {"picture_type"}),
        (styled(V4, picture_type="ofd"), {"picture_type"}),
        (styled(V4, time=utc_time), {"time_form"}),
        (styled(V1, time=general_time), {"time_form"}),
        (styled(V4, time=spelled("%Y%m%d%H%M%S.000Z")), {"time_form"}),
        (styled(V4, version=3), {"version"}),
        (styled(V1, es_id="TEST-1"), {"es_id"}),
        (styled(V4, kind=7), {"kind"}),
        (styled(V4, picture=b"GIF89a"), {"picture_data"}),
        (styled(V5, picture=b""), {"picture_data"}),
        (styled(V4, picture_type="png", picture=b"BM"), {"picture_type", "picture_data"}),
        (styled(V4, width=0), {"picture_size"}),
        (styled(V4, width=-40), {"picture_size"}),
        (styled(V4, width=101), {"picture_size"}),
    ],
)
def test_other_spellings_are_read_and_named(style: Style, faults: set[str]) -> None:
    found = read_seal(seal(style))
    assert set(found.faults) == faults
    assert found.signature_valid()
    assert (found.valid_from, found.valid_until) == (MADE, UNTIL)


def test_a_time_without_a_zone_is_local() -> None:
    found = read_seal(seal(styled(V4, time=spelled("%Y%m%d%H%M%S"))))
    assert set(found.faults) == {"time_form", "time_zone"}
    assert found.created == MADE - LOCAL


@pytest.mark.parametrize("algorithm", [oids.SM3, "SM3", "SHA-256"])
def test_signers_may_be_named_by_digests(algorithm: str) -> None:
    found = read_seal(seal(styled(V4, digests=algorithm)))
    assert found.certificates == ()
    assert found.names_signer(bureau().certificate)
    assert not found.names_signer(stranger().certificate)


def test_a_digest_of_an_unknown_kind_names_nobody() -> None:
    assert not read_seal(seal(styled(V4, digests="MD9"))).names_signer(bureau().certificate)


def test_extensions_are_read() -> None:
    said = ({"extn_id": "1.2.3.4", "critical": True, "extn_value": b"x"}, {"extn_id": "1.2.3.5", "extn_value": b"y"})
    found = read_seal(seal(styled(V4, extensions=said)))
    assert [(one.id, one.critical, one.value) for one in found.extensions] == [
        ("1.2.3.4", True, b"x"),
        ("1.2.3.5", False, b"y"),
    ]
    assert found.faults == ()
    [inside] = read_signature(signature(V4, extensions=said[:1])).extensions
    assert (inside.id, inside.critical) == ("1.2.3.4", True)


def test_a_default_that_is_spelled_out_is_named() -> None:
    one = schema.Extension({"extn_id": "1.2.3.4", "extn_value": b"x"})
    spelt = der.sequence(der.oid("1.2.3.4"), b"\x01\x01\x00", der.octets(b"x"))
    plain = seal(styled(V4, extensions=({"extn_id": "1.2.3.4", "extn_value": b"x"},)))
    assert one.dump() in plain
    assert "default_spelled" in read_seal(graft(plain, one.dump(), spelt)).faults


def graft(data: bytes, old: bytes, new: bytes) -> bytes:
    """Replace an element somewhere inside and put all lengths around it right."""

    def rebuilt(element: der.Element) -> bytes:
        if element.raw == old:
            return new
        if element.tag & 0x20 and old in element.raw:
            return der.tlv(element.tag, *map(rebuilt, der.children(element)))
        return element.raw

    return rebuilt(der.read(data))


@pytest.mark.parametrize(
    ("time_info", "moment"),
    [
        (core.UTCTime(NOW).dump(), NOW),
        (core.GeneralizedTime(NOW).dump(), NOW),
        (NOW.strftime("%Y%m%d%H%M%SZ").encode(), NOW),
        (NOW.strftime("%y%m%d%H%M%SZ").encode(), NOW),
        ((NOW + LOCAL).strftime("%Y%m%d%H%M%S").encode(), NOW),
        (b"yesterday", None),
        (b"", None),
        (b"\x30\x03\x02\x01\x01", None),
        (b"\xff\xfe", None),
    ],
)
def test_the_old_forms_time_is_read_where_it_can_be(time_info: bytes, moment: Any) -> None:
    assert read_signature(signature(V1, time_info=time_info)).signed_at == moment


def test_the_old_forms_time_may_be_a_token() -> None:
    token = timestamper()(bytes(32), NOW)
    assert read_signature(signature(V1, time_info=token)).signed_at == NOW


@pytest.mark.parametrize("data", [b"", b"\x30", b"\x30\x00", b"\x30\x80\x00\x00", b"%PDF-1.7", b"\x04\x02ab"])
def test_what_is_no_seal_is_refused(data: bytes) -> None:
    for read in (read_seal, read_signature):
        with pytest.raises(SesUnreadable):
            read(data)


def test_one_is_not_taken_for_the_other() -> None:
    with pytest.raises(SesUnreadable):
        read_seal(sign())
    with pytest.raises(SesUnreadable):
        read_signature(esl())


def test_words_in_utf_8_where_ascii_belongs_are_read_and_named() -> None:
    vendor = der.text("other-maker", der.IA5_STRING)
    found = read_seal(graft(seal(V4), vendor, der.tlv(der.IA5_STRING, "测试厂商".encode())))
    assert (found.vendor, found.faults) == ("测试厂商", ("characters",))
    named = der.text(PATH, der.IA5_STRING)
    path = "/文档/Signature.xml"
    for style in (V1, V4):
        signed = read_signature(graft(signature(style), named, der.tlv(der.IA5_STRING, path.encode())))
        assert (signed.property_info, signed.faults) == (path, ("characters",))
    with pytest.raises(SesUnreadable):
        read_seal(graft(seal(V4), vendor, der.tlv(der.IA5_STRING, "测试".encode("gb18030"))))


def test_what_is_too_large_is_refused() -> None:
    with pytest.raises(SesOverLimits):
        read_seal(bytes(MAX_SIZE + 1))
    with pytest.raises(SesOverLimits):
        read_seal(seal(styled(V4, signers=(bureau(),) * 65)))


def test_another_header_is_no_seal() -> None:
    data = esl().replace(der.text("ES", der.IA5_STRING), der.text("EX", der.IA5_STRING))
    with pytest.raises(SesUnreadable) as caught:
        read_seal(data)
    assert caught.value.reason == "not_a_seal"


def test_another_list_of_signers_is_refused() -> None:
    with pytest.raises(SesUnreadable):
        read_seal(esl().replace(der.text(design().name) + der.integer(1), der.text(design().name) + der.integer(3)))


@pytest.mark.parametrize("depth", [0, 1])
def test_a_member_too_many_is_refused(depth: int) -> None:
    extra = der.octets(b"hidden")
    for data, read in ((esl(), read_seal), (sign(), read_signature)):
        elements = list(der.children(der.read(data)))
        changed = [one.raw for one in elements]
        if depth == 0:
            changed.append(extra)
        else:
            changed[0] = der.sequence(elements[0].value, extra)
        with pytest.raises(SesUnreadable):
            read(der.sequence(*changed))


def test_no_length_is_spelled_longer() -> None:
    data = esl()
    assert data[1] == 0x82
    with pytest.raises(SesUnreadable) as caught:
        read_seal(bytes((0x30, 0x83, 0)) + data[2:])
    assert caught.value.reason == "not_der"


def test_strings_in_parts_and_deep_nesting_are_refused() -> None:
    certificate = der.octets(maker().certificate)
    in_parts = der.tlv(0x24, certificate)
    with pytest.raises(SesUnreadable):
        read_seal(graft(esl(), certificate, in_parts))
    deep = b""
    for _ in range(200):
        deep = der.sequence(deep)
    with pytest.raises(SesUnreadable):
        read_seal(deep)
    with pytest.raises(SesUnreadable):
        read_seal(der.sequence(*[der.integer(1)] * 5000))


@cache
def originals() -> tuple[bytes, ...]:
    return (esl(), sign(), signature(V1), signature(V5))


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_damage_is_read_or_refused_in_one_voice(data: st.DataObject) -> None:
    original = data.draw(st.sampled_from(originals()))
    changed = bytearray(original)
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, min(len(original) - 1, 400)))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(changed)))
    for damaged in (bytes(changed), bytes(changed[:cut]), bytes(changed) + b"\x00"):
        for read in (read_seal, read_signature):
            try:
                read(damaged)
            except SesUnreadable:
                continue
