#!/usr/bin/env bash
# Packs the three packages, and lets a fresh project outside the repository and a fresh installation of the tool speak from them. Prints "N passed, N failed".
# test.sh [VOCODER]: the command they are compared with, by default the one that `dotnet build -c Release Cli` has made
set -uo pipefail
vocoder=$(realpath "${1:-$(dirname "$0")/../Cli/bin/Release/net10.0/vocoder}")
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
note() { if [ "$1" = 0 ]; then passed=$((passed + 1)); echo "passed: $2"; else failed=$((failed + 1)); echo "FAILED: $2"; fi; }
holds() {
  local files
  files=$(python3 -m zipfile -l "$1" | cut -d ' ' -f 1)
  for file in "${@:2}"; do grep -qxF "$file" <<< "$files" || { echo "$1 has no $file"; return 1; }; done
}

for project in Vocoder AudioIO Cli; do dotnet pack "$project" -c Release -o "$work/packages" -v quiet -nologo || break; done
[ "$(ls "$work/packages" | wc -l)" = 6 ]
note $? "three packages and their symbols are packed and valid"
library=$(ls "$work"/packages/FlowVocoder.[0-9]*.nupkg) version=$(basename "$library" .nupkg | sed 's/^FlowVocoder\.//')
holds "$library" README.md LICENSE lib/net10.0/FlowVocoder.dll lib/net10.0/FlowVocoder.xml voices/student.safetensors buildTransitive/FlowVocoder.targets \
  && holds "$work/packages/FlowVocoder.AudioIO.$version.nupkg" README.md LICENSE lib/net10.0/FlowVocoder.AudioIO.dll lib/net10.0/FlowVocoder.AudioIO.xml \
  && holds "$work/packages/FlowVocoder.Tool.$version.nupkg" README.md LICENSE THIRD-PARTY-NOTICES.txt THIRD-PARTY-NOTICES.{SkiaSharp,ScottPlot,dotnet}.txt \
    tools/net10.0/any/THIRD-PARTY-NOTICES.txt \
  && holds "$work/packages/FlowVocoder.$version.snupkg" lib/net10.0/FlowVocoder.pdb
note $? "they hold README, licence, documentation, voice, notices and symbols"

# Ours from the folder alone, those of others from what this repository has restored: no server is asked.
fallback=$(dotnet nuget locals global-packages --list | sed 's/^global-packages: //')
mkdir "$work/console" "$work/home"
cat > "$work/console/Console.csproj" <<XML
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <ImplicitUsings>enable</ImplicitUsings>
    <RestorePackagesPath>$work/restored</RestorePackagesPath>
    <RestoreFallbackFolders>$fallback</RestoreFallbackFolders>
    <RestoreSources>$work/packages</RestoreSources>
  </PropertyGroup>
  <ItemGroup><PackageReference Include="FlowVocoder.AudioIO" Version="$version" /></ItemGroup>
</Project>
XML
cp Packages/Console/Program.cs "$work/console"
mel=$PWD/data/samples/kathleen.npy
"$vocoder" synth "$mel" "$work/expected.wav" >/dev/null
(cd "$work/console" && dotnet publish -c Release -o "$work/published" -v quiet -nologo && cd / && "$work/published/Console" "$mel" "$work/spoken.wav") \
  && cmp "$work/expected.wav" "$work/spoken.wav"
note $? "ten lines in a fresh project speak what the command speaks"
(cd "$work/console" && dotnet build -c Debug -v quiet -nologo -p:FlowVocoderVoices=false) && [ ! -e "$work/console/bin/Debug/net10.0/voices" ]
note $? "the voice can be left out"

dotnet tool install FlowVocoder.Tool --version "$version" --tool-path "$work/tool" --source "$work/packages" -v quiet \
  && "$work/tool/vocoder" synth "$mel" "$work/tool.wav" >/dev/null && cmp "$work/expected.wav" "$work/tool.wav" && "$work/tool/vocoder" voices | grep -q compact
note $? "the tool is installed and speaks the same"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
