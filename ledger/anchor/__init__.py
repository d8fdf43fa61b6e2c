"""The chain as one more witness of the log: an EVM contract that accepts a larger tree only with its consistency proof.

Begin reading at `anchorer.py`; what stands on the chain is `contract/Anchors.vy`.
"""

import sys
from typing import Final

RECURSION_LIMIT: Final = sys.getrecursionlimit()
"""As it was before any library of the chain was imported; see `libraries.py`."""
