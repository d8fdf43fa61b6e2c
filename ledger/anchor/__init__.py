"""The chain as one more witness of the log: an EVM contract that accepts a larger tree only with its consistency proof.

Begin reading at `anchorer.py`; what stands on the chain is `contract/Anchors.vy`.
"""
