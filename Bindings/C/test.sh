#!/usr/bin/env bash
# Builds a C program with every warning as an error, and compares what it speaks with what the command speaks. Prints "N passed, N failed".
# test.sh VOCODER: the command, by a path from where you are
# For another processor, CC names its compiler and EMULATOR what runs its programs: CC=aarch64-linux-gnu-gcc EMULATOR="qemu-aarch64 -L /usr/aarch64-linux-gnu"
set -uo pipefail
vocoder=$(realpath "$1")
cd "$(dirname "$0")"
root=../..
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

note() { if [ "$1" = 0 ]; then passed=$((passed + 1)); echo "passed: $2"; else failed=$((failed + 1)); echo "FAILED: $2"; fi; }
compile() { ${CC:-gcc} -std=c11 -O1 -g -Wall -Wextra -Wpedantic -Werror "$1" -L../out/lib -lflowvocoder -lpthread -lm -o "$2"; }

compile tests/test_flowvocoder.c "$work/test" && compile example.c "$work/example"
note $? "${CC:-gcc} -Wall -Wextra -Wpedantic -Werror"
g++ -std=c++17 -fsyntax-only -Wall -Wextra -Werror -x c++ flowvocoder.h
note $? "the header as C++"

# Mels as [bands, frames], whole and, for valgrind, which takes a hundred times as long, cut to a few frames: the head of a .npy says the shape.
cut() {
  python3 - "$@" <<'PY'
import re, sys
source, target, bands, most = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
data = open(source, 'rb').read()
start = 10 + data[8] + 256 * data[9]
shape = [int(size) for size in re.search(rb"'shape': \(([^)]*)\)", data).group(1).split(b',') if size.strip()]
frames, first = shape[-1] if shape[-2] == bands else shape[-2], 0
few = min(most, frames)
first = 40 if few + 40 < frames else 0
step = (lambda band, i: band * frames + i) if shape[-2] == bands else (lambda band, i: i * bands + band)
values = b''.join(data[start + 4 * step(band, i):][:4] for band in range(bands) for i in range(first, first + few))
head = ("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }" % (bands, few)).ljust(117).encode() + b'\n'
open(target, 'wb').write(b'\x93NUMPY\x01\x00' + len(head).to_bytes(2, 'little') + head + values)
PY
}
whole=$root/data/samples/kathleen.npy fixtures=$root/Tests/Fixtures waveglow=$root/Tests/Fixtures/waveglow_tiny/module_zip.pt
speak() { "$vocoder" synth "$@" --float; }
for mel in short long; do
  few=$([ "$mel" = short ] && echo 10 || echo 100000) others=$work/$mel.recipes
  mkdir "$others"
  cut "$whole" "$work/$mel.npy" 80 $((few + 6))
  cut "$fixtures/mels/mozilla_range_22k.npy" "$others/mozilla-range.npy" 80 $few
  cut "$fixtures/mels/pwg_hifigan_v1_22k_norm.npy" "$others/parallelwavegan.npy" 80 $few
  cut "$fixtures/mels/vocos_24k.npy" "$others/vocos.npy" 100 $few
  cut "$fixtures/waveglow_tiny/mel.npy" "$others/waveglow.npy" 8 $few
  cp "$fixtures/mels/pwg_stats.npy" "$others/stats.npy"
  speak "$work/$mel.npy" "$work/$mel.wav" && "$vocoder" synth "$work/$mel.npy" "$work/$mel.16.wav" && speak "$work/$mel.npy" "$work/$mel.stream.wav" --match 1 \
    && speak "$others/mozilla-range.npy" "$others/mozilla-range.wav" --match 0 --mel-recipe mozilla-range \
    && speak "$others/parallelwavegan.npy" "$others/parallelwavegan.wav" --match 0 --mel-recipe parallelwavegan --stats "$others/stats.npy" --approximate \
    && speak "$others/vocos.npy" "$others/vocos.wav" --match 0 --mel-recipe vocos --approximate \
    && speak "$others/waveglow.npy" "$others/waveglow.wav" --match 0 --voice "$waveglow" --denoise 0.5 || break
done >/dev/null
note $? "the command speaks"

voice=$root/data/voices/student.safetensors
emulator=(${EMULATOR:-})
run() {
  LD_LIBRARY_PATH=$library "$@" "$work/test" "$voice" "$work/$mel.npy" "$work/$mel.wav" "$work/$mel.16.wav" "$work/$mel.stream.wav" \
    "$work/$mel.recipes" "$waveglow"
}
count() { passed=$((passed + $(sed -n 's/^\([0-9]*\) passed.*/\1/p' "$1"))); failed=$((failed + $(sed -n 's/.*, \([0-9]*\) failed/\1/p' "$1"))); }

# An emulator has as little time as valgrind.
mel=$([ -z "${EMULATOR:-}" ] && echo long || echo short)
for level in "" glibc-hwcaps/x86-64-v4; do
  # Of both libraries, whichever the loader takes here.
  library=$PWD/../out/lib/$level
  if [ ! -f "$library/libflowvocoder.so" ]; then continue; fi
  if [ -n "$level" ] && ! grep -q avx512vl /proc/cpuinfo; then echo "no AVX-512 here: its library is not tested"; continue; fi
  if [ -z "${EMULATOR:-}" ]; then LD_PRELOAD=$library/libflowvocoder.so run env > "$work/log"; else run "${emulator[@]}" > "$work/log"; fi
  note $? "$(cat ../out/rid) $level"
  count "$work/log"
  cat "$work/log"
done
library=$PWD/../out/lib
tail -c +$((11 + $(od -An -tu2 -j8 -N2 "$whole"))) "$whole" > "$work/bands"
python3 -c "
import array, sys
mel = array.array('f', open(sys.argv[1], 'rb').read())
frames = len(mel) // 80
sys.stdout.buffer.write(array.array('f', [mel[b * frames + i] for i in range(frames) for b in range(80)]).tobytes())
" "$work/bands" > "$work/frames"
LD_LIBRARY_PATH=$library "${emulator[@]}" "$work/example" "$voice" < "$work/frames" > "$work/example.raw" \
  && "$vocoder" synth - - --raw < "$work/frames" 2>/dev/null | cmp - "$work/example.raw"
note $? "the example speaks what the command pipes"

if [ -n "${EMULATOR:-}" ]; then
  echo "emulated: not run under valgrind"
elif command -v valgrind >/dev/null; then
  mel=short
  run valgrind -q --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite --suppressions=tests/runtime.supp --error-exitcode=9 > "$work/log"
  note $? "valgrind finds nothing"
  count "$work/log"
else
  echo "valgrind is not installed: not run"
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
