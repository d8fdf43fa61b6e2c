"""The QR code of a licence, as a drawing."""

import re
from typing import Final

_PATH: Final = re.compile(r'<path d="([^"]+)"')
_SIZE: Final = re.compile(r'<svg width="([0-9]+)"')


def qr_svg(text: str) -> str:
    """Return a QR code as a small SVG drawing, error correction M, no quiet zone.

    text: up to about 200 characters; longer ones make modules too small to scan at 25 mm.
    """
    import zxingcpp

    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    drawing = code.to_svg(add_quiet_zones=False)
    path, size = _PATH.search(drawing), _SIZE.search(drawing)
    assert path is not None
    assert size is not None
    # Only the modules: paper shows through, and the page's JSON stays small.
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[1]} {size[1]}"><path d="{path[1]}"/></svg>'
