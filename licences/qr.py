"""The QR code of a licence, as a drawing."""


def qr_svg(text: str) -> str:
    """Return a QR code as a small SVG drawing, error correction M, no quiet zone.

    text: up to about 200 characters; longer ones make modules too small to scan at 25 mm.
    """
    import zxingcpp

    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    drawing = code.to_svg(add_quiet_zones=False)
    path, size = _attribute(drawing, '<path d="'), _attribute(drawing, '<svg width="')
    # Only the modules: paper shows through, and the page's JSON stays small.
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}"><path d="{path}"/></svg>'


def _attribute(drawing: str, before: str) -> str:
    value, quote, _ = drawing.partition(before)[2].partition('"')
    assert quote, before
    return value
