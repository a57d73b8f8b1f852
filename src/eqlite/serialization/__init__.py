"""Compiled queries as plain data, without code: `codec` for the cache and for `queries`, which are also pickled so."""
