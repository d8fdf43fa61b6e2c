"""What a PDF carries beside its pages: embedded files, and what its information dictionary says."""

from collections.abc import Iterator
from typing import Final

from seals.pdf.errors import PdfOverLimits, PdfUnreadable
from seals.pdf.file import MAX_TREE, PdfFile
from seals.pdf.filters import decode
from seals.pdf.objects import PdfObject, Stream, read_text_string

MAX_ATTACHMENTS: Final = 64
MAX_ATTACHED: Final = 8 << 20  # bytes, of all attachments together


def attachments(file: PdfFile) -> dict[str, bytes]:
    """Return the embedded files by name, inflated. Source: ISO 32000-1 sections 7.11.4 and 7.9.6."""
    names = file.resolve(file.catalog.get("Names"))
    tree = names.get("EmbeddedFiles") if isinstance(names, dict) else None
    files: dict[str, bytes] = {}
    for _, value in _name_tree(file, tree):
        if len(files) == MAX_ATTACHMENTS:
            raise PdfOverLimits(reason="attachments")
        specification = file.dictionary(value)
        name = file.resolve(specification.get("UF", specification.get("F")))
        streams = file.dictionary(specification.get("EF"))
        content = file.resolve(streams.get("UF", streams.get("F")))
        if not isinstance(name, bytes) or not isinstance(content, Stream):
            raise PdfUnreadable(reason="attachment")
        title = read_text_string(name)
        # Two files of one name: whoever asks for it could get either.
        if title in files:
            raise PdfUnreadable(reason="attachment")
        files[title] = decode(content, MAX_ATTACHED - sum(map(len, files.values())))
    return files


def _name_tree(file: PdfFile, root: PdfObject) -> Iterator[tuple[bytes, PdfObject]]:
    waiting: list[PdfObject] = [] if root is None else [root]
    visited = 0
    while waiting:
        node = file.dictionary(waiting.pop())
        visited += 1
        names = file.array(node.get("Names"))
        if visited + len(waiting) > MAX_TREE or len(names) > 2 * MAX_ATTACHMENTS:
            raise PdfOverLimits(reason="name_tree")
        for key, value in zip(names[::2], names[1::2], strict=False):
            found = file.resolve(key)
            if not isinstance(found, bytes) or len(names) % 2:
                raise PdfUnreadable(reason="name_tree")
            yield found, value
        waiting.extend(reversed(file.array(node.get("Kids"))))


def information(file: PdfFile) -> dict[str, str]:
    """Return the text entries of the document information dictionary."""
    entries = file.resolve(file.trailer.get("Info"))
    if not isinstance(entries, dict):
        return {}
    texts = {key: file.resolve(value) for key, value in entries.items()}
    return {key: read_text_string(value) for key, value in texts.items() if isinstance(value, bytes)}
