#!/usr/bin/env bash
# How fast the bindings speak beside the command, on one thread: rounds of all three, and the median of what each took of the command's time.
# speed.sh [VOCODER] [ROUNDS]; Bindings/test.sh has built what it needs.
set -euo pipefail
vocoder=$(realpath "${1:-$(dirname "$0")/../Cli/bin/Release/net10.0/vocoder}") rounds=${2:-7}
cd "$(dirname "$0")"
work=$(mktemp -d)
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
np.save(f"{work}/mel.npy", mel)
seconds = mel.shape[1] * 256 / 22050
voice = Vocoder("student")
voice.synth(mel[:, :367], threads=1)


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def python():
    start = time.perf_counter()
    voice.synth(mel, threads=1)
    return time.perf_counter() - start


ways = {
    "command": lambda: float(re.search(r"in ([0-9.]+) s", run(vocoder, "synth", f"{work}/mel.npy", f"{work}/out.wav", "--float", "--threads", "1"))[1]),
    "C": lambda: float(run(f"{work}/speed", f"{data}/voices/student.safetensors", f"{work}/mel.npy")),
    "Python": python,
}
took = {name: [] for name in ways}
for _ in range(rounds):
    for name, way in ways.items():
        took[name].append(way())
print(f"{seconds:.0f} s of speech, {rounds} rounds")
for name, times in took.items():
    ratio = statistics.median(t / c for t, c in zip(times, took["command"]))
    print(f"{name}: real-time factor {statistics.median(times) / seconds:.4f}, {ratio:.2f} of the command's time")
PY
