#!/usr/bin/env bash
# Builds the wheel, installs it into a fresh virtual environment and runs the tests there. Prints "N passed, N failed".
# test.sh VOCODER: the command, by a path from where you are
set -uo pipefail
vocoder=$(realpath "$1") python=/usr/bin/python3
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
note() { if [ "$1" = 0 ]; then passed=$((passed + 1)); echo "passed: $2"; else failed=$((failed + 1)); echo "FAILED: $2"; fi; }

./build.sh "$python"
note $? "the wheel"
# numpy is Debian's, and nothing is downloaded.
"$python" -m venv --system-site-packages "$work/venv" \
  && "$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-index ../out/flowvocoder-*.whl
note $? "pip install into a fresh virtual environment"

fixtures=../../Tests/Fixtures
cp ../../data/samples/kathleen.npy "$work/mel.npy"
cp "$fixtures/mels/mozilla_range_22k.npy" "$work/mozilla-range.npy"
cp "$fixtures/mels/pwg_hifigan_v1_22k_norm.npy" "$work/parallelwavegan.npy"
cp "$fixtures/mels/pwg_stats.npy" "$work/stats.npy"
"$python" -c "import numpy; numpy.save('$work/waveglow.npy', numpy.load('$fixtures/waveglow_tiny/mel.npy')[0])"
cp "$fixtures/waveglow_tiny/module_zip.pt" "$work/waveglow.pt"
speak() { "$vocoder" synth "$work/$1.npy" "$work/$2.wav" "${@:3}" >/dev/null; }
speak mel whole --float && speak mel whole16 && speak mel stream --float --match 1 \
  && speak mozilla-range mozilla-range --float --match 0 --mel-recipe mozilla-range \
  && speak parallelwavegan parallelwavegan --float --match 0 --mel-recipe parallelwavegan --stats "$work/stats.npy" --approximate \
  && speak waveglow waveglow --float --match 0 --voice "$work/waveglow.pt" --denoise 0.5
note $? "the command speaks"

export FLOWVOCODER_REFERENCE=$work FLOWVOCODER_DOCS=$PWD/../../docs
# Not from here, where the package lies without its library.
tests() {
  cp "tests/$1.py" "$work" && (cd "$work" && venv/bin/python -m unittest "$1" 2>&1) | tee "$work/log"
  ran=$(sed -n 's/^Ran \([0-9]*\) tests* in.*/\1/p' "$work/log")
  broken=$(grep -c -E '^(FAIL|ERROR): ' "$work/log")
  # One that ends early has run nothing that counts.
  if [ -n "$ran" ]; then passed=$((passed + ran - broken)) failed=$((failed + broken)); else failed=$((failed + 1)); fi
}
tests test_flowvocoder
tests test_pipelines
if "$python" -c 'import torch' 2>/dev/null; then tests test_torch; else echo "PyTorch is not installed (python3-torch): its tests are skipped"; fi
if "$python" -c 'import mypy' 2>/dev/null; then
  (cd "$work" && "$python" -m mypy --strict --cache-dir="$work/mypy" "$OLDPWD/flowvocoder")
  note $? "mypy --strict"
fi

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
