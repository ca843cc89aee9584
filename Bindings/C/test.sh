#!/usr/bin/env bash
# Builds a C program with every warning as an error, and compares what it speaks with what the command speaks. Prints "N passed, N failed".
# test.sh VOCODER: the command, by a path from where you are
set -uo pipefail
vocoder=$(realpath "$1")
cd "$(dirname "$0")"
root=../..
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

note() { if [ "$1" = 0 ]; then passed=$((passed + 1)); echo "passed: $2"; else failed=$((failed + 1)); echo "FAILED: $2"; fi; }
compile() { gcc -std=c11 -O1 -g -Wall -Wextra -Wpedantic -Werror "$1" -L../out/lib -lflowvocoder -lpthread -lm -o "$2"; }

compile tests/test_flowvocoder.c "$work/test" && compile example.c "$work/example"
note $? "gcc -Wall -Wextra -Wpedantic -Werror"
g++ -std=c++17 -fsyntax-only -Wall -Wextra -Werror -x c++ flowvocoder.h
note $? "the header as C++"

# A mel of 16 frames for valgrind, which takes a hundred times as long: the head of a .npy says the shape.
whole=$root/data/samples/kathleen.npy
python3 - "$whole" "$work/short.npy" <<'PY'
import sys
data = open(sys.argv[1], 'rb').read()
start = 10 + data[8] + 256 * data[9]
frames, few = (len(data) - start) // 320, 16
head = data[10:start].replace(b'(80, %d)' % frames, b'(80, %d)' % few).rstrip().ljust(start - 11) + b'\n'
rows = [data[start + 4 * (band * frames + 40):][:4 * few] for band in range(80)]
open(sys.argv[2], 'wb').write(data[:10] + head + b''.join(rows))
PY
cp "$whole" "$work/long.npy"
for mel in short long; do
  "$vocoder" synth "$work/$mel.npy" "$work/$mel.wav" --float && "$vocoder" synth "$work/$mel.npy" "$work/$mel.16.wav" \
    && "$vocoder" synth "$work/$mel.npy" "$work/$mel.stream.wav" --float --match 1
done >/dev/null
note $? "the command speaks"

voice=$root/data/voices/student.safetensors
run() { LD_LIBRARY_PATH=$PWD/../out/lib "$@" "$work/test" "$voice" "$work/$mel.npy" "$work/$mel.wav" "$work/$mel.16.wav" "$work/$mel.stream.wav"; }
count() { passed=$((passed + $(sed -n 's/^\([0-9]*\) passed.*/\1/p' "$1"))); failed=$((failed + $(sed -n 's/.*, \([0-9]*\) failed/\1/p' "$1"))); }

mel=long
for level in "" glibc-hwcaps/x86-64-v4; do
  # Of both libraries, whichever the loader takes here.
  if [ -n "$level" ] && ! grep -q avx512vl /proc/cpuinfo; then echo "no AVX-512 here: its library is not tested"; continue; fi
  LD_PRELOAD=$PWD/../out/lib/$level/libflowvocoder.so run env > "$work/log"
  note $? "${level:-x86-64-v3}"
  count "$work/log"
  cat "$work/log"
done
tail -c +$((11 + $(od -An -tu2 -j8 -N2 "$whole"))) "$whole" > "$work/bands"
python3 -c "
import array, sys
mel = array.array('f', open(sys.argv[1], 'rb').read())
frames = len(mel) // 80
sys.stdout.buffer.write(array.array('f', [mel[b * frames + i] for i in range(frames) for b in range(80)]).tobytes())
" "$work/bands" > "$work/frames"
LD_LIBRARY_PATH=$PWD/../out/lib "$work/example" "$voice" < "$work/frames" > "$work/example.raw" \
  && "$vocoder" synth - - --raw < "$work/frames" 2>/dev/null | cmp - "$work/example.raw"
note $? "the example speaks what the command pipes"

if command -v valgrind >/dev/null; then
  mel=short
  run valgrind -q --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite --suppressions=tests/runtime.supp --error-exitcode=9 > "$work/log"
  note $? "valgrind finds nothing"
  count "$work/log"
else
  echo "valgrind is not installed: not run"
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
