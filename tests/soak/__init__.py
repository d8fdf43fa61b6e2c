"""A million mutated inputs for every parser of foreign DER: `make soak`; a few thousand of them in every test run."""
