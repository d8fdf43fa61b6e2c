"""Invented people and organisations of 测试市 (990100, a division that does not exist), with right check digits.

Every name says 测试, so that nobody takes one for real.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from licences.codes import citizen_id_check_digit, organisation_check_character, uscc_check_character

DIVISIONS: Final = ("990101", "990102")
PLACES: Final = {"990101": "测试市测试区", "990102": "测试市样例县"}

RARE: Final = ("䶮", "㛃", "𬭎", "堃", "喆")
"""Characters that real names have and common fonts or systems lack."""

_SURNAMES: Final = (*"王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗郑梁谢宋唐许邓冯韩曹", "欧阳", "上官", "诸葛")
_GIVEN: Final = (
    *(
        "伟",
        "敏",
        "静",
        "磊",
        "洋",
        "勇",
        "艳",
        "杰",
        "涛",
        "明",
        "超",
        "霞",
        "平",
        "刚",
        "玉兰",
        "建国",
        "秀英",
        "志强",
    ),
    *("丽娟", "晓东", "海燕", "文博", "子涵", "雨桐", "浩然", "梓萱", "国庆", "春梅", "少华", "思远", "一诺", "永健"),
)
_MINORITY: Final = ("阿依古丽·买买提", "扎西·顿珠", "巴特尔·孟和", "古丽娜尔·艾山江")
_ROADS: Final = (
    "人民路",
    "解放大道",
    "建设东路",
    "和平巷",
    "湖滨路",
    "学府路",
    "五一路",
    "青年大街",
    "滨江路",
    "兴业路",
)
_ESTATES: Final = ("样例花园", "示范家园", "示例新村", "范例苑", "演示佳苑", "测绘小区")
_TRADE_NAMES: Final = (
    *("星河", "远山", "晨光", "恒泰", "嘉禾", "启明", "汇丰源", "青松", "蓝海", "金穗", "博雅", "顺达", "安居"),
    *("鼎盛", "云帆", "百川", "和信", "春晖", "瑞祥", "天成"),
)


@dataclass(frozen=True, slots=True)
class Person:
    """A person with a citizen id number."""

    name: str
    code: str


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation with a unified social credit code."""

    name: str
    code: str


def person(random: Random, place: int = 0) -> Person:
    """Return a person; one in twelve has a rare character, one in forty a name with a dot.

    place: among the people of one licence, below 10; two of them never share a code.
    """
    if random.random() < 1 / 40:
        name = random.choice(_MINORITY)
    else:
        rare = random.random() < 1 / 12
        name = random.choice(_SURNAMES) + (random.choice(RARE) if rare else random.choice(_GIVEN))
    born = day(random, date(1950, 1, 1), date(2006, 12, 31))
    body = f"{random.choice(DIVISIONS)}{born:%Y%m%d}{random.randrange(90)}{place}".ljust(17, "0")
    return Person(f"{name}（测试）", body + citizen_id_check_digit(body))


def people(random: Random, count: int) -> tuple[Person, ...]:
    """Return the people of one licence."""
    return tuple(person(random, place) for place in range(count))


def uscc(prefix: str, division: str, body: str) -> str:
    """Return a unified social credit code. prefix: 2 characters, `91` enterprise, `92` self-employed. body: 8."""
    code = f"{prefix}{division}{body}{organisation_check_character(body)}"
    return code + uscc_check_character(code)


def organisation(random: Random, trade: str, form: str = "有限公司") -> Organisation:
    """Return an organisation of a trade, such as 建设工程."""
    return Organisation(
        f"测试市{random.choice(_TRADE_NAMES)}{trade}{form}",
        uscc("91", random.choice(DIVISIONS), f"MC{random.randrange(10**6):06}"),
    )


def trade_name(random: Random) -> str:
    """Return the fanciful part of a name, such as 星河."""
    return random.choice(_TRADE_NAMES)


def street(random: Random, division: str) -> str:
    """Return an address by street and number."""
    return f"{PLACES[division]}{random.choice(_ROADS)}{random.randrange(1, 300)}号"


def shop(random: Random, division: str) -> str:
    """Return the address of a shop."""
    return f"{street(random, division)}{random.randrange(1, 9)}幢{random.randrange(101, 130)}室"


def flat(random: Random, division: str, floor: int) -> str:
    """Return the address of a flat."""
    estate, door = random.choice(_ESTATES), f"{floor}{random.randrange(1, 5):02}室"
    return f"{street(random, division)}{estate}{random.randrange(1, 30)}幢{random.randrange(1, 4)}单元{door}"


def day(random: Random, first: date, last: date) -> date:
    """Return a day between two, both included."""
    return first + timedelta(days=random.randrange((last - first).days + 1))


def chinese(of: date) -> str:
    """Return `2026年11月22日`."""
    return f"{of.year}年{of.month:02}月{of.day:02}日"


def pick(options: Sequence[str], index: int) -> str:
    """Return the options in turn, so that every one occurs."""
    return options[index % len(options)]
