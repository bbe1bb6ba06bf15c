"""Descriptor: reads and writes that cannot wait, and so keep the interpreter's lock.

`os.read` and `os.write` let go of it, and get it back only when another thread that computes has had its turn (5 ms,
`sys.getswitchinterval`): where one thread serves the wires of many machines, each call would cost it that much as long
as a card is being composed somewhere else.
"""

import ctypes
import os

_LIBC = ctypes.PyDLL(None, use_errno=True)
_LIBC.read.argtypes, _LIBC.read.restype = (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t), ctypes.c_ssize_t
_LIBC.write.argtypes, _LIBC.write.restype = (ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t), ctypes.c_ssize_t
_SIZE = 1024


def take(file: int) -> bytes:
    """The next bytes, up to 1024, of a descriptor that does not block, b"" at its end; raises OSError, and of its kinds
    BlockingIOError when there is nothing yet."""
    room = ctypes.create_string_buffer(_SIZE)
    return ctypes.string_at(room, _done(_LIBC.read(file, room, _SIZE)))


def give(file: int, data: bytes) -> int:
    """How many bytes a descriptor that does not block takes now; raises OSError, BlockingIOError when none."""
    return _done(_LIBC.write(file, data, len(data)))


def _done(count: int) -> int:
    if count < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))  # of the kind that the number says
    return count
