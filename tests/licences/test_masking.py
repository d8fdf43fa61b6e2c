import pytest
from hypothesis import given
from hypothesis import strategies as st

from licences.masking import mask, mask_birthday, mask_code, mask_name, mask_place


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三", "张*"),
        ("王小明", "王**"),
        ("买买提·吐尔逊", "买***"),
        ("䶮㛃", "䶮*"),
        ("葛󠄀城", "葛󠄀*"),  # the variation selector belongs to its character
        ("张", "张"),
        ("", ""),
    ],
)
def test_names(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    ("code", "masked"),
    [("440101199001011234", "4401**************"), ("E12345678", "E1*******"), ("12345", "*****"), ("", "")],
)
def test_codes(code: str, masked: str) -> None:
    assert mask_code(code) == masked


def test_the_birthday_is_digits_11_to_14() -> None:
    assert mask_birthday("990101199001010019") == "9901011990****0019"


@pytest.mark.parametrize(
    ("place", "masked"),
    [
        ("测试市测试区测试路12号3幢1单元402室", "测试市测试区测试路****"),
        ("测试市测试区测试路１２号", "测试市测试区测试路****"),
        ("测试市五一路十二号", "测试市五一路****"),
        ("测试市解放路一百二十号附三", "测试市解放路****"),
        ("测试市测试区A座1501室", "测试市测试区****"),
        ("测试市测试花园甲区3幢", "测试市测试花园甲区****"),
        ("样例县测试镇样例村三组", "样例县测试镇样例村****"),
        ("样例县测试镇样例村", "样例县测试镇样例****"),
        ("某处", "某****"),
        ("", "****"),
    ],
)
def test_places(place: str, masked: str) -> None:
    assert mask_place(place) == masked


@given(st.text(max_size=60))
def test_a_masked_place_never_shows_a_digit_or_its_end(place: str) -> None:
    shown = mask_place(place).removesuffix("****")
    assert place.startswith(shown)
    assert not any(digit in shown for digit in "0123456789０１２３４５６７８９")
    assert len(shown) < len(place) or not place


def test_organisations_are_public_record() -> None:
    assert mask("name", "测试有限公司", "001") == "测试有限公司"
    assert mask("code", "91990101MA9T00018G", "001") == "91990101MA9T00018G"
    assert mask("name", "张测试", "111") == "张**"
    assert mask("birthday", "91990101MA9T00018G", "001") == "91990101MA9T00018G"
