"""The version, read by the build and by `eqlite.__version__`."""

__version__ = "0.1.0a1"
