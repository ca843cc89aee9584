#!/usr/bin/env bash
# loadable.sh FOLDER: makes the libLibTorchSharp.so below a build's output folder loadable on Linux distributions older than GCC 13, such as Debian 12.
#
# Why: TorchSharp's library is built with GCC 13, whose <iostream> names the symbol _ZSt21ios_base_library_initv@GLIBCXX_3.4.32 and never calls it. The loader
# refuses the library where libstdc++ has no such version, for a symbol that nothing uses. So this marks the need of that one version as weak, which turns the
# refusal into nothing: the flag VER_FLG_WEAK in the entry of section .gnu.version_r. No code changes, the packages' own copy stays as it was, and newer
# distributions and Windows need none of it. It needs readelf (binutils) and does nothing twice.
set -euo pipefail
folder=${1:?usage: loadable.sh FOLDER}
version=GLIBCXX_3.4.32 symbol=_ZSt21ios_base_library_initv

find "$folder" -name libLibTorchSharp.so | while read -r library; do
  if readelf --relocs --wide "$library" | grep -q "$symbol"; then
    echo "$library uses $symbol: it needs a libstdc++ that has $version" >&2
    exit 1
  fi
  table=$(readelf --sections --wide "$library" | sed -n 's/.*\.gnu\.version_r *VERNEED *[0-9a-f]* *\([0-9a-f]*\).*/\1/p')
  entry=$(readelf --version-info --wide "$library" | sed -n "s/^ *\(0x[0-9a-f]*\): *Name: $version  Flags: none.*/\1/p")
  [ -n "$entry" ] || continue
  # An entry is its hash in 4 bytes, then its flags in 2: 2, little-endian, is VER_FLG_WEAK.
  printf '\002\000' | dd of="$library" bs=1 seek=$((0x$table + entry + 4)) conv=notrunc status=none
done
