"""A picture of one licence of each type, as a viewer shows it: seal and all."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from licences.catalogue import Catalogue
from tools.demo.cases import Licence
from tools.demo.folder import DemoFolder

KINDS: Final = (
    "real-estate-title",
    "business-licence",
    "construction-permit",
    "food-business-permit",
    "tobacco-retail-permit",
)
_SHEET: Final = Path(__file__).with_name("preview.typ")
_PIXELS: Final = 1000  # of a page's longer side
_PER_INCH: Final = 72.0


def draw(folder: DemoFolder, licences: Sequence[Licence]) -> bool:
    """Draw `preview.png`; False if poppler's pdftoppm, which shows annotations as viewers do, is not installed."""
    if shutil.which("pdftoppm") is None:
        return False
    import typst

    catalogue = Catalogue.load()
    with tempfile.TemporaryDirectory() as place:
        pictures = []
        for kind in KINDS:
            licence = next(one for one in licences if one.kind == kind)
            _page(licence.file(folder, ".pdf"), catalogue.type(kind).seal.page, Path(place, kind))
            pictures.append(f"{kind}.png")
        sheet = Path(place, "preview.typ")
        shutil.copy(_SHEET, sheet)
        drawn = typst.Compiler(str(sheet), root=place).compile(
            sys_inputs={"pictures": json.dumps(pictures)}, format="png", ppi=_PER_INCH
        )
        assert isinstance(drawn, bytes)
        folder.preview.write_bytes(drawn)
    return True


def _page(document: Path, page: int, picture: Path) -> None:
    span = ("-f", str(page), "-l", str(page), "-singlefile", "-scale-to", str(_PIXELS))
    subprocess.run(["pdftoppm", "-png", *span, str(document), str(picture)], check=True, capture_output=True)
