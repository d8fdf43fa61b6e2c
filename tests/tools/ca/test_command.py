"""`elicence ca`: that every command is there, says what it does in both languages, and loads nothing before it runs."""

import importlib
import re
import subprocess
import sys

import click
import pytest

from tools.ca.command import COMMANDS, STORY
from tools.cli import main

HAN = re.compile("[一-鿿]")
LATIN = re.compile(r"[A-Za-z]{3}")


def command(name: str) -> click.Command:
    module, _, attribute = COMMANDS[name].place.partition(":")
    found = getattr(importlib.import_module(module), attribute)
    assert isinstance(found, click.Command)
    return found


def commands() -> list[tuple[str, click.Command]]:
    found = []
    for name in COMMANDS:
        one = command(name)
        found.append((name, one))
        if isinstance(one, click.Group):
            found += [(f"{name} {part}", below) for part, below in one.commands.items()]
    return found


@pytest.mark.parametrize(("name", "one"), commands(), ids=[name for name, _ in commands()])
def test_it_is_explained_in_both_languages(name: str, one: click.Command) -> None:
    assert one.help
    assert HAN.search(one.help)
    assert LATIN.search(one.help)
    for option in one.params:
        if isinstance(option, click.Option):
            assert option.help, option.name
            assert HAN.search(option.help), option.name
            assert LATIN.search(option.help), option.name


@pytest.mark.parametrize(("name", "one"), commands(), ids=[name for name, _ in commands()])
def test_it_answers_as_json_too(name: str, one: click.Command) -> None:
    if not isinstance(one, click.Group) and name not in {"ceremony", "trust"}:
        assert "--json" in {option for parameter in one.params for option in parameter.opts}


def test_the_story_names_every_command_once(capsys: pytest.CaptureFixture[str]) -> None:
    told = [name for _, names in STORY for name in names]
    assert sorted(told) == sorted(COMMANDS) == list(COMMANDS)
    assert main(["ca", "--help"]) == 0
    shown = capsys.readouterr().out
    assert all(entry.help.split(".")[0] in " ".join(shown.split()) for entry in COMMANDS.values())


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys; from tools.cli import main; code = main(['ca', '--help']);"
        "heavy = {'cryptography', 'sqlalchemy', 'fastapi', 'pydantic', 'ca.writing.certificates'} & sys.modules.keys();"
        "sys.exit(f'{code} {heavy}' if code or heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr


def test_what_does_not_exist_is_a_wrong_request(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ca", "revok"]) == 3
    assert "No such command" in capsys.readouterr().err
