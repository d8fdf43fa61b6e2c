"""`elicence serve`, `work` and `sequence` where no house is: nothing is started, and what to do is said."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tools.conftest import Run


@pytest.mark.parametrize("command", ["serve", "work", "sequence"])
def test_without_a_house(run: Run, at_home: Callable[[Path], None], tmp_path: Path, command: str) -> None:
    at_home(tmp_path / "nowhere")
    code, out, err = run(command)
    assert (code, out) == (3, "")
    assert "elicence init" in err
    assert not list(tmp_path.iterdir())
