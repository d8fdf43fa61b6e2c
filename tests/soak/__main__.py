"""`make soak`: a million mutated inputs, or as many as asked for, on all cores; exit code 1 if anything was found."""

import secrets
import sys
import time
from pathlib import Path

import click

from tests.soak import corpus as corpora
from tests.soak import crew
from tests.soak.crew import Outcome
from tests.soak.targets import Target, targets
from tests.soak.trial import Trial, file_name, keep

_FOLDER = Path("var/soak")


@click.command()
@click.option("--count", default=1_000_000, help="How many inputs.")
@click.option("--seed", type=int, help="Of a run to be repeated; default: a new one.")
@click.option("--jobs", default=2, help="Processes.")
@click.option("--corpus", type=click.Path(path_type=Path, exists=True), help="Of a run to be repeated.")
@click.option("--only", multiple=True, help="Targets by name; default: all.")
@click.option("--replay", type=click.Path(path_type=Path, exists=True), multiple=True, help="A kept input.")
def soak(
    count: int, seed: int | None, jobs: int, corpus: Path | None, only: tuple[str, ...], replay: tuple[Path, ...]
) -> None:
    """Give mutated inputs to every parser of foreign DER; what fails is kept in var/soak/."""
    _FOLDER.mkdir(parents=True, exist_ok=True)
    found = corpora.make() if corpus is None else corpora.load(corpus)
    if replay:
        sys.exit(_replay(targets(found), replay))
    number = secrets.randbelow(1 << 31) if seed is None else seed
    kept = _FOLDER / f"corpus-{number}.json"
    found.save(kept)
    click.echo(f"seed {number}; again: --seed {number} --count {count} --corpus {kept}", err=True)
    chosen = [target for target in targets(found) if not only or target.name in only]
    begin = time.monotonic()
    with click.progressbar(length=count, label="soak", file=sys.stderr) as bar:
        outcome = crew.run(
            chosen,
            number,
            count,
            jobs,
            keep=lambda found: keep(found, _FOLDER, number),
            progress=lambda done: bar.update(done - bar.pos),
        )
    _tell(outcome, number, time.monotonic() - begin)
    sys.exit(bool(outcome.findings))


def _tell(outcome: Outcome, seed: int, seconds: float) -> None:
    click.echo("| target | inputs | without fault | slowest (ms) | longest (kB) |\n|---|---:|---:|---:|---:|")
    for name, tally in outcome.tallies.items():
        figures = f"{tally.inputs:,} | {tally.accepted:,} | {1000 * tally.slowest:.1f} | {tally.longest / 1000:,.0f}"
        click.echo(f"| {name} | {figures} |")
    total = sum(tally.inputs for tally in outcome.tallies.values())
    click.echo(f"\n{total:,} inputs in {seconds:.0f} s; peak memory of a process {outcome.peak / 1024:.0f} MiB")
    click.echo(f"{len(outcome.findings)} findings")
    for finding in outcome.findings:
        click.echo(f"{finding.target}: {finding.what}: {_FOLDER / file_name(finding, seed)}")


def _replay(all_targets: tuple[Target, ...], files: tuple[Path, ...]) -> int:
    by_name = {target.name: target for target in all_targets}
    bad = 0
    for path in files:
        target = next(by_name[name] for name in sorted(by_name, key=len, reverse=True) if path.name.startswith(name))
        found = Trial(all_targets, 0).run(0, target, path.read_bytes())
        click.echo(f"{path}: {'nothing' if found is None else found.what}\n{'' if found is None else found.story}")
        bad += found is not None
    return int(bad > 0)


if __name__ == "__main__":
    soak()
