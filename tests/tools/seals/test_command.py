"""`elicence seals`: that every command is there, says what it does in both languages, and loads nothing before it runs."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from seals.life.stops import REASONS, SEAL_STATES, Effect
from seals.models import APPLICATION_STATES, AUTHORISATION_STATES, OUTCOMES, SEAL_KINDS
from seals.words import STATES
from tools.cli import main
from tools.seals import telling
from tools.seals.command import COMMANDS, STORY

HAN = re.compile("[一-鿿]")
LATIN = re.compile(r"[A-Za-z]{3}")


def command(name: str) -> click.Command:
    module, _, attribute = COMMANDS[name].place.partition(":")
    found = getattr(importlib.import_module(module), attribute)
    assert isinstance(found, click.Command)
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_it_is_explained_in_both_languages_and_answers_as_json(name: str) -> None:
    one = command(name)
    assert one.help
    assert HAN.search(one.help)
    assert LATIN.search(one.help)
    for option in one.params:
        if isinstance(option, click.Option):
            assert option.help, option.name
            assert HAN.search(option.help), option.name
            assert LATIN.search(option.help), option.name
    assert "--json" in {option for parameter in one.params for option in parameter.opts}


def test_the_story_names_every_command_once(capsys: pytest.CaptureFixture[str]) -> None:
    named = [name for _, names in STORY for name in names]
    assert sorted(named) == sorted(COMMANDS) == list(COMMANDS)
    assert main(["seals", "--help"]) == 0
    shown = capsys.readouterr().out
    assert all(entry.help.split(".")[0] in " ".join(shown.split()) for entry in COMMANDS.values())


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys; from tools.cli import main; code = main(['seals', '--help']);"
        "heavy = {'cryptography', 'sqlalchemy', 'typst', 'pyhanko', 'seals.pdf.pades'} & sys.modules.keys();"
        "sys.exit(f'{code} {heavy}' if code or heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr


def test_every_word_of_the_register_is_said_in_chinese() -> None:
    assert set(telling.KINDS) == set(SEAL_KINDS)
    assert set(STATES) == {*SEAL_STATES, *APPLICATION_STATES, *AUTHORISATION_STATES}
    assert set(telling.REASONS) == set(REASONS)
    assert set(telling.EFFECTS) == {effect.value for effect in Effect}
    assert set(telling.OUTCOMES) == {*OUTCOMES, None}


@pytest.mark.parametrize("name", ["seals.md", "seal-services.md"])
def test_the_documents_speak_of_what_there_is(name: str) -> None:
    text = (Path(__file__).parents[3] / "docs" / name).read_text(encoding="utf-8")
    named = re.findall(r"elicence seals ([a-z-]+)([^`\n|]*)", text)
    assert named
    for one, rest in named:
        known = {option for parameter in command(one).params for option in parameter.opts}
        assert set(re.findall(r"--[a-z][a-z0-9-]*", rest)) <= known, one
