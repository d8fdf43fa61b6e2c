from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licences.drafts import Holder
from licences.faces import face, face_of, face_of_claims
from tests.licences import samples

FACES: dict[str, list[tuple[str, str]]] = {
    "real-estate-title": [
        ("number", "测(2026)测试市不动产权第0000001号"),
        ("owners", "张**、李***"),
        ("owner_codes", "9901**************、9901**************"),
        ("co_ownership", "共同共有"),
        ("location", "测试市测试区测试路****"),
        ("right_type", "国有建设用地使用权/房屋所有权"),
        ("right_nature", "出让/市场化商品房"),
        ("use", "城镇住宅用地/住宅"),
        ("area", "共有宗地面积15200.5㎡/房屋建筑面积98.76㎡"),
        ("right_term", "2020年01月01日起至2089年12月31日止"),
        ("authority", "测试市自然资源和规划局"),
        ("issued", "2026年11月22日"),
    ],
    "tobacco-retail-permit": [
        ("number", "990101100001"),
        ("enterprise_name", "测试区㛃㛃测试便利店"),
        ("responsible_person", "王测试𬭎"),
        ("nature", "个体工商户"),
        ("premises", "测试市测试区测试路12号临街商铺"),
        ("scope", "卷烟零售、雪茄烟零售"),
        ("suppliers", "测试省烟草公司测试市公司"),
        ("term", "自2026年11月22日至2031年11月21日"),
        ("authority", "测试市烟草专卖局"),
        ("issued", "2026年11月22日"),
    ],
    "food-business-permit": [
        ("number", "JY29901010000018"),
        ("operator", "测试区㛃㛃测试便利店"),
        ("operator_code", "92990101MA9T000268"),
        ("representative", "李测试堃"),
        ("residence", "测试市测试区测试路12号"),
        ("premises", "测试市测试区测试路14号商铺"),
        ("form", "餐饮服务经营者（网络经营）"),
        ("operations", "热食类食品制售、冷食类食品制售、自制饮品制售"),
        ("until", "2031年11月21日"),
        ("hotline", "12315"),
        ("authority", "测试市市场监督管理局"),
        ("issued", "2026年11月22日"),
    ],
    "business-licence": [
        ("number", "91990101MA9T00018G"),
        ("name", "测试市喆堃测试科技有限公司"),
        ("entity_type", "有限责任公司（自然人投资或控股）"),
        ("head", "张测试"),
        ("capital", "壹佰万元整"),
        ("established", "2020年05月06日"),
        ("place", "测试市测试区测试路12号测试大厦1501室"),
        ("scope", "一般项目：技术服务、技术开发、技术咨询；软件开发；信息系统集成服务。"),
        ("authority", "测试市市场监督管理局"),
        ("issued", "2026年11月22日"),
    ],
}


@pytest.mark.parametrize("slug", FACES)
def test_the_face_of_a_type(slug: str) -> None:
    lines = face_of(samples.kind(slug), samples.content(slug))
    assert [(line["key"], line["value"]) for line in lines] == FACES[slug]
    assert all(line["zh"] and line["en"] for line in lines)


@pytest.mark.parametrize("slug", samples.SLUGS)
def test_what_is_hidden_never_shows(slug: str) -> None:
    kind = samples.kind(slug)
    hidden = {item.key for item in kind.items if item.face == "H"}
    shown = {line["key"] for line in face_of(kind, samples.content(slug))}
    assert not shown & hidden
    everything = "".join(line["value"] for line in face_of(kind, samples.content(slug)))
    assert samples.PERSON.code not in everything
    assert samples.SECOND_PERSON.name not in everything


def test_an_id_number_standing_for_a_credit_code_hides_the_birthday() -> None:
    content = samples.content("food-business-permit", holders=(samples.PERSON,))
    lines = {line["key"]: line["value"] for line in face_of(samples.kind("food-business-permit"), content)}
    assert lines["operator_code"] == "9901011990****0019"


def test_labels_follow_the_kind_of_business() -> None:
    content = samples.content("business-licence", {"kind": "个体工商户", "capital": None})
    lines = {line["key"]: (line["zh"], line["en"]) for line in face_of(samples.kind("business-licence"), content)}
    assert lines["head"] == ("经营者", "Operator")
    assert "capital" not in lines


def test_a_face_can_be_made_of_a_few_parts() -> None:
    lines = face(samples.kind("business-licence"), [], {}, "91990101MA9T00018G")
    assert [line["key"] for line in lines] == ["number"]


def claims(slug: str) -> dict[str, Any]:
    content = samples.content(slug)
    return {
        "licence": {
            "identifier": content.identifier,
            "number": content.number,
            "issuer": {"code": content.issuer_code, "name": content.issuer_name},
            "issue_date": "2026-11-22",
            "valid_from": "2026-11-22",
            "valid_until": content.valid_until.isoformat() if content.valid_until else None,
        },
        "holders": [{"name": h.name, "code": h.code, "code_type": h.code_type} for h in content.holders],
        "fields": dict(content.fields),
    }


@pytest.mark.parametrize("slug", samples.SLUGS)
def test_signed_claims_give_the_same_face(slug: str) -> None:
    kind = samples.kind(slug)
    assert face_of_claims(kind, claims(slug)) == face_of(kind, samples.content(slug))


def test_what_is_not_disclosed_is_left_out() -> None:
    shortened = claims("real-estate-title")
    shortened["holders"] = shortened["holders"][1:]
    del shortened["fields"]["location"]
    lines = {line["key"]: line["value"] for line in face_of_claims(samples.kind("real-estate-title"), shortened)}
    assert lines["owners"] == "李***"
    assert "location" not in lines


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(samples.SLUGS), st.data())
def test_strange_claims_make_no_trouble(slug: str, data: st.DataObject) -> None:
    strange = claims(slug)
    for part in ("licence", "fields"):
        for key in data.draw(st.sets(st.sampled_from(sorted(strange[part])), max_size=3)):
            strange[part][key] = data.draw(json_values)
    for part in data.draw(st.sets(st.sampled_from(["licence", "holders", "fields"]))):
        strange[part] = data.draw(json_values)
    for line in face_of_claims(samples.kind(slug), strange):
        assert isinstance(line["value"], str)
        assert line["value"]


def test_organisations_show_in_full_on_a_personal_face() -> None:
    holders = (samples.COMPANY, Holder("张测试", samples.PERSON.code, "111"))
    content = samples.content("real-estate-title", holders=holders)
    lines = {line["key"]: line["value"] for line in face_of(samples.kind("real-estate-title"), content)}
    assert lines["owners"] == "测试市喆堃测试科技有限公司、张**"
