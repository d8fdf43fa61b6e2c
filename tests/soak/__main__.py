"""`make soak`: a million mutated inputs and a thousand rounds of killed processes; exit code 1 if anything was found."""

import secrets
import sys
import tempfile
import time
from pathlib import Path
from random import Random

import click

from tests.soak import corpus as corpora
from tests.soak import crew, ledger_rounds
from tests.soak.crew import Outcome
from tests.soak.ledger_rounds import Rounds, forget
from tests.soak.targets import Target, targets
from tests.soak.trial import Trial, file_name, keep
from tools.bench.ledger_room import throwaway_ledger

_FOLDER = Path("var/soak")
_LOG = 20
"""Rounds over one log: the whole of it is checked after each."""


@click.command()
@click.option("--count", default=1_000_000, help="How many inputs.")
@click.option("--seed", type=int, help="Of a run to be repeated; default: a new one.")
@click.option("--jobs", default=2, help="Processes.")
@click.option("--corpus", type=click.Path(path_type=Path, exists=True), help="Of a run to be repeated.")
@click.option("--only", multiple=True, help="Targets by name; default: all.")
@click.option("--ledger-rounds", default=1000, help="Rounds of killed writers and sequencers, after the inputs.")
@click.option("--replay", type=click.Path(path_type=Path, exists=True), multiple=True, help="A kept input.")
def soak(
    count: int,
    seed: int | None,
    jobs: int,
    corpus: Path | None,
    only: tuple[str, ...],
    ledger_rounds: int,
    replay: tuple[Path, ...],
) -> None:
    """Give mutated inputs to every parser of foreign DER, then kill what works at a log.

    What fails is kept in var/soak/. With --count 0 only the rounds are run, with --ledger-rounds 0 only the inputs.
    """
    _FOLDER.mkdir(parents=True, exist_ok=True)
    number = secrets.randbelow(1 << 31) if seed is None else seed
    bad = bool((count or replay) and _inputs(count, number, jobs, corpus, only, replay))
    if ledger_rounds and not replay:
        bad = not _rounds(ledger_rounds, number) or bad
    sys.exit(bad)


def _inputs(
    count: int, number: int, jobs: int, corpus: Path | None, only: tuple[str, ...], replay: tuple[Path, ...]
) -> int:
    """Give the inputs, or those that were kept; return how many were bad."""
    found = corpora.make() if corpus is None else corpora.load(corpus)
    if replay:
        return _replay(targets(found), replay)
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
    return len(outcome.findings)


def _rounds(count: int, seed: int) -> bool:
    """Run the rounds; tell what they were, and whether all was well."""
    killed = stopped = entries = acknowledged = bad = 0
    begin = time.monotonic()
    with (
        throwaway_ledger() as room,
        click.progressbar(range(count), label="ledger", file=sys.stderr) as numbers,
        tempfile.TemporaryDirectory() as folder,
    ):
        rounds, outcome = Rounds(room, Path(folder)), ledger_rounds.Outcome()
        for number in numbers:
            if number and number % _LOG == 0:
                entries, acknowledged = entries + outcome.entries, acknowledged + outcome.acknowledged
                (Path(folder) / "acknowledged").unlink()
                rounds = Rounds(forget(room), Path(folder))
            outcome = rounds.run(Random(f"{seed}:{number}"))
            killed, stopped, bad = killed + outcome.killed, stopped + outcome.stopped, bad + bool(outcome.findings)
            for finding in outcome.findings:
                click.echo(f"round {number}: {finding}", err=True)
    entries, acknowledged = entries + outcome.entries, acknowledged + outcome.acknowledged
    click.echo(
        f"ledger: {count:,} rounds in {time.monotonic() - begin:.0f} s, seed {seed}; {killed:,} processes killed, "
        f"{stopped:,} stopped; {acknowledged:,} events acknowledged, {entries:,} in the log; {bad} rounds with findings"
    )
    return not bad


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
