"""Pages as pictures, and what a phone reads in them."""

import re
import subprocess
from pathlib import Path
from typing import Any

import zxingcpp


def grey_page(pdf: Path, folder: Path, *, dpi: int = 100) -> Any:
    """Return the first page as an array of grey values, rows by columns."""
    picture = folder / "page"
    subprocess.run(["pdftoppm", "-r", str(dpi), "-gray", "-singlefile", pdf, picture], check=True)
    found = re.match(rb"P5\s+([0-9]+)\s+([0-9]+)\s+255\s(.*)", picture.with_suffix(".pgm").read_bytes(), re.DOTALL)
    assert found is not None
    width, height, pixels = found.groups()
    return memoryview(pixels).cast("B", (int(height), int(width)))


def qr_text(pdf: Path, folder: Path) -> str:
    """Return what the one QR code on the first page says."""
    form = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    (code,) = zxingcpp.read_barcodes(grey_page(pdf, folder), formats=form)
    return str(code.text)
