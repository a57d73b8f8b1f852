"""Runs with several processes."""
