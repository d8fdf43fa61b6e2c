"""`elicence trust export` and `take-in`: everything a verifier needs off line, as a file that only goes forwards."""

from datetime import UTC, datetime
from pathlib import Path

import click


@click.group()
def trust() -> None:
    """The signed trust list: anchors, makers of seals, log and status keys, algorithms.

    签名的信任列表。
    """


@trust.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export(file: Path) -> None:
    """Write the trust list into FILE, for counterparts to verify with.

    导出信任列表，供用证单位离线核验。
    """
    from tools.opening import opened_house
    from tools.whole_files import write_whole

    with opened_house() as house:
        write_whole(file, house.trust_lists.file(datetime.now(UTC)))
    click.echo(f"信任列表 trust list: {file}")


@trust.command("take-in")
@click.argument("offered", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("kept", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--root-sha256",
    "fingerprints",
    multiple=True,
    metavar="HEX",
    help="For the first list: fingerprint of its root, as it was published; repeatable. 首次采用：已公布的根证书指纹",
)
def take_in(offered: Path, kept: Path, fingerprints: tuple[str, ...]) -> None:
    """For counterparts: let the trust list OFFERED take the place of KEPT, which programs verify by.

    供用证单位更新信任列表：旧编号、其他机构或已吊销者签发的一律不采用。Refused: an older list than the one that is kept, and
    one of another house. The first list needs the fingerprint of its root. Needs no database and no keys.
    """
    from ca.judging.trust_keeping import first, next_after
    from tools.whole_files import write_whole

    now, data = datetime.now(UTC), offered.read_bytes()
    if kept.exists():
        taken = next_after(kept.read_bytes(), data, now)
    elif fingerprints:
        taken = first(data, fingerprints, now)
    else:
        raise click.UsageError("首次采用须以 --root-sha256 给出已公布的指纹 / the first list needs --root-sha256")
    write_whole(kept, data)
    click.echo(f"已采用信任列表 trust list taken in: {taken.number} ({taken.digest})")
