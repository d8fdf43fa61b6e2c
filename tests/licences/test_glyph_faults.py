from dataclasses import replace

from licences.glyph_faults import glyph_faults
from licences.type_errors import GlyphMissing
from tests.licences import samples

MISSING = GlyphMissing("\U00032fff U+32FFF, \u0b95 U+0B95")


def test_every_text_that_holds_a_missing_character_is_named() -> None:
    sound = samples.request("business-licence")
    holder = replace(sound.holders[0], name="测试\U00032fff")
    request = replace(
        sound,
        holders=(holder,),
        fields={**sound.fields, "scope": "一般项目：\u0b95", "more": {"deep": ["好", "\u0b95\U00032fff"]}},
    )
    faults = glyph_faults(MISSING, request)
    assert {fault.field for fault in faults} == {"holders[0].name", "fields.scope", "fields.more.deep[1]"}
    assert {fault.code for fault in faults} == {"rendering.glyph_missing"}
    assert all("U+32FFF" in fault.zh and "U+32FFF" in fault.en for fault in faults)


def test_a_request_without_them_has_no_fault() -> None:
    assert glyph_faults(MISSING, samples.request("business-licence")) == ()
