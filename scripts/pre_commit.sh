#!/usr/bin/env bash
# `dataloader validate` for pre-commit, from a checkout of this repository: with Deno where it is new enough, else with
# the one that npm brings. It may read files and variables and nothing else: no network, no writing, no native code.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
version=2.9.6

# Whether Deno 2.9 or later is here.
new_enough() {
  command -v deno >/dev/null || return 1
  local major minor
  IFS=. read -r major minor _ <<<"$(deno --version | sed -n 's/^deno \([0-9.]*\).*/\1/p')"
  [ "${major:-0}" -gt 2 ] || { [ "${major:-0}" -eq 2 ] && [ "${minor:-0}" -ge 9 ]; }
}

if new_enough; then
  deno=(deno)
elif command -v npx >/dev/null; then
  deno=(npx -y "deno@$version")
else
  echo "dataloader-validate needs Deno 2.9 or later (https://deno.com), or Node with npm; neither is here." >&2
  exit 1
fi

# Packages come with the first call, into the checkout that pre-commit keeps.
if [ ! -d "$root/node_modules" ]; then
  (cd "$root" && "${deno[@]}" install --frozen --quiet)
fi
exec "${deno[@]}" run --no-prompt --no-check --cached-only --config "$root/deno.json" --allow-read --allow-env \
  "$root/main.ts" validate "$@"
