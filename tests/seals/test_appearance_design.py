from dataclasses import replace

import pytest

from seals.models import SEAL_KINDS
from seals.pdf.errors import SealPictureRefused
from seals.picture.appearance import SealDesign
from seals.picture.design import FORMS, characters

ROUND = SealDesign("special", "测试市自然资源和规划局", "不动产登记专用章")
INVOICE = SealDesign("invoice", "测试市测试有限公司", tax_code="91990101MA9T00018G")
FINANCE = SealDesign("finance", "测试市测试有限公司")
PERSON = SealDesign("personal", "测试人")


def test_every_kind_of_the_register_can_be_drawn() -> None:
    assert set(FORMS) == set(SEAL_KINDS)


@pytest.mark.parametrize(
    ("design", "size"),
    [
        (ROUND, (42, 42)),
        (SealDesign("statutory", "测试市烟草专卖局"), (45, 45)),
        (SealDesign("statutory", "测试市烟草专卖局", diameter_mm=42), (42, 42)),
        (FINANCE, (45, 30)),
        (INVOICE, (40, 30)),
        (PERSON, (20, 20)),
        (SealDesign("personal", "阿卜杜拉·测试"), (40, 20)),
    ],
)
def test_sizes(design: SealDesign, size: tuple[int, int]) -> None:
    assert design.size_mm == size


def test_ovals_have_words_of_their_own() -> None:
    assert (FINANCE.line, INVOICE.line, PERSON.line) == ("财务专用章", "发票专用章", None)
    assert replace(FINANCE, bottom_text="财务章").line == "财务章"


@pytest.mark.parametrize(
    ("design", "change", "reason"),
    [
        (ROUND, {"ring_text": "测试局"}, "name_not_of_4_to_30_characters"),
        (ROUND, {"ring_text": "测" * 31}, "name_not_of_4_to_30_characters"),
        (ROUND, {"ring_text": "测试 市局"}, "name"),
        (ROUND, {"ring_text": "测试\n市局"}, "name"),
        (ROUND, {"ring_text": "测试\u202e市局"}, "name"),
        (ROUND, {"ring_text": "测试\ue000市局"}, "name"),
        (ROUND, {"bottom_text": "章"}, "line_not_of_2_to_14_characters"),
        (ROUND, {"bottom_text": "章" * 15}, "line"),
        (ROUND, {"diameter_mm": 0}, "diameter"),
        (ROUND, {"diameter_mm": 51}, "diameter"),
        (ROUND, {"kind": "steel"}, "not_a_kind"),
        (ROUND, {"tax_code": "91990101MA9T00018G"}, "tax_code"),
        (FINANCE, {"bottom_text": "章" * 9}, "line_not_of_2_to_8_characters"),
        (FINANCE, {"diameter_mm": 42}, "diameter"),
        (INVOICE, {"tax_code": None}, "tax_code"),
        (INVOICE, {"tax_code": "91990101"}, "tax_code"),
        (INVOICE, {"tax_code": "91990101MA9T00018g"}, "tax_code"),
        (INVOICE, {"tax_code": ""}, "tax_code"),
        (PERSON, {"ring_text": "测"}, "name_not_of_2_to_30_characters"),
        (PERSON, {"bottom_text": "之印"}, "line_on_a_name_seal"),
    ],
)
def test_what_makes_no_legible_seal_is_refused(design: SealDesign, change: dict[str, object], reason: str) -> None:
    with pytest.raises(SealPictureRefused) as caught:
        replace(design, **change)  # type: ignore[arg-type]
    assert caught.value.reason.startswith(reason)


def test_marks_belong_to_the_character_before_them() -> None:
    assert characters("葛\U000e0100城e\u0301") == ("葛\U000e0100", "城", "e\u0301")
    assert characters("") == ()
