"""The checks as data and as the tables of docs/verification.md, which a test compares with the checks themselves."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from licences.verification.check import Check
from licences.verification.checks import CHECKS
from licences.verification.codes import COMMON, Advice, Code
from licences.verification.policy import policy, policy_ids

BEGIN: Final = "<!-- generated: begin -->"
END: Final = "<!-- generated: end -->"


def check_table(policy_id: str = "default") -> list[dict[str, Any]]:
    """Return every check as plain data, in the order of the report."""
    found = policy(policy_id)
    return [
        {
            "id": check.id,
            "zh": check.zh,
            "en": check.en,
            "passed": {"zh": check.passed_zh, "en": check.passed_en},
            "mandatory": check.id in found.mandatory,
            "counted_when_run": check.id in found.counted_when_run,
            "depends_on": list(check.depends_on),
            "codes": [_code(code) for code in check.codes],
            "common_codes": [code.code for code in COMMON],
        }
        for check in CHECKS
    ]


def generated() -> str:
    """Return the generated part of docs/verification.md."""
    return "\n".join([BEGIN, "", *_policies(), *_overview(), *_details(), *_common(), *_advice(), END])


def _code(code: Code) -> dict[str, str | None]:
    return {
        "code": code.code,
        "outcome": code.outcome,
        "reason": code.reason,
        "zh": code.zh,
        "en": code.en,
        "advice": None if code.advice is None else code.advice.name,
    }


def _policies() -> Iterator[str]:
    yield "## Policies\n"
    yield "| id | version | digest | largest document | clock tolerance |\n|---|---|---|---|---|"
    for policy_id in policy_ids():
        found = policy(policy_id)
        size, tolerance = found.max_document_bytes // (1024 * 1024), int(found.clock_tolerance.total_seconds())
        yield f"| `{found.id}` | {found.version} | `{found.digest}` | {size} MiB | {tolerance} s |"
    yield ""


def _overview() -> Iterator[str]:
    yield "## Checks\n"
    yield "| check | asks | rests on | decides by `default` |\n|---|---|---|---|"
    for check in CHECKS:
        grounds = ", ".join(f"`{ground}`" for ground in check.depends_on) or "nothing"
        yield f"| `{check.id}` | {check.en}<br>{check.zh} | {grounds} | {_level(check.id)} |"
    yield ""


def _level(check: str) -> str:
    if check in policy().mandatory:
        return "mandatory"
    return "when run" if check in policy().counted_when_run else "no"


def _details() -> Iterator[str]:
    yield "## Codes\n"
    for check in CHECKS:
        yield f"### {check.id}\n"
        yield from _codes(check)
        yield ""


def _codes(check: Check) -> Iterator[str]:
    yield _HEADER
    yield f"| | passed | | {check.passed_en}<br>{check.passed_zh} | |"
    yield from map(_code_row, check.codes)


_HEADER: Final = "| code | outcome | reason | words | advice |\n|---|---|---|---|---|"


def _code_row(code: Code) -> str:
    advice = "" if code.advice is None else code.advice.name
    return f"| `{code.code}` | {code.outcome} | `{code.reason}` | {code.en}<br>{code.zh} | {advice} |"


def _common() -> Iterator[str]:
    yield "### Codes that every check has\n"
    yield _HEADER
    yield from map(_code_row, COMMON)
    yield ""


def _advice() -> Iterator[str]:
    yield "## Advice\n"
    yield "| advice | words |\n|---|---|"
    for advice in Advice:
        yield f"| {advice.name} | {advice.en}<br>{advice.zh} |"
    yield ""


def write(page: Path) -> None:
    """Put the generated part into the page, in the place of the old one."""
    text = page.read_text("utf-8")
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    page.write_text(before + generated() + after, "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
