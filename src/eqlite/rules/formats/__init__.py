"""Loaders: one module for each format in which rules are kept. Each takes a file's text and adds what it holds."""
