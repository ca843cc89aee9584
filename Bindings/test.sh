#!/usr/bin/env bash
# Builds and tests the bindings against the command. The last line is "N passed, N failed".
# test.sh [VOCODER]: the command, by default the one that `dotnet build -c Release Cli` has made
set -uo pipefail
vocoder=$(realpath "${1:-$(dirname "$0")/../Cli/bin/Release/net10.0/vocoder}")
cd "$(dirname "$0")"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0

run() {
  "$@" 2>&1 | tee "$log"
  last=$(tail -n 1 "$log")
  if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
    passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
  else
    echo "FAILED: $1 ended early"
    failed=$((failed + 1))
  fi
}

if ./build.sh; then
  run ./C/test.sh "$vocoder"
  run ./Python/test.sh "$vocoder"
else
  echo "FAILED: libflowvocoder cannot be built"
  failed=$((failed + 1))
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
