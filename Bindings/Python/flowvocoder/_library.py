"""libflowvocoder through ctypes, which lets other threads run while it speaks."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from ctypes import POINTER, Structure, c_char_p, c_float, c_int16, c_int32, c_int64, c_uint32, c_uint64, c_void_p
from pathlib import Path
from typing import Optional

HERE = Path(__file__).parent
NEEDED = {"avx2", "fma", "bmi1", "bmi2", "movbe", "f16c"}
NAMES = {"linux": "libflowvocoder.so", "darwin": "libflowvocoder.dylib", "win32": "libflowvocoder.dll"}
AVX512 = {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}


class VocoderError(ValueError):
    """A voice, a mel, an option or a saved state that cannot be used; the line says what was found and what was expected."""


class Options(Structure):
    """fv_options."""

    _fields_ = [
        ("size", c_uint32),
        ("sigma", c_float),
        ("pitch_shift", c_float),
        ("match", c_int32),
        ("threads", c_int32),
        ("denoise", c_float),
        ("seed", c_uint64),
    ]


# What each function gives and takes.
FUNCTIONS = {
    "fv_version": (c_char_p, []),
    "fv_last_error": (c_char_p, []),
    "fv_voice_open": (c_void_p, [c_char_p]),
    "fv_voice_with_recipe": (c_void_p, [c_void_p, c_char_p, c_char_p, c_int32]),
    "fv_voice_free": (None, [c_void_p]),
    "fv_voice_sample_rate": (c_int32, [c_void_p]),
    "fv_voice_bands": (c_int32, [c_void_p]),
    "fv_voice_hop_size": (c_int32, [c_void_p]),
    "fv_voice_samples": (c_int64, [c_void_p, c_int64]),
    "fv_voice_name": (c_char_p, [c_void_p]),
    "fv_voice_licence": (c_char_p, [c_void_p]),
    "fv_voice_recipe": (c_char_p, [c_void_p]),
    "fv_voice_difference": (c_char_p, [c_void_p]),
    "fv_options_init": (c_int32, [c_void_p, POINTER(Options)]),
    "fv_synthesize": (c_int64, [c_void_p, POINTER(Options), c_void_p, c_int64, c_int32, c_void_p, c_int64]),
    "fv_stream_create": (c_void_p, [c_void_p, POINTER(Options)]),
    "fv_stream_free": (None, [c_void_p]),
    "fv_stream_push": (c_int64, [c_void_p, c_void_p, c_int64]),
    "fv_stream_flush": (c_int64, [c_void_p]),
    "fv_stream_pull": (c_int64, [c_void_p, c_void_p, c_int64]),
    "fv_stream_reset": (c_int32, [c_void_p]),
    "fv_stream_latency": (c_int64, [c_void_p]),
    "fv_stream_save": (c_int64, [c_void_p, c_void_p, c_int64]),
    "fv_stream_restore": (c_int32, [c_void_p, c_void_p, c_int64]),
    "fv_to_pcm16": (c_int32, [c_void_p, c_int64, POINTER(c_int16)]),
}

_loaded: Optional[ctypes.CDLL] = None
_pid = 0


def processor_flags() -> set[str]:
    """What the processor can do, by the names of Linux."""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as info:
        return next((set(line.split(":", 1)[1].split()) for line in info if line.startswith("flags")), set())


def library_path() -> Path:
    """The library that suits this machine; FLOWVOCODER_LIBRARY names another."""
    if named := os.environ.get("FLOWVOCODER_LIBRARY"):
        return Path(named)
    path = HERE / "lib" / NAMES.get(sys.platform, "libflowvocoder")
    if not path.is_file():
        raise ImportError(f"found {sys.platform} on {platform.machine()}, for which there is no {path}; FLOWVOCODER_LIBRARY may name a library of your own")
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return path
    flags = processor_flags()
    # Elsewhere loading would end the process.
    if missing := NEEDED - flags:
        raise ImportError(f"the processor lacks {', '.join(sorted(missing))}, expected one of 2013 or newer")
    faster = path.parent / "glibc-hwcaps" / "x86-64-v4" / path.name
    return faster if AVX512 <= flags and faster.is_file() else path


def library() -> ctypes.CDLL:
    """The library, loaded when it is first asked for."""
    global _loaded, _pid
    if _loaded is None:
        found = ctypes.CDLL(str(library_path()))
        for name, (result, arguments) in FUNCTIONS.items():
            function = getattr(found, name)
            function.restype, function.argtypes = result, arguments
        _loaded, _pid = found, os.getpid()
    elif _pid != os.getpid():
        # Its threads have stayed behind in the parent.
        raise RuntimeError("this process was forked after its parent had used flowvocoder, expected multiprocessing's 'spawn', or its first use in the child")
    return _loaded


def last_error() -> str:
    return str(library().fv_last_error().decode())


def check(status: int) -> int:
    """The result of a call, or what it says went wrong."""
    if status >= 0:
        return status
    message = last_error()
    if status in (-1, -2):
        raise VocoderError(message)
    raise MemoryError(message) if status == -4 else RuntimeError(message)


def handle(value: Optional[int]) -> int:
    """What a call has made, or what it says went wrong."""
    if not value:
        raise VocoderError(last_error())
    return value
