"""JSON bodies, read as strictly as the lines of an import file: bounded, UTF-8, no member twice, no NaN."""

from dataclasses import dataclass
from typing import Any, Final

from api.systems import DoorError
from licences.row_json import parse_json

LIMIT: Final = 1024 * 1024


@dataclass(eq=False)
class BodyTooLarge(DoorError):
    """The JSON body is over the limit."""

    code = "request.too_large"
    zh = "请求体超过 1 MB"
    en = "the request body is over 1 MB"


@dataclass(eq=False)
class BodyNotJson(DoorError):
    """The body is not one JSON object."""

    code = "request.not_json"
    zh = "请求体不是合格的 JSON 对象：{zh_reason}"
    en = "the request body is not a proper JSON object: {reason}"

    zh_reason: str
    reason: str


@dataclass(eq=False)
class MemberUnusable(DoorError):
    """A member of the request is not a text, is too long, or is none that we know."""

    code = "request.member_unusable"
    zh = "请求中的“{member}”无法使用：应为不超过 200 个字符的文字，且名称正确"
    en = "'{member}' of the request cannot be used: a known name and a text of at most 200 characters are wanted"

    member: str


def read_object(data: bytes) -> dict[str, Any]:
    """Return the object; raises BodyNotJson."""
    try:
        value = parse_json(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BodyNotJson("不是 UTF-8", "it is not UTF-8") from error
    except ValueError as error:
        raise BodyNotJson(
            "语法错误、成员重复、嵌套过深、列表过长或数字过大",
            "a syntax error, a repeated member, nested too deeply, a list too long or a number too large",
        ) from error
    if not isinstance(value, dict):
        raise BodyNotJson("不是对象", "it is not an object")
    return value
