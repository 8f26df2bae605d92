#!/usr/bin/env bash
# Runs an executable as a person would, on the platform it is for: packaging/smoke.sh dist/dataloader-linux-x64 v0.1.0
# Bash is on all runners, Git's on Windows.
set -euo pipefail
executable=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
version=${2#v}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/smoke tëst.XXXXXX")
trap 'rm -rf "$work"' EXIT
cp -R "$here"/smoke/. "$work"
cp "$executable" "$work/"
chmod 755 "$work/$(basename "$executable")"
cd "$work"
dataloader=./$(basename "$executable")
export NO_COLOR=1

step() { printf '== %s\n' "$*"; }
fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

step version
[ "$("$dataloader" version | tr -d '\r')" = "dataloader $version" ] || fail "it is of another version: $("$dataloader" version)"
"$dataloader" version --json | grep -q '"commit": "[0-9a-f]\{40\}"' || fail "it names no commit"

step validate
"$dataloader" validate numbers.yaml
"$dataloader" validate --format json . >/dev/null || fail "the recipes are not valid"

step "a first project"
"$dataloader" init shop
(cd shop && "../$dataloader" run recipes/hello.yaml)

step "run, and run again"
"$dataloader" run numbers.yaml --json --no-progress | grep -q '"rows_written":3' || fail "it did not load 3 rows"
"$dataloader" run numbers.yaml --json --no-progress | grep -q '"status":"succeeded"' || fail "the second run failed"

step "a step that tries to get out"
echo hidden >secret.txt
echo 'export default "outside";' >outside.ts
export SMOKE_SECRET=hidden
if "$dataloader" run escape.yaml >out.txt 2>&1; then fail "the escape was no error"; fi
cat out.txt
grep -q 'ALL_REFUSED' out.txt || fail "not everything was refused"
if grep -q 'NOT_REFUSED' out.txt; then fail "something was not refused"; fi

if [ "$(uname -s)" = Linux ] || [ "$(uname -s)" = Darwin ]; then
  step "installed where it can't write, without a home"
  chmod -R a-w ".${dataloader#./}" . 2>/dev/null || true
  HOME=/nonexistent "$dataloader" version
  chmod -R u+w .
fi
step "all passed"
