"""`elicence licences export`: licences as files."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from api.house import House
    from licences.exporting import LicenceFiles, Taken

_PENDING: Final = 2
_UNKNOWN: Final = 3


@click.group()
def licences() -> None:
    """The licences that were issued.

    已签发的证照。
    """


@licences.command("export")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR")
@click.argument("identifiers", nargs=-1, metavar="[IDENTIFIER...]")
@click.pass_context
def export(ctx: click.Context, folder: Path, identifiers: tuple[str, ...]) -> None:
    """Write licences into DIR, all or those named: SERIAL.pdf, SERIAL.json and SERIAL.tlog-proof.

    导出证照文件：版式文件、签名 JSON 与存证证明。They are not encrypted any more; DIR, if it is new, is yours alone to
    read. Exit code 3 if an identifier is not known, 2 if a proof is not there yet.
    """
    from tools.opening import opened_house

    with opened_house() as house:
        # What is not printable PostgreSQL need not take, and no identifier has it.
        asked = [identifier for identifier in identifiers if identifier.isprintable()]
        taken = list(export_files(house, folder, asked if identifiers else None))
    unknown = set(identifiers) - {licence.identifier for licence in taken}
    for identifier in sorted(unknown):
        click.echo(f"没有找到证照 no licence was found: {identifier}", err=True)
    pending = sum(not licence.proved for licence in taken)
    if pending:
        click.echo(f"{pending} 份尚无存证证明，请稍后重试 / {pending} have no proof yet, try again shortly", err=True)
    click.echo(f"已导出 exported: {len(taken):,} → {folder}")
    ctx.exit(_UNKNOWN if unknown else _PENDING if pending else 0)


def export_files(house: "House", folder: Path, identifiers: Sequence[str] | None = None) -> Iterator["Taken"]:
    """Write the files of all licences, or those named, into a folder; yield what was written as it goes on."""
    from api.schema import Role
    from licences.exporting import export

    def write(files: "LicenceFiles") -> None:
        (folder / f"{files.name}.pdf").write_bytes(files.pdf)
        (folder / f"{files.name}.json").write_bytes(files.json)
        proof = folder / f"{files.name}.tlog-proof"
        if files.proof is None:
            proof.unlink(missing_ok=True)  # of an earlier export of another house
        else:
            proof.write_text(files.proof, encoding="utf-8")

    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        yield from export(lambda: house.database.session(Role.WORKER), house.objects, house.wrapper, write, identifiers)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise click.FileError(str(folder), f"无法写入 / it cannot be written: {reason}") from error
