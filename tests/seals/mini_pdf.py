"""PDF files made by hand, for what no renderer would write."""

from collections.abc import Mapping

BLANK = {
    1: b"<</Type/Catalog/Pages 2 0 R>>",
    2: b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
    3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
}


def build(objects: Mapping[int, bytes], trailer: bytes = b"/Root 1 0 R", tail: bytes = b"") -> bytes:
    """Write the objects (bodies by number) as one revision with a classic cross-reference table."""
    out = bytearray(b"%PDF-1.7\n")
    rows = {0: b"0000000000 65535 f \n"}
    for number, body in objects.items():
        rows[number] = b"%010d 00000 n \n" % len(out)
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n" + b"".join(b"%d 1\n%b" % (number, row) for number, row in sorted(rows.items()))
    out += b"trailer\n<</Size %d%b>>\nstartxref\n%d\n%%%%EOF\n" % (max(rows) + 1, trailer, start)
    return bytes(out) + tail


def blank(changes: Mapping[int, bytes] | None = None, trailer: bytes = b"/Root 1 0 R") -> bytes:
    """Write one empty page, with objects changed or added."""
    return build({**BLANK, **(changes or {})}, trailer)


def stream(dictionary: bytes, data: bytes) -> bytes:
    """Write a stream's body."""
    return b"<<%b/Length %d>>\nstream\n%b\nendstream" % (dictionary, len(data), data)
