"""States and reasons as people read them; the stable word stays in an error's details, for programs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ledger.errors import Language

STATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "made": "待交付",
        "active": "使用中",
        "suspended": "暂停",
        "cancelled": "注销",
        "expired": "到期",
        "replaced": "已更换",
        "applied": "待审批",
        "approved": "已批准",
        "rejected": "已驳回",
        "withdrawn": "已撤回",
        "delivered": "已交付",
        "ended": "已终止",
    }
)
REFUSALS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "no_grant": ("该印章未就此类文件授权", "nobody was granted the seal for this type"),
        "other_system": ("授权给了其他人或系统", "it is granted to others"),
        "revoked": ("授权已收回", "the grant was revoked"),
        "not_yet": ("授权尚未生效", "it does not hold yet"),
        "ended": ("授权已到期或终止", "it has ended"),
        "none": ("未申请", "none was applied for"),
        "hours": ("不在授权时段内", "out of its hours"),
        "not_a_kind": ("没有该印章类型", "there is no such kind of seal"),
        "name_not_of_4_to_30_characters": ("环形文字应为 4 至 30 个字", "the name must have 4 to 30 characters"),
        "name_not_of_2_to_30_characters": ("姓名应为 2 至 30 个字", "the name must have 2 to 30 characters"),
        "line_not_of_2_to_14_characters": ("下横文应为 2 至 14 个字", "the line must have 2 to 14 characters"),
        "line_not_of_2_to_8_characters": ("中横文应为 2 至 8 个字", "the line must have 2 to 8 characters"),
        "line_on_a_name_seal": ("个人名章没有横文", "a name seal has no line"),
        "diameter": ("直径不合规，或该印章不是圆形", "the diameter is none of the rules', or the seal is not round"),
        "tax_code": (
            "发票专用章（且仅发票专用章）须有 15 至 20 位纳税人识别号",
            "an invoice seal, and no other, needs a tax code of 15 to 20 figures and capital letters",
        ),
        "strips_too_narrow": ("页数过多，骑缝章分条过窄", "too many pages share it: the strips are too narrow"),
        "picture_unreadable": ("图形无法读取", "the picture cannot be read"),
        "picture_too_large": ("图形过大", "the picture is too large"),
        "neither_png_nor_gif": ("图形不是 PNG 或 GIF", "the picture is neither PNG nor GIF"),
        "more_than_one_page": ("图形不止一页", "the picture has more than one page"),
        "not_a_one_page_picture": ("图形应为单页 PDF", "the picture is not a PDF of one page"),
    }
)


def state_words(state: str, language: Language) -> str:
    """Return a state as people read it; one that has no words as it is."""
    return STATES.get(state, state) if language == "zh" else state.replace("_", " ")


def refusal_words(reason: str, language: Language) -> str:
    """Return the reason of a refusal as people read it: a state's words too; one that has none as it is."""
    if reason in REFUSALS:
        return REFUSALS[reason][0 if language == "zh" else 1]
    return state_words(reason, language) if reason in STATES else reason
