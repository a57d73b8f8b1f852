"""Files inside archives: tar and zip, read member by member, never put on disk.

Both readers are written for hostile input: work and memory are bounded by the bytes that are read, a member's name is
never used as a path, and links, sparse files and devices are named but not read. `tarfile` and `zipfile` are not used:
1 kB of pax header stops the one before Python 3.13, and the other holds a whole directory in memory.
"""

from __future__ import annotations

from eqlite.archives.model import BadArchive, Member
from eqlite.archives.tar import TAR_BLOCK_BYTES, is_tar, tar_members
from eqlite.archives.zip import is_zip, zip_members

__all__ = ["TAR_BLOCK_BYTES", "BadArchive", "Member", "is_tar", "is_zip", "tar_members", "zip_members"]
