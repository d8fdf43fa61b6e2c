"""What the demonstration refuses.

ToolError
├── DemoFolderForeign     the folder holds something else: it is not emptied
├── DemoFolderBusy        somebody still works in it
├── DemoFolderUnwritable  the system does not let us make it anew
└── DemoIncomplete        a row that should have been issued was not
"""

from dataclasses import dataclass

from tools.errors import Crash, ToolError


@dataclass(eq=False)
class DemoFolderForeign(ToolError):
    """The folder is not empty and no demonstration made it."""

    code = "demo.folder_foreign"
    zh = "{folder} 不是演示目录，且不为空，不会清空。请指定其他目录"
    en = "{folder} was not made by a demonstration and is not empty: it is left alone. Name another folder"

    folder: str


@dataclass(eq=False)
class DemoFolderBusy(ToolError):
    """A server or another demonstration is at work in the folder."""

    code = "demo.folder_busy"
    zh = "{folder} 正在使用：请先停止其上的服务（在 make serve 的终端按 Ctrl-C）或等待另一演示结束"
    en = "{folder} is in use: stop the server on it (Ctrl-C where `make serve` runs), or wait for the other demonstration"

    folder: str


@dataclass(eq=False)
class DemoFolderUnwritable(ToolError):
    """The folder cannot be emptied or written."""

    code = "demo.folder_unwritable"
    zh = "无法重建 {folder}：{reason}。可能由其他用户建立，请以该用户身份删除"
    en = "{folder} cannot be made anew: {reason}. If another user made it, remove it as that user"

    folder: str
    reason: str


@dataclass(eq=False)
class DemoIncomplete(Crash):
    """Our own good rows were not all issued."""

    code = "demo.incomplete"
    zh = "{rows} 行中只签发了 {issued} 份，原因见上"
    en = "of {rows} rows {issued} were issued, for the reasons above"

    rows: int
    issued: int
