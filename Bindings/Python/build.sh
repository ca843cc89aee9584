#!/usr/bin/env bash
# Puts the library that Bindings/build.sh has built, and the voice, into a wheel: Bindings/out/flowvocoder-*.whl.
# The platform of the wheel is that of the library, whatever this machine is.
# build.sh [PYTHON]: one that has pip, setuptools and wheel; by default that of Debian, with python3-pip, python3-setuptools and python3-wheel
set -euo pipefail
python=${1:-/usr/bin/python3}
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cp -r pyproject.toml setup.py README.md flowvocoder ../out/rid "$work"
mkdir -p "$work/flowvocoder/voices"
cp -r ../out/lib "$work/flowvocoder/lib"
cp ../../data/voices/student.safetensors "$work/flowvocoder/voices/"
rm -f ../out/flowvocoder-*.whl
"$python" -m pip wheel --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation -w ../out "$work"
ls ../out/flowvocoder-*.whl
