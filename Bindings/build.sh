#!/usr/bin/env bash
# Compiles libflowvocoder ahead of time into Bindings/out: for any processor with AVX2, and beside it for AVX-512, where the loader looks by itself.
set -euo pipefail
cd "$(dirname "$0")/C"

out=../out
for level in x86-64-v3 x86-64-v4; do
  dotnet publish -c Release -r linux-x64 -p:ProcessorLevel=$level -o "obj/publish/$level" -v quiet -nologo
done
mkdir -p "$out/lib/glibc-hwcaps/x86-64-v4" "$out/include"
cp obj/publish/x86-64-v3/libflowvocoder.so "$out/lib/"
cp obj/publish/x86-64-v4/libflowvocoder.so "$out/lib/glibc-hwcaps/x86-64-v4/"
cp flowvocoder.h "$out/include/"
