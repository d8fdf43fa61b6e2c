import importlib
import subprocess
import sys
from pathlib import Path

import click
import pytest

from ledger.errors import DomainError
from tools import cli
from tools.cli import COMMANDS, STORY, main
from tools.languages import chosen_language
from tools.lazy_group import Entry


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_there_and_says_what_it_does(name: str) -> None:
    module, _, attribute = COMMANDS[name].place.partition(":")
    command = getattr(importlib.import_module(module), attribute)
    assert isinstance(command, click.Command)
    assert command.help
    assert list(COMMANDS) == sorted(COMMANDS)


def test_help_lists_the_commands_without_importing_them(tmp_path: Path) -> None:
    script = (
        "import sys; from tools.cli import main; code = main(['--help']);"
        "heavy = {'cryptography', 'sqlalchemy', 'fastapi', 'typst', 'pydantic'} & sys.modules.keys();"
        "sys.exit(f'{code} {heavy}' if code or heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in COMMANDS)


def test_no_command_and_an_unknown_one_are_wrong_requests(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 3
    assert main(["issuee"]) == 3
    assert "No such command" in capsys.readouterr().err


class Refused(DomainError):
    code = "test.refused"
    zh = "测试拒绝"
    en = "refused by the test"


def _register(monkeypatch: pytest.MonkeyPatch, error: BaseException | None, code: int = 0) -> None:
    @click.command()
    @click.option("--lang")
    @click.pass_context
    def command(ctx: click.Context, lang: str | None) -> None:
        """Do what the test says."""
        if error is not None:
            raise error
        ctx.exit(code)

    monkeypatch.setattr("tests.tools.test_cli.planted", command, raising=False)
    monkeypatch.setitem(cli.COMMANDS, "planted", Entry("tests.tools.test_cli:planted", "For the test."))


@pytest.mark.parametrize("code", [0, 1, 2, 3])
def test_a_command_says_its_exit_code(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    _register(monkeypatch, None, code)
    assert main(["planted"]) == code


def test_a_refusal_is_told_in_the_language_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _register(monkeypatch, Refused())
    assert main(["planted", "--lang", "zh"]) == 3
    assert capsys.readouterr().err == "测试拒绝 (test.refused)\n"
    assert main(["planted", "--lang=en"]) == 3
    assert capsys.readouterr().err == "refused by the test (test.refused)\n"


def test_a_crash_is_one_line_and_its_own_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _register(monkeypatch, RuntimeError("测试"))
    monkeypatch.delenv("ELICENCE_DEBUG", raising=False)
    assert main(["planted"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    monkeypatch.setenv("ELICENCE_DEBUG", "1")
    assert main(["planted"]) == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_an_interruption_is_no_crash(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    _register(monkeypatch, error)
    assert main(["planted"]) == 130


@pytest.mark.parametrize(
    ("arguments", "environment", "language"),
    [
        (["verify", "--lang", "zh"], {"LANG": "en_GB.UTF-8"}, "zh"),
        (["verify", "--lang=en"], {"LANG": "zh_CN.UTF-8"}, "en"),
        (["verify", "--lang"], {"LANG": "zh_CN.UTF-8"}, "en"),
        (["verify"], {"LANG": "zh_CN.UTF-8"}, "zh"),
        (["verify"], {"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ([], {}, "en"),
    ],
)
def test_the_language_is_the_one_asked_for_else_the_terminals(
    arguments: list[str], environment: dict[str, str], language: str
) -> None:
    assert chosen_language(arguments, environment) == language


def test_the_story_names_commands_that_exist_and_the_rest_comes_last(capsys: pytest.CaptureFixture[str]) -> None:
    told = [name for _, names in STORY for name in names]
    assert len(set(told)) == len(told)
    assert set(told) <= set(COMMANDS)
    assert main(["--help"]) == 0
    shown = [line.split()[0] for line in capsys.readouterr().out.split("Found a house")[1].splitlines() if "  " in line]
    assert sorted(shown) == sorted(COMMANDS)
    assert shown[: len(told)] == told
