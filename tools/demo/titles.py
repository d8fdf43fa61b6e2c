"""Rows of 不动产权证书."""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Final

from licences.numbers import title_number
from tools.demo.cells import LAND, Cells, case_cells, filled, holder_cells, issue_day
from tools.demo.people import DIVISIONS, Organisation, Person, chinese, day, flat, organisation, people, shop, street


@dataclass(frozen=True, slots=True)
class _Ground:
    """A parcel, and a flat of two rooms and a kitchen on one of its floors. Lengths in centimetres."""

    wide: int
    deep: int
    hall: int
    room: int
    floor: int

    @staticmethod
    def drawn(random: Random) -> "_Ground":
        return _Ground(
            wide=random.randrange(2000, 9000),
            deep=random.randrange(2000, 7000),
            hall=random.randrange(400, 700),
            room=random.randrange(300, 450),
            floor=random.randrange(1, 33),
        )


@dataclass(frozen=True, slots=True)
class _Right:
    """What is owned. letters: of the parcel and of what stands on it; years: of the right, 0 for no term."""

    right: str
    nature: str
    use: str
    letters: tuple[str, str]
    years: int = 0
    built: bool = True


_DEPTH: Final = 900
"""Of every flat, in centimetres."""

_RIGHTS: Final = (
    _Right("国有建设用地使用权/房屋所有权", "出让/市场化商品房", "城镇住宅用地/住宅", ("GB", "F"), 70),
    _Right("国有建设用地使用权/房屋所有权", "出让/市场化商品房", "城镇住宅用地/住宅", ("GB", "F"), 70),
    _Right("国有建设用地使用权/房屋所有权", "划拨/房改房", "城镇住宅用地/住宅", ("GB", "F")),
    _Right("国有建设用地使用权/房屋所有权", "出让/市场化商品房", "商务金融用地/办公", ("GB", "F"), 40),
    _Right("宅基地使用权/房屋所有权", "批准拨用/自建房", "农村宅基地/住宅", ("JC", "F")),
    _Right("国有建设用地使用权/房屋所有权", "出让/市场化商品房", "城镇住宅用地/住宅", ("GB", "F"), 70),
    _Right("国有建设用地使用权", "出让", "工业用地", ("GB", "W"), 50, built=False),
    _Right("林地使用权/林木所有权", "家庭承包", "林地/用材林", ("JE", "L"), 70, built=False),
)
_SHARES: Final = (
    ("50", "50"),
    ("60", "40"),
    ("1/3", "1/3", "1/3"),
    ("33.33", "33.33", "33.34"),
    ("25", "25", "25", "25"),
    ("99", "1"),
    ("30", "20", "20", "10", "10", "10"),
)
_NOTE: Final = "原不动产权证书因权利人更名申请换发新证，原证收回注销，登记簿已同步更新；本附记文字为测试内容，不代表任何真实登记事项。"


def title_row(index: int, random: Random) -> Cells:
    """Return the row with this index, from 0, among the titles."""
    division, right, ground = DIVISIONS[index % 2], _RIGHTS[index % len(_RIGHTS)], _Ground.drawn(random)
    cells = case_cells("real-estate-title", LAND, index, f"BDC2026{index + 1:08}")
    cells["number"] = title_number(
        province="测", year=2026, place="测试市" if index % 2 == 0 else "测试市样例县", sequence=index + 1
    )
    cells |= _owners(index, random) | _areas(right, ground) | _term(index, right, random)
    cells |= {
        "location": _location(right, ground, division, random),
        "unit_number": f"{division}{random.randrange(1, 20):03}{random.randrange(1, 20):03}{right.letters[0]}"
        f"{random.randrange(1, 99999):05}{right.letters[1]}{random.randrange(1, 10**8):08}",
        "right_type": right.right,
        "right_nature": right.nature,
        "use": right.use,
        "other_conditions": _conditions(index, right, ground, random),
        "notes": _notes(index),
        "case_number": cells["business_number"],
        "paper_serial": f"{index + 1:011}",
    }
    if index % 3 == 0:
        cells["plans"] = json.dumps(_plans(right, ground, random), ensure_ascii=False, separators=(",", ":"))
    return cells


def _owners(index: int, random: Random) -> Cells:
    """Six in ten titles have several holders, three of them with shares."""
    turn = index % 10
    if turn < 4:
        owner = organisation(random, "置业") if turn == 3 else people(random, 1)[0]
        return {"co_ownership": "单独所有"} | holder_cells([owner])
    if turn < 7:
        return {"co_ownership": "共同共有"} | holder_cells(people(random, 3 if turn == 6 else 2))
    shares = _SHARES[index // 10 % len(_SHARES)]
    owners: list[Person | Organisation] = list(people(random, len(shares)))
    if turn == 9:
        owners[0] = organisation(random, "实业")
    return {"co_ownership": "按份共有"} | holder_cells(owners, shares)


def _areas(right: _Right, ground: _Ground) -> Cells:
    land = f"{ground.wide * ground.deep / 10**4:.2f}"
    if not right.built:
        return {"land_area": land, "land_area_kind": "宗地面积"}
    own, shared = _floor_areas(ground)
    return {"land_area": land, "land_area_kind": "共有宗地面积", "building_area": f"{own + shared:.2f}"}


def _floor_areas(ground: _Ground) -> tuple[Decimal, Decimal]:
    """Return the flat's own area and its share of stairs and halls, in square metres."""
    own = Decimal((ground.hall + ground.room) * _DEPTH).scaleb(-4).quantize(Decimal("0.01"))
    return own, (own / 5).quantize(Decimal("0.01"))


def _term(index: int, right: _Right, random: Random) -> Cells:
    if not right.years:
        return {}
    start = day(random, date(2001, 1, 1), date(2024, 12, 31))
    end = date(start.year + right.years, start.month, min(start.day, 28)) - timedelta(days=1)
    if index % 25 == 1:
        return {"right_term_text": f"住宅用地至{chinese(end)}止；商业用地至{chinese(end - timedelta(days=30 * 365))}止"}
    return {"right_term_from": start.isoformat(), "right_term_to": end.isoformat()}


def _location(right: _Right, ground: _Ground, division: str, random: Random) -> str:
    if not right.built:
        return f"{street(random, division)}以北、样例河以南地块"
    return flat(random, division, ground.floor) if "住宅" in right.use else shop(random, division)


def _conditions(index: int, right: _Right, ground: _Ground, random: Random) -> str:
    if not right.built:
        return ""
    own, shared = _floor_areas(ground)
    structure = random.choice(("钢筋混凝土结构", "混合结构", "砖木结构"))
    lines = (
        f"房屋结构：{structure}",
        f"专有建筑面积：{own}㎡，分摊建筑面积：{shared}㎡",
        f"房屋总层数：{ground.floor + random.randrange(6)}层，所在层：第{ground.floor}层",
        f"房屋竣工时间：{chinese(day(random, date(1998, 1, 1), date(2025, 12, 31)))}",
    )
    return ("\n" if index % 2 else "；").join(lines)


def _notes(index: int) -> str:
    """Nothing, a line, or as much as the page takes in."""
    if index % 40 == 5:
        return filled(_NOTE, 600)
    return (
        "",
        f"登记原因：{'转移登记' if index % 2 else '首次登记'}。\n登记日期：{chinese(issue_day(index))}。",
        _NOTE,
    )[index % 3]


def _plans(right: _Right, ground: _Ground, random: Random) -> list[dict[str, object]]:
    """Return a plan of the parcel and, of a building, one of its rooms."""
    parcel: dict[str, object] = {
        "title": "宗地图",
        "scale": "1:500",
        "outlines": [
            {"label": f"{random.randrange(1, 999):05}", "own": True, "points": _box(0, 0, ground.wide, ground.deep)},
            {"label": "邻宗", "points": _box(ground.wide, 0, 1500, ground.deep)},
        ],
    }
    if not right.built:
        return [parcel]
    rooms: dict[str, object] = {
        "title": "房产分户图",
        "outlines": [
            {"own": True, "points": _box(0, 0, ground.hall + ground.room, _DEPTH)},
            {"label": "客厅", "points": _box(0, 0, ground.hall, _DEPTH)},
            {"label": "卧室", "points": _box(ground.hall, 0, ground.room, 500)},
            {"label": "厨房", "points": _box(ground.hall, 500, ground.room, _DEPTH - 500)},
        ],
    }
    return [parcel, rooms]


def _box(x: int, y: int, wide: int, deep: int) -> list[list[int]]:
    return [[x, y], [x + wide, y], [x + wide, y + deep], [x, y + deep]]
