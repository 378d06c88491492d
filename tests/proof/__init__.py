"""Proofs that take longer than a test. What they show goes into docs/proof.md, by `make proof`."""
