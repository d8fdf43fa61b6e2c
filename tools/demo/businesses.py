"""Rows of 营业执照, of every kind of entity."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Final

from tools.demo.cells import MARKET, Cells, case_cells, holder_cells, issue_day, text_of
from tools.demo.people import DIVISIONS, Organisation, chinese, day, organisation, person, pick, shop, trade_name, uscc


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of entity. ending: of its name, `%s` the trade; prefix: of its code; named: it has a name of its own."""

    kind: str
    types: tuple[str, ...]
    ending: str
    prefix: str = "91"
    named: bool = True


_COMPANY: Final = _Kind(
    "公司",
    (
        "有限责任公司（自然人投资或控股）",
        "有限责任公司（自然人独资）",
        "股份有限公司（非上市、自然人投资或控股）",
        "有限责任公司（外商投资、非独资）",
    ),
    "%s有限公司",
)
_SELF_EMPLOYED: Final = _Kind("个体工商户", ("个体工商户",), "%s店", "92")
_NAMELESS: Final = _Kind("个体工商户", ("个体工商户",), "", "92", named=False)
_PARTNERSHIP: Final = _Kind("合伙企业", ("普通合伙企业", "有限合伙企业"), "%s合伙企业（普通合伙）")
_KINDS: Final = (
    *(_COMPANY, _SELF_EMPLOYED, _COMPANY, _NAMELESS, _COMPANY, _SELF_EMPLOYED, _COMPANY, _PARTNERSHIP, _COMPANY),
    *(_SELF_EMPLOYED, _COMPANY, _NAMELESS, _COMPANY, _PARTNERSHIP, _COMPANY, _SELF_EMPLOYED),
    _Kind("个人独资企业", ("个人独资企业",), "%s厂"),
    _Kind("农民专业合作社", ("农民专业合作社",), "%s农民专业合作社", "93"),
    _Kind("分支机构", ("有限责任公司分公司（自然人投资或控股）",), "%s有限公司测试区分公司"),
    _Kind("非公司企业法人", ("全民所有制", "集体所有制"), "%s总厂"),
)
_TRADES: Final = ("餐饮管理", "科技", "商贸", "建筑装饰", "物流", "农产品", "文化传媒", "机械", "服装", "园林绿化")
_CAPITALS: Final = (
    "壹佰万元整",
    "伍拾万元整",
    "壹仟万元整",
    "叁佰陆拾捌万元整",
    "伍佰万美元",
    "贰佰万欧元",
    "叁万元整",
    "壹亿贰仟万元整",
)
_GOODS: Final = (
    *(
        "食用农产品",
        "日用百货",
        "服装服饰",
        "鞋帽",
        "五金产品",
        "建筑材料",
        "办公用品",
        "电子产品",
        "通讯设备",
        "家用电器",
    ),
    *("机械设备", "汽车零配件", "医疗器械", "化妆品", "体育用品", "乐器", "玩具", "工艺美术品", "花卉苗木", "饲料"),
    *(
        "橡胶制品",
        "塑料制品",
        "金属材料",
        "包装材料",
        "照明器具",
        "厨具卫具",
        "家具",
        "针纺织品",
        "文具用品",
        "计算机软硬件",
    ),
)
_TRADING: Final = ("零售", "批发", "销售", "制造", "租赁", "维修", "技术开发", "进出口代理")
_SCOPE_END: Final = "（依法须经批准的项目，经相关部门批准后方可开展经营活动）"


def business_row(index: int, random: Random) -> Cells:
    """Return the row with this index, from 0, among the business licences."""
    kind, division = _KINDS[index % len(_KINDS)], DIVISIONS[index % 2]
    code = uscc(kind.prefix, division, f"MA{index + 100:06}")
    head, trade = person(random), pick(_TRADES, index)
    cells = case_cells("business-licence", MARKET, index, f"SDJ2026{index + 1:08}")
    own_name = f"测试市{trade_name(random)}{kind.ending.replace('%s', trade)}"
    cells |= holder_cells([Organisation(own_name if kind.named else head.name, code)])
    cells |= {
        "number": code,
        "kind": kind.kind,
        "entity_type": pick(kind.types, index // len(_KINDS)),
        "head": head.name,
        "established": day(random, date(2001, 1, 1), date(2025, 12, 31)).isoformat(),
        "place": shop(random, division),
        "scope": _scope(index, random),
    }
    return cells | _money(index, kind, random) | _term(index, kind)


def _money(index: int, kind: _Kind, random: Random) -> Cells:
    """Return capital or form of composition, and the delegate of a partner that is an organisation."""
    if kind.kind == "个体工商户":
        return {"composition": pick(("个人经营", "家庭经营"), index // 3)}
    if kind.kind == "分支机构":
        return {}
    cells = {"capital": pick(_CAPITALS, index // 2)}
    if kind.kind == "合伙企业" and index % len(_KINDS) < 10:
        cells |= {"head": organisation(random, "投资").name, "delegate": person(random).name}
    return cells


def _term(index: int, kind: _Kind) -> Cells:
    """Return the end that some older licences carry."""
    if kind is not _COMPANY or index % 7:
        return {}
    start = issue_day(index)
    end = start.replace(year=start.year + 20)
    return {"valid_until": end.isoformat(), "operating_term": f"{chinese(start)}至{chinese(end)}"}


def _scope(index: int, random: Random) -> str:
    """Return a scope of business of some 20 to 3,000 characters; most are short."""
    longest = 3000 if index % 60 == 4 else random.choice((800, 1500)) if index % 25 == 6 else random.randrange(60, 320)
    entries = [f"{goods}{trading}" for goods in _GOODS for trading in _TRADING]
    random.shuffle(entries)
    text = text_of(("一般项目：" + entries[0], *entries[1:], *_permitted(entries)), longest - len(_SCOPE_END), "；")
    return text + _SCOPE_END


def _permitted(entries: Sequence[str]) -> list[str]:
    """Return entries that a very long scope goes on with."""
    return [f"许可项目：{entry}（凭有效许可证件经营）" for entry in entries]
