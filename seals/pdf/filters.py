"""The stream filters that xref streams, object streams and attachments use, with a bound on what comes out."""

import zlib

from seals.pdf.errors import PdfOverLimits, PdfUnreadable, PdfUnsupported
from seals.pdf.objects import PdfDict, PdfObject, Stream

_PNG_PREDICTORS = range(10, 16)
_MAX_ROW = 1 << 16


def decode(stream: Stream, limit: int) -> bytes:
    """Return a stream's data, at most `limit` bytes.

    Raises PdfOverLimits, PdfUnreadable for damaged data, PdfUnsupported for a filter that is not ours.
    Source: ISO 32000-1 section 7.4.
    """
    filters = _as_list(stream.dictionary.get("Filter"))
    if not filters:
        return _bounded(stream.raw, limit)
    if filters != ["FlateDecode"]:
        raise PdfUnsupported(reason="stream_filter")
    data = _inflate(stream.raw, limit)
    parameters = _as_list(stream.dictionary.get("DecodeParms"))
    if not parameters or parameters == [None]:
        return data
    if len(parameters) != 1 or not isinstance(parameters[0], dict):
        raise PdfUnreadable(reason="decode_parameters")
    return _undo_predictor(data, parameters[0])


def decode_syntax(stream: Stream, limit: int) -> bytes:
    """Return the data of a stream that holds the file's own syntax, where an odd filter is damage; raises as decode."""
    try:
        return decode(stream, limit)
    except PdfUnsupported as fault:
        raise PdfUnreadable(reason=fault.reason) from fault


def _as_list(value: PdfObject) -> list[PdfObject]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _bounded(data: bytes, limit: int) -> bytes:
    if len(data) > limit:
        raise PdfOverLimits(reason="stream_size")
    return data


def _inflate(raw: bytes, limit: int) -> bytes:
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(raw, limit + 1)
    except zlib.error:
        raise PdfUnreadable(reason="stream_damaged") from None
    _bounded(data, limit)
    if not inflater.eof or inflater.unused_data.strip():
        raise PdfUnreadable(reason="stream_damaged")
    return data


def _undo_predictor(data: bytes, parameters: PdfDict) -> bytes:
    predictor = _whole(parameters.get("Predictor", 1))
    if predictor == 1:
        return data
    if predictor not in _PNG_PREDICTORS:
        raise PdfUnsupported(reason="predictor")
    colours, bits = _whole(parameters.get("Colors", 1)), _whole(parameters.get("BitsPerComponent", 8))
    row = (_whole(parameters.get("Columns", 1)) * colours * bits + 7) // 8
    pixel = max(1, colours * bits // 8)
    if not 0 < row <= _MAX_ROW or pixel > row or len(data) % (row + 1):
        raise PdfUnreadable(reason="decode_parameters")
    previous = bytes(row)
    rows: list[bytes] = []
    for start in range(0, len(data), row + 1):
        previous = _png_row(data[start], data[start + 1 : start + 1 + row], previous, pixel)
        rows.append(previous)
    return b"".join(rows)


def _png_row(kind: int, line: bytes, above: bytes, pixel: int) -> bytes:
    """Undo one row. Source: W3C PNG section 9 (filter types 0 to 4)."""
    if kind == 0:
        return line
    if kind == 2:
        return bytes([(x + b) & 0xFF for x, b in zip(line, above, strict=True)])
    if kind > 4:
        raise PdfUnreadable(reason="png_row")
    out = bytearray(pixel)
    upper_left = bytes(pixel) + above
    for index, value in enumerate(line):
        left, up, corner = out[index], above[index], upper_left[index]
        guess = left if kind == 1 else (left + up) // 2 if kind == 3 else _paeth(left, up, corner)
        out.append((value + guess) & 0xFF)
    return bytes(out[pixel:])


def _paeth(left: int, up: int, corner: int) -> int:
    estimate = left + up - corner
    return min((left, up, corner), key=lambda value: abs(estimate - value))


def _whole(value: PdfObject) -> int:
    if type(value) is not int or not 0 <= value <= _MAX_ROW:
        raise PdfUnreadable(reason="decode_parameters")
    return value
