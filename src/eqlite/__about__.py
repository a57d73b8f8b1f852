"""The version, kept where both the build and `eqlite.__version__` read it."""

__version__ = "0.1.0a1"
