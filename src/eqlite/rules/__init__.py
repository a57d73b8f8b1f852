"""Detection rules: what they are and how they are loaded."""
