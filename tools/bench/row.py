"""One measured figure beside its reference, in the form that all benchmarks print."""

import gc
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """ours and rate: work per second unless `unit` says otherwise; ratio: ours / reference."""

    name: str
    ours: float
    unit: str
    reference_name: str
    reference: float
    extra: tuple[tuple[str, float], ...] = ()

    @property
    def ratio(self) -> float:
        """How many times the reference we reach."""
        return self.ours / self.reference

    def as_json(self) -> str:
        """Return the row as one line of JSON."""
        row: dict[str, Any] = {
            "name": self.name,
            "ours": round(self.ours, 3),
            "unit": self.unit,
            "reference": {"name": self.reference_name, "rate": round(self.reference, 3)},
            "ratio": round(self.ratio, 3),
        }
        return json.dumps(row | dict(self.extra), ensure_ascii=False)

    def as_text(self) -> str:
        """Return the row for people."""
        extra = "".join(f"   {name} {value:g}" for name, value in self.extra)
        return (
            f"{self.name:16} {self.ours:>10,.2f} {self.unit:12} "
            f"{self.reference_name}: {self.reference:,.2f}   ratio {self.ratio:.3f}{extra}"
        )


def rate(work: Callable[[], object], *, seconds: float = 2.0, rounds: int = 3) -> float:
    """Return how often `work` runs in a second: the median of several rounds, after one run that is not counted."""
    work()
    rates = []
    for _ in range(rounds):
        gc.collect()
        count, begin = 0, time.perf_counter()
        end = begin + seconds / rounds
        while (now := time.perf_counter()) < end:
            work()
            count += 1
        rates.append(count / (now - begin))
    return median(rates)


def paired_rates(
    ours: Callable[[], object], reference: Callable[[], object], *, seconds: float = 4.0, rounds: int = 5
) -> tuple[float, float]:
    """Return both rates, measured in turn, so that a machine that slows down slows down both."""
    pairs = [
        (rate(ours, seconds=seconds / rounds, rounds=1), rate(reference, seconds=seconds / rounds, rounds=1))
        for _ in range(rounds)
    ]
    return median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)
