"""`elicence seals prepare`: places for several seals, made before the first of them."""

from pathlib import Path
from typing import Final

import click

from ledger.errors import Language
from tools.ca.answering import answering, facts, language_of, tell
from tools.seals.custody import FILE, read_within
from tools.seals.errors import OutputTaken
from tools.whole_files import write_whole

_MOST: Final = 64 << 20
"""What the reader of PDF takes, in bytes."""
_LARGEST: Final = 200.0  # mm


class _Size(click.ParamType[tuple[float, float]]):
    """A seal's size in millimetres: `42` of a round one, `45x30` of any."""

    name = "size"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        """Return width and height."""
        width, _, height = str(value).partition("x")
        try:
            size = float(width), float(height or width)
        except ValueError:
            size = (0.0, 0.0)
        if not all(0 < side <= _LARGEST for side in size):
            self.fail("应为毫米数，如 42 或 45x30 / millimetres, as 42 or 45x30", param, ctx)
        return size


@click.command()
@click.argument("file", type=FILE)
@click.option(
    "--place",
    "places",
    type=(str, click.IntRange(1), float, float, _Size()),
    multiple=True,
    required=True,
    metavar="NAME PAGE X Y SIZE",
    help="A field: its name, page, centre from the left and top edge, the seal's size, in mm. 签章域：名称、页码、中心位置、印章尺寸",
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Where it goes. 输出文件")
@answering
def prepare(
    file: Path,
    places: tuple[tuple[str, int, float, float, tuple[float, float]], ...],
    output: Path | None,
    lang: Language | None,
    *,
    as_json: bool,
) -> None:
    """Make empty seal fields in the PDF FILE, one for each seal that it is to bear: X-fields.pdf.

    联合用印：在首个印章之前为各印章预留签章域，再由各单位用 `elicence seals seal --field NAME` 依次盖章。Nothing can be added to a
    sealed document, only its empty fields be filled; SIZE is what `elicence seals draw` tells of the seal.
    """
    from seals.pdf.placement import Placement
    from seals.pdf.widgets import EmptyField
    from seals.pdf.widgets import prepare as prepared

    target = output or file.with_name(f"{file.stem}-fields.pdf")
    if target.exists():
        raise OutputTaken(str(target))
    for name, *_ in places:
        if not name.isprintable():
            raise click.BadParameter("名称含不可见字符 / a name that cannot be shown", param_hint="--place")
    fields = [EmptyField(name, Placement(page, x, y), *size) for name, page, x, y, size in places]
    write_whole(target, prepared(read_within(file, _MOST), fields))
    names = [field.name for field in fields]
    zh = language_of(lang) == "zh"
    pairs = [("文件" if zh else "file", str(target)), ("签章域" if zh else "fields", ", ".join(names))]
    tell({"file": str(target), "fields": names}, facts(pairs), as_json=as_json)
