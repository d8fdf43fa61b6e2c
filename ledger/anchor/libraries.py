"""The chain's libraries, without what importing them does to the process.

py_ecc and the embedded machine raise Python's recursion limit to 100,000 and leave it there: what should end as a
RecursionError would then end the process, for no thread's stack is that deep. Nothing that we use needs it.
"""

import sys

from eth_account import Account

from ledger.anchor import RECURSION_LIMIT

__all__ = ["Account", "put_limit_back"]


def put_limit_back() -> None:
    """Give the recursion limit back the value that it had before anything of this package was imported."""
    sys.setrecursionlimit(RECURSION_LIMIT)


put_limit_back()
