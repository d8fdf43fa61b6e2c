"""`elicence seals draw`: a seal's picture before anybody applies for it."""

from pathlib import Path

import click

from api.house import font_folders
from api.settings import settings
from ledger.errors import Language
from seals.models import SEAL_KINDS
from tools.ca.answering import answering, facts, language_of, tell
from tools.whole_files import write_whole


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--kind", required=True, type=click.Choice(SEAL_KINDS), help="Kind of seal. 印章类型")
@click.option("--name", required=True, metavar="TEXT", help="Name along the ring, 4 to 30 characters. 环形文字")
@click.option("--line", metavar="TEXT", help="Straight line below the star. 下横文")
@click.option("--diameter", type=int, metavar="MM", help="Of a round seal; default 45 or 42. 直径（毫米）")
@click.option("--tax-code", metavar="TEXT", help="Of an invoice seal. 纳税人识别号")
@click.option("--ppi", default=600, show_default=True, type=click.IntRange(72, 1200), help="Of a PNG. PNG 分辨率")
@answering
def draw(
    file: Path,
    kind: str,
    name: str,
    line: str | None,
    diameter: int | None,
    tax_code: str | None,
    ppi: int,
    lang: Language | None,
    *,
    as_json: bool,
) -> None:
    """Draw a seal into FILE, which ends in .png, .svg or .pdf: #FF0000 on nothing.

    绘制印章图形（PNG、SVG 或 PDF）。The national emblem is never drawn; where ELICENCE_TEST_MARKS says so it shows 测试.
    """
    from seals.picture.appearance import SealDesign, draw_pdf, draw_png, draw_svg

    chosen = settings()
    fonts = font_folders(chosen)
    design = SealDesign(kind, name, line, diameter, test=chosen.test_marks, tax_code=tax_code)
    match file.suffix.lower():
        case ".png":
            picture = draw_png(design, fonts, float(ppi))
        case ".svg":
            picture = draw_svg(design, fonts)
        case ".pdf":
            picture = draw_pdf(design, fonts)
        case _:
            raise click.BadParameter("应为 .png、.svg 或 .pdf / .png, .svg or .pdf is wanted", param_hint="FILE")
    write_whole(file, picture)
    width, height = design.size_mm
    zh = language_of(lang) == "zh"
    pairs = [("文件" if zh else "file", str(file)), ("尺寸" if zh else "size", f"{width} × {height} mm")]
    answer = {"file": str(file), "width_mm": width, "height_mm": height, "size": len(picture), "test": design.test}
    tell(answer, facts(pairs), as_json=as_json)
