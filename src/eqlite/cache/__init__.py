"""Persistent cache of what loading and compiling rules gave, in the user's cache folder.

`plans` caches the analyses of queries, one file for each set of paths that rules are loaded from. `store` reads and
writes the files; `directory` finds the folder and checks its owner.
"""
