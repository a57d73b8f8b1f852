"""What loading and compiling rules gave, kept in the user's cache folder for the next run.

`files` keeps what rule files say, `plans` what queries mean, each in one file for the paths that rules are loaded from.
`tables` is the form in which plans are written: data, of which nothing is run. `store` reads and writes the files, and
`folder` says where they are, and whether they can be trusted.
"""
