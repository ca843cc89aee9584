#!/usr/bin/env bash
# Compiles libflowvocoder ahead of time into Bindings/out, for the platform of RID, a runtime identifier of .NET: RID=linux-arm64 Bindings/build.sh, say.
# By default linux-x64: for any processor with AVX2, and beside it for AVX-512, where the loader of glibc looks by itself.
# The compiler of .NET goes to other processors of the same system, where a linker for them is installed (CppCompilerAndLinker), but to no other system.
set -euo pipefail
cd "$(dirname "$0")/C"

rid=${RID:-linux-x64} out=../out
case $rid in
  win-*) name=libflowvocoder.dll ;;
  osx-*) name=libflowvocoder.dylib ;;
  *) name=libflowvocoder.so ;;
esac
rm -rf "$out/lib"
mkdir -p "$out/lib" "$out/include"
# publish FOLDER [OPTION…]: one library into that folder
publish() {
  local folder=$1
  shift
  dotnet publish -c Release -r "$rid" -o "obj/publish/$rid" -v quiet -nologo "$@"
  mkdir -p "$folder"
  cp "obj/publish/$rid/$name" "$folder/"
}
publish "$out/lib"
if [ "$rid" = linux-x64 ]; then publish "$out/lib/glibc-hwcaps/x86-64-v4" -p:ProcessorLevel=x86-64-v4; fi
cp flowvocoder.h "$out/include/"
echo "$rid" > "$out/rid"
