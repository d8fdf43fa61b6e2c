"""One sound request of every type, synthetic throughout; tests change what they are about."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

from ledger.actor import Uscc
from licences.catalogue import Catalogue
from licences.drafts import Holder, LicenceRequest
from licences.licence_type import LicenceType
from licences.wording import LicenceContent

DAY: Final = date(2026, 11, 22)
LAST_DAY: Final = date(2031, 11, 21)
SLUGS: Final = (
    "business-licence",
    "construction-permit",
    "food-business-permit",
    "real-estate-title",
    "tobacco-retail-permit",
)

PERSON: Final = Holder("张测试", "990101199001010019", "111")
SECOND_PERSON: Final = Holder("李测试䶮", "990101198506150020", "111")
COMPANY: Final = Holder("测试市喆堃测试科技有限公司", "91990101MA9T00018G", "001")
SELF_EMPLOYED: Final = Holder("测试区㛃㛃测试便利店", "92990101MA9T000268", "001")

PLANS: Final = [
    {
        "title": "宗地图",
        "scale": "1:500",
        "outlines": [
            {"label": "GB00001", "own": True, "points": [[0, 0], [4200, 0], [4200, 2600], [1500, 2600], [0, 1800]]},
            {"label": "测试路", "points": [[0, -900], [4200, -900], [4200, -200], [0, -200]]},
        ],
    }
]


def kind(slug: str) -> LicenceType:
    return Catalogue.load().type(slug)


def _unit(name: str) -> dict[str, str]:
    return {"name": name, "uscc": COMPANY.code}


def _lead(name: str) -> dict[str, str]:
    return {"name": name, "id": PERSON.code}


_FIELDS: Final[dict[str, dict[str, Any]]] = {
    "real-estate-title": {
        "co_ownership": "共同共有",
        "location": "测试市测试区测试路12号测试花园3幢1单元402室",
        "unit_number": "990101001001GB00001F00010001",
        "right_type": "国有建设用地使用权/房屋所有权",
        "right_nature": "出让/市场化商品房",
        "use": "城镇住宅用地/住宅",
        "land_area_kind": "共有宗地面积",
        "land_area": "15200.5",
        "building_area": "98.76",
        "right_term_from": "2020-01-01",
        "right_term_to": "2089-12-31",
        "other_conditions": "房屋结构：钢筋混凝土结构；房屋总层数：18层，所在层：4层。",
        "notes": "原证号：测(2020)测试市不动产权第0000009号。\n因换证颁发本证。",
        "plans": PLANS,
        "case_number": "YW202611220001",
        "paper_serial": "99000000001",
    },
    "construction-permit": {
        "project_code": "2606-990101-04-01-000001",
        "project_name": "测试花园二期1#至5#楼工程",
        "site": "测试市测试区测试路与样例街交叉口",
        "scale": "建筑面积52310.45平方米",
        "contract_price": "18650.32",
        "contract_days": 720,
        "contract_from": "2026-12-01",
        "contract_to": "2028-11-20",
        "survey_units": [_unit("测试勘察有限公司")],
        "design_units": [_unit("测试设计有限公司")],
        "construction_units": [_unit("测试一建有限公司"), _unit("测试二建有限公司")],
        "supervision_units": [_unit("测试监理有限公司")],
        "survey_lead": _lead("赵测试"),
        "design_lead": _lead("钱测试"),
        "construction_lead": _lead("孙测试喆"),
        "supervision_lead": _lead("周测试"),
        "notes": "含地下车库。",
    },
    "business-licence": {
        "kind": "公司",
        "entity_type": "有限责任公司（自然人投资或控股）",
        "head": "张测试",
        "capital": "壹佰万元整",
        "established": "2020-05-06",
        "place": "测试市测试区测试路12号测试大厦1501室",
        "scope": "一般项目：技术服务、技术开发、技术咨询；软件开发；信息系统集成服务。",
    },
    "tobacco-retail-permit": {
        "enterprise_name": SELF_EMPLOYED.name,
        "responsible_person": "王测试𬭎",
        "nature": "个体工商户",
        "premises": "测试市测试区测试路12号临街商铺",
        "scope": ["卷烟零售", "雪茄烟零售"],
        "suppliers": ["测试省烟草公司测试市公司"],
        "id_number": PERSON.code,
    },
    "food-business-permit": {
        "representative": "李测试堃",
        "residence": "测试市测试区测试路12号",
        "premises": "测试市测试区测试路14号商铺",
        "business_form": "餐饮服务经营者",
        "form_note": "网络经营",
        "operations": ["热食类食品制售", "冷食类食品制售", "自制饮品制售"],
        "hotline": "12315",
    },
}
_REST: Final[dict[str, tuple[str, str, str, tuple[Holder, ...], date | None]]] = {
    "real-estate-title": (
        "测(2026)测试市不动产权第0000001号",
        "11990100MB9T00011N",
        "测试市自然资源和规划局",
        (PERSON, SECOND_PERSON),
        None,
    ),
    "construction-permit": ("990101202611220101", "11990100MB9T0002XE", "测试市住房和城乡建设局", (COMPANY,), None),
    "business-licence": (COMPANY.code, "11990100MB9T00038E", "测试市市场监督管理局", (COMPANY,), None),
    "tobacco-retail-permit": (
        "990101100001",
        "11990100MB9T000544",
        "测试市烟草专卖局",
        (SELF_EMPLOYED,),
        LAST_DAY,
    ),
    "food-business-permit": (
        "JY29901010000018",
        "11990100MB9T00038E",
        "测试市市场监督管理局",
        (SELF_EMPLOYED,),
        LAST_DAY,
    ),
}


def fields(slug: str, **changes: Any) -> dict[str, Any]:
    """The sound content of a type, changed; a change to None leaves the field out."""
    merged = _FIELDS[slug] | changes
    return {key: value for key, value in merged.items() if value is not None}


def request(slug: str, content: Mapping[str, Any] | None = None, **changes: Any) -> LicenceRequest:
    """A sound request, its content and members changed."""
    number, issuer, _, holders, last_day = _REST[slug]
    sound = LicenceRequest(
        type_code=kind(slug).code,
        issuer=Uscc(issuer),
        number=number,
        holders=holders,
        fields=fields(slug, **(content or {})),
        issue_date=DAY,
        valid_from=DAY,
        valid_until=last_day,
        business_number="YW1",
    )
    return replace(sound, **changes)


def content(slug: str, changes: Mapping[str, Any] | None = None, **others: Any) -> LicenceContent:
    """What a page and a face are drawn from, of the same request."""
    asked = request(slug, changes)
    sound = LicenceContent(
        number=asked.number,
        holders=asked.holders,
        fields=asked.fields,
        identifier="1.2.156.3005.2.11100000000013338W009.11330105002500287C.2025052201.002.0",
        issuer_code=asked.issuer,
        issuer_name=_REST[slug][2],
        issue_date=asked.issue_date,
        valid_from=asked.valid_from,
        valid_until=asked.valid_until,
    )
    return replace(sound, **others)


def envelope(slug: str, content: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """The same request as JSON."""
    asked = request(slug, content)
    sound: dict[str, Any] = {
        "type": slug,
        "issuer": asked.issuer,
        "number": asked.number,
        "holders": [
            {"name": holder.name, "code": holder.code, "code_type": holder.code_type} for holder in asked.holders
        ],
        "fields": dict(asked.fields),
        "issue_date": asked.issue_date.isoformat(),
        "business_number": asked.business_number,
    }
    if asked.valid_until is not None:
        sound["valid_until"] = asked.valid_until.isoformat()
    return {key: value for key, value in (sound | changes).items() if value is not ...}
