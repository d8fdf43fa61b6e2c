"""What the pages refuse, in words for whoever stands before them."""

from dataclasses import dataclass

from api.systems import DoorError


@dataclass(eq=False)
class FileMissing(DoorError):
    """The form came without a file."""

    code = "pages.file_missing"
    zh = "没有收到文件：请选择一个文件再核验"
    en = "No file came with the request: choose one first"


@dataclass(eq=False)
class CodeUnknown(DoorError):
    """No licence of ours has that QR code."""

    code = "pages.code_unknown"
    zh = "没有找到这个核验码。请核对二维码是否完整；查不到不等于证照无效，可直接上传证照文件核验"
    en = (
        "This code is not known here. Check that the QR code was read whole; not found does not mean invalid: "
        "the licence file itself can be uploaded"
    )
