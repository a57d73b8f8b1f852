"""Tests on raw values, and what conditions cost."""
