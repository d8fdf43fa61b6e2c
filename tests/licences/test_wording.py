from datetime import date
from typing import Any

import pytest

from licences.drafts import Holder
from licences.wording import LicenceContent, chinese_date, label_of, value_of
from tests.licences import samples


def said(slug: str, key: str, content: LicenceContent) -> tuple[str, str | None]:
    kind = samples.kind(slug)
    item = next(item for item in kind.items if item.key == key)
    return label_of(item, content).zh, value_of(kind, item, content)


def test_dates() -> None:
    assert chinese_date(date(2026, 1, 5)) == "2026年01月05日"


@pytest.mark.parametrize(
    ("slug", "changes", "key", "label", "value"),
    [
        ("real-estate-title", {}, "owners", "权利人", "张测试、李测试䶮"),
        ("real-estate-title", {}, "unit_number", "不动产单元号", "990101 001001 GB00001 F00010001"),
        ("real-estate-title", {}, "area", "面积", "共有宗地面积15200.5㎡/房屋建筑面积98.76㎡"),
        ("real-estate-title", {"land_area_kind": None}, "area", "面积", "宗地面积15200.5㎡/房屋建筑面积98.76㎡"),
        ("real-estate-title", {"building_area": None}, "area", "面积", "共有宗地面积15200.5㎡"),
        ("real-estate-title", {}, "right_term", "使用期限", "2020年01月01日起至2089年12月31日止"),
        ("real-estate-title", {"right_term_from": None}, "right_term", "使用期限", "2089年12月31日止"),
        ("real-estate-title", {"right_term_text": "七十年"}, "right_term", "使用期限", "七十年"),
        ("real-estate-title", {"right_term_from": None, "right_term_to": None}, "right_term", "使用期限", None),
        ("construction-permit", {}, "price", "合同价格", "18650.32万元"),
        ("construction-permit", {}, "period", "合同工期", "720天，2026年12月01日至2028年11月20日"),
        ("construction-permit", {"contract_days": None}, "period", "合同工期", "2026年12月01日至2028年11月20日"),
        ("construction-permit", {}, "construction_units", "施工单位", "测试一建有限公司；测试二建有限公司"),
        ("construction-permit", {}, "construction_lead", "施工单位项目负责人", "孙测试喆"),
        ("construction-permit", {}, "general_lead", "工程总承包项目经理", None),
        ("business-licence", {}, "head", "法定代表人", "张测试"),
        ("business-licence", {"kind": "个人独资企业"}, "head", "投资人", "张测试"),
        ("business-licence", {"kind": "个体工商户"}, "head", "经营者", "张测试"),
        ("business-licence", {"kind": "分支机构"}, "head", "负责人", "张测试"),
        ("business-licence", {"kind": "合伙企业"}, "capital", "出资额", "壹佰万元整"),
        ("business-licence", {"kind": "农民专业合作社"}, "capital", "成员出资总额", "壹佰万元整"),
        ("business-licence", {"kind": "个体工商户"}, "established", "注册日期", "2020年05月06日"),
        ("business-licence", {"kind": "合伙企业"}, "place", "主要经营场所", "测试市测试区测试路12号测试大厦1501室"),
        (
            "business-licence",
            {"kind": "合伙企业", "delegate": "王测试"},
            "head",
            "执行事务合伙人",
            "张测试（委派代表：王测试）",
        ),
        ("tobacco-retail-permit", {}, "scope", "许可范围", "卷烟零售、雪茄烟零售"),
        ("tobacco-retail-permit", {}, "term", "有效期限", "自2026年11月22日至2031年11月21日"),
        ("food-business-permit", {}, "form", "主体业态", "餐饮服务经营者（网络经营）"),
        ("food-business-permit", {"form_note": None}, "form", "主体业态", "餐饮服务经营者"),
        ("food-business-permit", {}, "until", "有效期至", "2031年11月21日"),
    ],
)
def test_lines_are_put_into_words(slug: str, changes: dict[str, Any], key: str, label: str, value: str | None) -> None:
    assert said(slug, key, samples.content(slug, changes)) == (label, value)


def test_shares_stand_in_the_order_of_the_holders() -> None:
    holders = (Holder("甲测试", "1", "999", share="1/3"), Holder("乙测试", "2", "999", share="66.67"))
    content = samples.content("real-estate-title", {"co_ownership": "按份共有"}, holders=holders)
    assert said("real-estate-title", "co_ownership", content)[1] == "按份共有（依次为1/3、66.67%）"


def test_a_self_employed_person_may_have_no_business_name() -> None:
    person = Holder("㛃测试", "92990101MA9T000268", "001")
    changes = {"kind": "个体工商户", "head": "㛃测试", "capital": None, "composition": "个人经营"}
    content = samples.content("business-licence", changes, holders=(person,), number=person.code)
    assert said("business-licence", "name", content)[1] == "*****"
    assert said("business-licence", "head", content) == ("经营者", "㛃测试")


def test_no_end_of_validity_is_said() -> None:
    content = samples.content("tobacco-retail-permit", valid_until=None)
    assert said("tobacco-retail-permit", "term", content)[1] == "自2026年11月22日至长期"


def test_a_code_of_another_length_is_not_grouped() -> None:
    content = samples.content("real-estate-title", {"unit_number": "990101001"})
    assert said("real-estate-title", "unit_number", content)[1] == "990101001"
