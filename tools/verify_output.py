"""How `elicence verify` shows an answer: as JSON for programs, as a few lines for people."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from ledger.errors import Language

if TYPE_CHECKING:
    from licences.verification.report import CheckResult, Report

_COLOURS: Final = {"valid": "green", "invalid": "red", "indeterminate": "yellow"}
_MARKS: Final = {
    "passed": ("✓", "green"),
    "failed": ("✗", "red"),
    "warning": ("!", "yellow"),
    "not_run": ("?", "yellow"),
    "not_applicable": ("-", None),
}


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that the system would not give us, or that is none. reason, zh_reason: a clause, the system's own words."""

    reason: str
    zh_reason: str | None = None

    def message(self, language: Language) -> str:
        """Return it as a clause."""
        if language == "zh":
            return f"无法读取文件：{self.zh_reason or self.reason}"
        return f"the file cannot be read: {self.reason}"


NO_FILE: Final = Unreadable(
    "it is no regular file, but a folder, a device or a pipe", "不是普通文件（文件夹、设备或管道不能核验）"
)


def json_line(file: str, answer: "Report | Unreadable") -> str:
    """Return the answer as one line of JSON, the report with `file` in front."""
    # A name need not be UTF-8, JSON must.
    file = file.encode("utf-8", "replace").decode("utf-8")
    if isinstance(answer, Unreadable):
        error = {
            "code": "file.unreadable",
            "message": {"zh": answer.message("zh"), "en": answer.message("en")},
        }
        return _dumped({"file": file, "error": error})
    return _dumped({"file": file, **answer.as_json()})


def _dumped(value: object) -> str:
    # JSON leaves C1 controls and marks that turn the direction of writing as they are, and terminals obey them.
    text = json.dumps(value, ensure_ascii=False)
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in text)


def paragraphs(file: str, answer: "Report | Unreadable", language: Language) -> str:
    """Return the answer for a person: the sentence, what to do, the face to compare, then every check."""
    if isinstance(answer, Unreadable):
        return click.style(printable(file), bold=True) + "\n  " + click.style(answer.message(language), fg="red") + "\n"
    return "\n".join([click.style(printable(file), bold=True), *_lines(answer, language), ""])


def printable(text: str) -> str:
    """Return the text without characters that could steer a terminal: it may come from a stranger's file."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _lines(report: "Report", language: Language) -> Iterator[str]:
    yield "  " + click.style(printable(report.sentence(language)), fg=_COLOURS[report.verdict], bold=True)
    advice = report.advice(language)
    if advice is not None:
        yield "  " + advice
    if report.subject.identifier is not None:
        yield f"  {_word('identifier', language)}: {printable(report.subject.identifier)}"
    if report.subject.face:
        yield f"  {_word('compare', language)}"
        for line in report.subject.face.values():
            yield f"    {printable(line[language])}: {printable(line['value'])}"
    yield f"  {_word('checks', language)}"
    for row in report.checks:
        yield "    " + _row(row, language)


def _word(name: str, language: Language) -> str:
    words = {
        "identifier": ("证照标识", "identifier"),
        "compare": ("请与纸面或屏幕上的内容比对：", "compare this with the paper or screen:"),
        "checks": ("每一项检查：", "every check:"),
    }
    return words[name][0 if language == "zh" else 1]


def _row(row: "CheckResult", language: Language) -> str:
    from licences.verification.checks import message_of

    mark, colour = _MARKS[row.outcome]
    code = f"{row.code}  " if row.code else ""
    return f"{click.style(mark, fg=colour)} {row.id:<22} {code}{message_of(row, language)}"
