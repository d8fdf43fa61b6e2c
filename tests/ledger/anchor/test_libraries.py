"""What the chain's libraries do to the process when they are imported, in a process of its own."""

import subprocess
import sys

import pytest

_USES = {
    "an account": "from ledger.anchor.accounts import KeyAccount; KeyAccount.create()",
    "a node": "import ledger.anchor.administration",
    "the embedded chain": "from ledger.anchor.embedded import embedded_node, funded_account;"
    " funded_account(embedded_node())",
}


@pytest.mark.parametrize("use", _USES)
def test_the_recursion_limit_is_what_it_was(use: str) -> None:
    code = f"import sys; before = sys.getrecursionlimit(); {_USES[use]}; print(before, sys.getrecursionlimit())"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, after = told.stdout.split()
    assert before == after
