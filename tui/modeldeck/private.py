"""Our folders on the disk: this user's alone, and never where a link at their place leads.

Links further up are the user's own choice, as is `~/.local` on another disk.
"""

from __future__ import annotations

import errno
import os
import stat

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_TEAM = stat.S_ISGID | stat.S_IWGRP


def folder(path: str | os.PathLike[str]) -> int:
    """Makes it, or takes the one that is there, without the rights that others have in it, but for one that was made over to a group. The
    answer is a descriptor of it, to be closed. Raises OSError with what is wrong, also for somebody else's."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), mode=0o700, exist_ok=True)
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        if os.path.islink(path):
            raise link(path) from None
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        found = os.fstat(handle)
        if found.st_uid != os.geteuid():
            raise foreign(path)
        if found.st_mode & _OTHERS and not is_team(found.st_mode):
            os.fchmod(handle, 0o700)
    except OSError:
        os.close(handle)
        raise
    return handle


def is_team(mode: int) -> bool:
    """Whether a folder of this mode hands its group on to what is made in it: `install -d -m 2770 -g TEAM FOLDER`."""
    return mode & _TEAM == _TEAM


def file(path: str | os.PathLike[str]) -> None:
    """Takes away the rights that others have in one that is there. Raises OSError for a link or somebody else's.

    It is not opened: a process that closes a file loses all of its locks on it, those of a database among them.
    """
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    if stat.S_ISLNK(found.st_mode):
        raise link(path)
    if found.st_uid != os.geteuid():
        raise foreign(path)
    if found.st_mode & _OTHERS:
        os.chmod(path, 0o600)


def link(path: str | os.PathLike[str]) -> OSError:
    return OSError(errno.ELOOP, f"{os.fspath(path)} is a symbolic link, which is not followed: name what it leads to")


def foreign(path: str | os.PathLike[str]) -> OSError:
    return PermissionError(errno.EPERM, f"{os.fspath(path)} belongs to somebody else: name a journal of your own, or your team's")
