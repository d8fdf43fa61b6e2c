"""`elicence seals seal`: a seal on a file that is no licence."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ledger.actor import Uscc
from ledger.errors import Language
from tools.ca.answering import answering, facts, language_of, tell
from tools.opening import opened_house
from tools.seals.custody import FILE, Acting, acting, find, now_utc, read_within, worker_session
from tools.seals.errors import OutputTaken
from tools.seals.sealers import FileKind, FileSealing, kind_of, place_beside
from tools.seals.telling import name_of
from tools.sequencing import Sequencing
from tools.whole_files import prepared

if TYPE_CHECKING:
    from api.house import House
    from ledger.actor import Actor
    from seals.models import SealRow

_MOST: Final = 64 << 20
"""What readers of PDF and OFD take, in bytes."""
_KINDS: Final[dict[FileKind, str]] = {"pdf": "PDF (PAdES B-T)", "ofd": "OFD (SES)", "detached": "CAdES B-T, .p7s"}


@click.command()
@click.argument("file", type=FILE)
@click.option("--seal", required=True, metavar="SEAL", help="Which seal. 使用的印章")
@click.option("--matter", required=True, metavar="TEXT", help="What is sealed, for the register. 用印事项")
@click.option("--number", metavar="TEXT", help="Number of the document. 文号")
@click.option("--copies", default=1, show_default=True, type=click.IntRange(1), help="How many are printed. 份数")
@click.option("--page", default=1, show_default=True, type=click.IntRange(1), help="Page that shows it. 页码")
@click.option("--x", type=float, metavar="MM", help="Its centre, from the left edge. 印章中心距左边（毫米）")
@click.option("--y", type=float, metavar="MM", help="Its centre, from the top edge. 印章中心距上边（毫米）")
@click.option("--field", metavar="NAME", help="An empty seal field of the PDF instead. 预留签章域")
@click.option(
    "--seam-y", type=float, metavar="MM", help="Across the pages' edges too, so far from the top. 骑缝章距上边（毫米）"
)
@click.option("--detached", is_flag=True, help="Beside the file (.p7s), whatever it is. 签章另存为 .p7s")
@click.option("--as", "system_id", metavar="SYSTEM", help="A registered system seals, not --actor. 以业务系统用印")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Where the result goes. 输出文件")
@acting
@answering
def seal(
    file: Path,
    seal: str,
    matter: str,
    number: str | None,
    copies: int,
    page: int,
    x: float | None,
    y: float | None,
    field: str | None,
    seam_y: float | None,
    system_id: str | None,
    output: Path | None,
    actor: str,
    unit: Uscc | None,
    lang: Language | None,
    *,
    detached: bool,
    as_json: bool,
) -> None:
    """Seal FILE: a PDF or OFD in itself, anything else by a value beside it.

    在文件上用印：PDF、OFD 直接盖章，其他文件生成 .p7s。Whoever seals needs a grant for `documents`; the use is opened before
    anything is signed, and stands in the register and the ledger, refused ones too.
    """
    from seals.life.document_sealing import DocumentSealing, DocumentWanted

    kind: FileKind = "detached" if detached else kind_of(file)
    sealing = _sealing(file, kind, matter, page, x, y, field, seam_y)
    place = output or place_beside(file, kind)
    if place.exists():
        raise OutputTaken(str(place))
    with opened_house() as house, Sequencing(house.sequencer()):
        with worker_session(house) as session:
            row = find(session, seal)
            who = _actor(house, row, Acting(actor, unit), system_id)
        wanted = DocumentWanted(row.id, matter, number, copies)
        office = DocumentSealing(lambda: worker_session(house), house.seals().uses)
        with prepared(place) as keep:
            done = office.seal(wanted, who, now_utc, partial(sealing.maker, house, keep))
    zh = language_of(lang) == "zh"
    pairs = [
        ("文件" if zh else "file", str(place)),
        ("印章" if zh else "seal", f"{name_of(row)}  {row.name}"),
        ("形式" if zh else "form", _KINDS[kind]),
        ("文件摘要" if zh else "document", done.made.document),
        ("用印记录" if zh else "use", str(done.use)),
    ]
    answer = {
        "file": str(place),
        "seal": name_of(row),
        "form": kind,
        "document": done.made.document,
        "use": str(done.use),
        "size": len(done.made.data),
    }
    tell(answer, facts(pairs), as_json=as_json)


def _sealing(
    file: Path,
    kind: FileKind,
    matter: str,
    page: int,
    x: float | None,
    y: float | None,
    field: str | None,
    seam_y: float | None,
) -> FileSealing:
    """Return how the file is sealed; raises click.UsageError for a place that is missing or cannot be meant."""
    from seals.pdf.placement import Placement
    from seals.pdf.seam import Seam

    placed = x is not None and y is not None
    if (x is None) != (y is None) or (placed and field is not None):
        raise click.UsageError("位置须用 --x 与 --y，或用 --field / a place is --x with --y, or --field")
    if kind == "pdf" and not placed and field is None:
        raise click.UsageError(
            "请用 --x 与 --y 或 --field 指明盖章位置 / say where the seal goes: --x with --y, or --field"
        )
    if (kind != "pdf" and (field is not None or seam_y is not None)) or (kind == "detached" and placed):
        raise click.UsageError("该文件的签章没有此种位置 / a seal on this kind of file has no such place")
    places = (Placement(page, x, y),) if x is not None and y is not None else ()
    data = b"" if kind == "detached" else read_within(file, _MOST)
    return FileSealing(file, data, kind, matter, places, field, None if seam_y is None else Seam(seam_y))


def _actor(house: "House", row: "SealRow", who: Acting, system_id: str | None) -> "Actor":
    from tools.acting import acting_system

    if system_id is None:
        return who.as_(None, row.organisation)
    return acting_system(house, system_id).actor_for(row.organisation)
