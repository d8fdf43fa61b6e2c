"""Rows of 建筑工程施工许可证, 食品经营许可证 and 烟草专卖零售许可证."""

import json
from datetime import date, timedelta
from random import Random
from typing import Final

from licences.numbers import construction_number, food_number, tobacco_number
from tools.demo.cells import (
    DAYS,
    FIRST_DAY,
    HOUSING,
    MARKET,
    TOBACCO,
    Cells,
    case_cells,
    filled,
    holder_cells,
    issue_day,
)
from tools.demo.people import (
    DIVISIONS,
    Organisation,
    Person,
    flat,
    organisation,
    people,
    person,
    pick,
    shop,
    street,
    trade_name,
    uscc,
)

_PROJECTS: Final = (
    "样例花园二期住宅楼",
    "示范小学教学楼",
    "测试区人民医院门诊楼",
    "演示产业园标准厂房",
    "样例路市政道路",
    "示例污水处理厂",
)
_CHANGE: Final = "2026年06月01日：施工单位项目负责人变更，原许可内容不变（测试变更记录）。"
_FORMS: Final = ("食品销售经营者", "餐饮服务经营者", "集中用餐单位食堂")
_OPERATIONS: Final = {
    "食品销售经营者": ("散装食品销售（含散装熟食）", "预包装食品销售", "特殊食品销售", "散装食品销售"),
    "餐饮服务经营者": ("热食类制售", "冷食类制售", "生食类制售", "半成品制售", "自制饮品制售"),
    "集中用餐单位食堂": ("热食类制售", "自制饮品制售", "餐饮服务管理"),
}
_FORM_NOTES: Final = ("", "网络经营", "", "中央厨房", "", "学校食堂")
_NATURES: Final = ("个体工商户", "企业", "个体工商户", "其他组织")


def construction_row(index: int, random: Random) -> Cells:
    """Return the row with this index, from 0, among the construction permits."""
    division, urban = DIVISIONS[index % 2], index % 6 == 4
    opened = FIRST_DAY + timedelta(days=index // 2 % DAYS)
    cells = case_cells("construction-permit", HOUSING, index // 2, f"SGXK2026{index + 1:07}")
    holders = [organisation(random, "房地产开发")] + [organisation(random, "城市建设投资")] * (index % 9 == 8)
    cells |= holder_cells(holders)
    cells |= {
        "number": construction_number(
            division=division, day=opened, sequence=index // (2 * DAYS) + 1, work_class=2 if urban else 1
        ),
        "project_code": f"2606-{division}-04-01-{index % 10**6:06}",
        "project_name": f"{pick(_PROJECTS, index)}工程（测试{index + 1}号）",
        "site": street(random, division),
        "scale": f"长度{random.randrange(300, 9000)}米"
        if urban
        else f"建筑面积{random.randrange(900, 90000)}.50平方米",
        "contract_price": f"{random.randrange(100_00, 90000_00) / 100:.2f}",
        "notes": filled(_CHANGE, 600) if index % 30 == 7 else _CHANGE * (index % 4 == 1),
    }
    return cells | _period(index, opened, random) | _parties(index, random)


def _period(index: int, opened: date, random: Random) -> Cells:
    days = random.randrange(90, 1200)
    cells = {"contract_days": str(days)} if index % 3 else {}
    if index % 3 != 1:
        cells |= {"contract_from": opened.isoformat(), "contract_to": (opened + timedelta(days=days)).isoformat()}
    return cells


def _parties(index: int, random: Random) -> Cells:
    """Return the related units and their leaders; one project in five has a general contractor."""
    survey, design, building, supervision, general = people(random, 5)
    builders = 3 if index % 8 == 2 else 1
    cells = {
        "survey_units": _units(organisation(random, "勘察")),
        "design_units": _units(organisation(random, "建筑设计")),
        "construction_units": _units(
            *(organisation(random, trade) for trade in ("建设工程", "安装", "市政")[:builders])
        ),
        "supervision_units": _units(organisation(random, "工程监理")),
        "survey_lead": _lead(survey),
        "design_lead": _lead(design),
        "construction_lead": _lead(building),
        "supervision_lead": _lead(supervision),
    }
    if index % 5 == 3:
        cells |= {"general_contractors": _units(organisation(random, "工程总承包")), "general_lead": _lead(general)}
    return cells


def _units(*units: Organisation) -> str:
    return json.dumps([{"name": unit.name, "uscc": unit.code} for unit in units], ensure_ascii=False)


def _lead(lead: Person) -> str:
    return json.dumps({"name": lead.name, "id": lead.code}, ensure_ascii=False)


def food_row(index: int, random: Random) -> Cells:
    """Return the row with this index, from 0, among the food business permits."""
    division, form = DIVISIONS[index % 2], pick(_FORMS, index)
    owner = person(random)
    alone = form != "集中用餐单位食堂" and index % 4 == 0
    holder: Person | Organisation = owner if alone else organisation(random, "餐饮管理")
    options = _OPERATIONS[form]
    cells = case_cells("food-business-permit", MARKET, index, f"SPJY2026{index + 1:07}") | holder_cells([holder])
    return cells | {
        "number": food_number(form=_FORMS.index(form) + 1, division=division, sequence=index + 1),
        "valid_until": _in_five_years(issue_day(index)),
        "representative": owner.name,
        "residence": flat(random, division, random.randrange(1, 19)) if alone else street(random, division),
        "premises": shop(random, division),
        "business_form": form,
        "form_note": pick(_FORM_NOTES, index) if form != "食品销售经营者" else "",
        "operations": "|".join(options[: random.randrange(1, len(options) + 1)]),
        "hotline": "12315",
    }


def tobacco_row(index: int, random: Random) -> Cells:
    """Return the row with this index, from 0, among the tobacco retail permits."""
    division, nature = DIVISIONS[index % 2], pick(_NATURES, index // 2)
    owner = person(random)
    shop_name = f"{'测试市样例县' if index % 2 else '测试市测试区'}{trade_name(random)}{pick(('便利店', '烟酒店', '超市'), index)}"
    holder: Person | Organisation
    if nature == "个体工商户":
        code = uscc("92", division, f"MD{index:06}")
        holder = owner if index % 8 < 4 else Organisation(shop_name, code)
    else:
        holder = organisation(random, "商贸")
        shop_name = holder.name
    cells = case_cells("tobacco-retail-permit", TOBACCO, index, f"YCLS2026{index + 1:07}") | holder_cells([holder])
    start = issue_day(index)
    return cells | {
        "number": tobacco_number(division=division, nature=1 if nature == "个体工商户" else 2, sequence=index // 2 + 1),
        "valid_from": start.isoformat(),
        "valid_until": _in_five_years(start),
        "enterprise_name": shop_name,
        "responsible_person": owner.name,
        "nature": nature,
        "premises": shop(random, division),
        "scope": "卷烟零售|雪茄烟零售" if index % 3 else "卷烟零售",
        "suppliers": "测试市烟草公司",
        "id_number": owner.code,
        "id_type": "111",
    }


def _in_five_years(start: date) -> str:
    """Return the last day of a five-year term."""
    return (start.replace(year=start.year + 5) - timedelta(days=1)).isoformat()
