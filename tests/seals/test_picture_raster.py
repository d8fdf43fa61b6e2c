"""Pictures that other makers drew: put on pages as they are, or refused."""

import struct
import zlib
from functools import cache

import pytest

from seals.pdf.errors import SealPictureRefused
from seals.pdf.evidence import read_pdf
from seals.pdf.pades import PdfSealer
from seals.picture.appearance import SealAppearance, SealDesign, draw_png
from seals.picture.raster import paginate
from tests.seals.house import FONTS, PLACEMENT, page
from tests.seals.keys import NOW, root, seal_keys

GIF = bytes.fromhex(
    "47494638396101000100800100ff0000ffffff21f90401000001002c00000000010001000002024c01003b"
)  # one red dot


@cache
def png() -> bytes:
    return draw_png(SealDesign("special", "测试市自然资源和规划局", "不动产登记专用章"), FONTS, 150)


@pytest.mark.parametrize(("picture", "size"), [(png(), (42, 42)), (GIF, (40, 30))], ids=["png", "gif"])
def test_a_picture_has_the_size_that_the_seal_states(picture: bytes, size: tuple[int, int]) -> None:
    found = SealAppearance(paginate(picture, *size))
    assert (found.width, found.height) == pytest.approx([side * 72 / 25.4 for side in size], abs=0.01)


def test_the_same_picture_is_the_same_page() -> None:
    assert paginate(png(), 42, 42) == paginate(png(), 42, 42)


def test_it_seals_and_its_ground_stays_transparent() -> None:
    keys = seal_keys()
    picture = SealAppearance(paginate(png(), 42, 42))
    sealer = PdfSealer(keys.signer, (*keys.chain, root().certificate), picture, None, "测试章", "测试")
    data = sealer.seal(page(), PLACEMENT, NOW).data
    seal = read_pdf(data).seal
    assert seal is not None
    assert seal.fault is None
    assert b"/SMask" in picture.to_bytes()


def _png_of(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(head)) + chunk + struct.pack(">I", zlib.crc32(chunk))


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        (b"", "neither"),
        (b"%PDF-1.7", "neither"),
        (b"\xff\xd8\xff\xe0JFIF", "neither"),
        (b"\x89PNG\r\n\x1a\n", "neither"),
        (_png_of(4097, 1), "too_large"),
        (_png_of(1, 1 << 31), "too_large"),
        (_png_of(0, 1), "too_large"),
        (b"GIF89a" + struct.pack("<HH", 5000, 5000), "too_large"),
        (_png_of(10, 10), "unreadable"),
        (png()[: len(png()) // 2], "unreadable"),
        (GIF[:20], "unreadable"),
    ],
)
def test_what_is_no_picture_is_refused(picture: bytes, reason: str) -> None:
    with pytest.raises(SealPictureRefused) as refused:
        paginate(picture, 42, 42)
    assert reason in str(refused.value.details()["reason"])
