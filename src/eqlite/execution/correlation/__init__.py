"""Sequence and sample rules of a run."""
