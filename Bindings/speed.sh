#!/usr/bin/env bash
# How fast the bindings speak beside the command, on one thread, without starting and loading: rounds of all three, each time over that of the command
# in the same round.
# The command speaks the mel twice and the second time counts, when its code has been compiled; libraries are compiled ahead. Some 85 s on an idle machine.
# speed.sh [VOCODER] [ROUNDS]; `dotnet build -c Release Cli`, Bindings/build.sh and Bindings/Python/build.sh have built what it needs.
set -euo pipefail
vocoder=$(realpath "${1:-$(dirname "$0")/../Cli/bin/Release/net10.0/vocoder}") rounds=${2:-9}
cd "$(dirname "$0")"
# In memory, where there is such a folder: the command writes what it speaks.
work=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")")
trap 'rm -rf "$work"' EXIT

gcc -std=c11 -D_POSIX_C_SOURCE=199309L -O2 C/tests/speed.c -Lout/lib -lflowvocoder -o "$work/speed"
/usr/bin/python3 -m zipfile -e out/flowvocoder-*.whl "$work/python"
export LD_LIBRARY_PATH=$PWD/out/lib PYTHONPATH=$work/python
/usr/bin/python3 - "$vocoder" "$work" ../data "$rounds" <<'PY'
import re, statistics, subprocess, sys, time
import numpy as np
from flowvocoder import Vocoder

vocoder, work, data, rounds = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
mel = np.tile(np.load(f"{data}/samples/kathleen.npy"), 70)
for name in ("first", "second"):
    np.save(f"{work}/{name}.npy", mel)
seconds = mel.shape[1] * 256 / 22050
voice = Vocoder("student")
voice.synth(mel[:, :367], threads=1)


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def command():
    said = run(vocoder, "synth", f"{work}/first.npy", f"{work}/second.npy", f"{work}/spoken/", "--float", "--threads", "1")
    return float(re.findall(r"in ([0-9.]+) s", said)[-1])


def python():
    start = time.perf_counter()
    voice.synth(mel, threads=1)
    return time.perf_counter() - start


ways = {"command": command, "C": lambda: float(run(f"{work}/speed", f"{data}/voices/student.safetensors", f"{work}/first.npy")), "Python": python}
took = {name: [] for name in ways}
for _ in range(rounds):
    for name, way in ways.items():
        took[name].append(way())
print(f"{seconds:.0f} s of speech, {rounds} rounds")
for name, times in took.items():
    ratios = sorted(t / c for t, c in zip(times, took["command"]))
    print(f"{name}: real-time factor {statistics.median(times) / seconds:.4f}, {statistics.median(ratios):.3f} of the command's time ({ratios[0]:.3f} to {ratios[-1]:.3f})")
PY
