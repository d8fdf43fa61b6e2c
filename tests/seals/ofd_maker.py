"""A minimal OFD document for tests, and packages as other makers pack, describe and sign them."""

import io
import zipfile
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache

from ca.algorithms.digests import compute
from seals.ofd.package import write_package
from seals.ofd.sealer import seal_ofd
from seals.pdf.placement import Placement
from tests.seals import ses_makers
from tests.seals.keys import NOW
from tests.seals.national import sealer
from tests.seals.ses_makers import Style

SPACE = 'xmlns:ofd="http://www.ofdspec.org/2016"'
HERE = Placement(page=1, x_mm=150, y_mm=240)
LIST = "/Doc_0/Signs/Signatures.xml"
PAGE = "/Doc_0/Pages/Page_0/Content.xml"


def xml(text: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()


def document(pages: int = 1, *, listed: bool = False) -> dict[str, bytes]:
    """The files of an unsealed document. listed: OFD.xml names a list of signatures."""
    signatures = "<ofd:Signatures>Doc_0/Signs/Signatures.xml</ofd:Signatures>" if listed else ""
    files = {
        "/OFD.xml": xml(
            f'<ofd:OFD {SPACE} Version="1.1" DocType="OFD"><ofd:DocBody><ofd:DocInfo><ofd:DocID>0</ofd:DocID>'
            f"</ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>{signatures}</ofd:DocBody></ofd:OFD>"
        ),
        "/Doc_0/Document.xml": xml(
            f"<ofd:Document {SPACE}><ofd:CommonData><ofd:MaxUnitID>{pages}</ofd:MaxUnitID><ofd:PageArea>"
            "<ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea></ofd:CommonData><ofd:Pages>"
            + "".join(f'<ofd:Page ID="{n + 1}" BaseLoc="Pages/Page_{n}/Content.xml"/>' for n in range(pages))
            + "</ofd:Pages></ofd:Document>"
        ),
    }
    for number in range(pages):
        files[f"/Doc_0/Pages/Page_{number}/Content.xml"] = xml(f"<ofd:Page {SPACE}><ofd:Content/></ofd:Page>")
    return files


def plain(pages: int = 1) -> bytes:
    return write_package(document(pages))


@cache
def sealed(*, closing: bool = True, times: int = 1) -> bytes:
    data = plain()
    for left in range(times, 0, -1):
        data = seal_ofd(data, sealer(), (HERE,), NOW, closing=closing and left == 1).data
    return data


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED, *, streamed: bool = False) -> bytes:
    """Pack by the standard library; streamed: sizes behind the contents, as a maker does who cannot go back."""
    buffer: io.BytesIO = Streamed() if streamed else io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for path, content in files.items():
            archive.writestr(path.removeprefix("/"), content)
    return buffer.getvalue()


class Streamed(io.BytesIO):
    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise io.UnsupportedOperation

    def tell(self) -> int:
        raise io.UnsupportedOperation


def foreign(
    style: Style = ses_makers.V4,
    *,
    method: str = "1.2.156.10197.1.401",
    digest: str = "SM3",
    seal: bytes | None = None,
    property_info: str | None = None,
    kind: str = ' Type="Seal"',
    left_out: Sequence[str] = (LIST,),
    space: str = "ofd:",
    value: bytes | None = None,
) -> dict[str, bytes]:
    """The files of a document that another maker sealed, as its Java tools spell: relative places, no shared writer."""
    folder = "/Doc_0/Signs/Sign_0"
    files = document(listed=True)
    files[LIST] = xml(
        f'<ofd:Signatures {SPACE}>\n  <ofd:MaxSignId>1</ofd:MaxSignId>\n  <ofd:Signature ID="1"{kind} '
        'BaseLoc="Sign_0/Signature.xml"/>\n</ofd:Signatures>\n'
    )
    embedded = ses_makers.seal(style)
    files[f"{folder}/Seal.esl"] = embedded if seal is None else seal
    references = "".join(
        f'<{space}Reference FileRef="{path}"><{space}CheckValue>{b64encode(compute(digest, content)).decode()}'
        f"</{space}CheckValue></{space}Reference>\n"
        for path, content in files.items()
        if path not in left_out
    )
    described = xml(
        f'<ofd:Signature {SPACE}><ofd:SignedInfo><ofd:Provider ProviderName="other" Company="others" Version="2.0"/>'
        "<ofd:SignatureMethod>1.2.156.10197.1.501</ofd:SignatureMethod><ofd:SignatureDateTime>2026-11-22 16:30:00"
        f'</ofd:SignatureDateTime><ofd:References CheckMethod="{method}">{references}</ofd:References>'
        '<ofd:StampAnnot ID="1" PageRef="1" Boundary="10.5 20 42 42" Clip="0 0 21 42.0"/><ofd:Seal>'
        "<ofd:BaseLoc>./Seal.esl</ofd:BaseLoc></ofd:Seal></ofd:SignedInfo>"
        "<ofd:SignedValue>SignedValue.dat</ofd:SignedValue></ofd:Signature>"
    )
    files[f"{folder}/Signature.xml"] = described
    if value is None:
        named = f"{folder}/Signature.xml" if property_info is None else property_info
        value = ses_makers.signature(style, property_info=named, data_hash=compute("SM3", described), embedded=embedded)
    files[f"{folder}/SignedValue.dat"] = value
    return files
