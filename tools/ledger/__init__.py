"""`elicence ledger`: look at the log, prove what stands in it, check all of it."""
