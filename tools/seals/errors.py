"""What `elicence seals` refuses, beyond what the register of seals refuses itself.

ToolError
├── SealMissing             none is meant by that number or id
├── KeyNotCertified         no seal certificate was issued for that key
├── LeafUnclear             not exactly one certificate of a seal among the files
├── PictureMissing          the national seal's picture is in a form that cannot be put on pages
└── OutputTaken             a file stands where the sealed one should go
"""

from dataclasses import dataclass

from tools.errors import ToolError


@dataclass(eq=False)
class SealMissing(ToolError):
    """No seal has that number, number and generation, or id."""

    code = "tools.seal_missing"
    zh = "没有编码或标识为 {name} 的印章；`elicence seals list` 可列出全部"
    en = "no seal has the number or id {name}: `elicence seals list` shows them"

    name: str


@dataclass(eq=False)
class KeyNotCertified(ToolError):
    """A seal needs a certificate for its key."""

    code = "tools.key_not_certified"
    zh = "密钥 {key} 没有印章证书：先运行 elicence ca request 与 elicence ca import"
    en = "there is no seal certificate for the key {key}: `elicence ca request` and `elicence ca import` come first"

    key: str


@dataclass(eq=False)
class LeafUnclear(ToolError):
    """Which of the certificates is the seal's must be plain."""

    code = "tools.leaf_unclear"
    zh = "所给证书文件中应恰有一张印章证书，实有 {count} 张"
    en = "exactly one certificate among the files must be a seal's, not an authority's: there are {count}"

    count: int


@dataclass(eq=False)
class PictureMissing(ToolError):
    """What goes on pages must be given."""

    code = "tools.picture_missing"
    zh = "请用 --picture 给出印章图形（单页 PDF）：没有国密印章，或其图形格式 {form} 不能用于版面"
    en = "give the picture with --picture, a one-page PDF: that of the national seal ({form}) cannot be put on pages"

    form: str


@dataclass(eq=False)
class OutputTaken(ToolError):
    """A sealed document never overwrites another file."""

    code = "tools.output_taken"
    zh = "文件 {path} 已存在，请用 -o 另选位置"
    en = "there is a file {path} already: choose another place with -o"

    path: str
