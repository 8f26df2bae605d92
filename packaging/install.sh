#!/bin/sh
# Installs the newest dataloader, or a certain version, for Linux and macOS:
#
#     sh install.sh [--version v0.1.0] [--dir ~/.local/bin]
#
# It downloads the archive of this system and the list of checksums, compares, and puts one file, `dataloader`, into the
# folder. It changes nothing else: no profile, no PATH. Needs curl or wget, tar, and sha256sum, shasum or openssl.
#
#     DATALOADER_DOWNLOADS   where releases are, for a mirror: has latest/download/ and download/<version>/ below it
set -eu

# A release fills in where it is: the copy in the repository names no place.
downloads=${DATALOADER_DOWNLOADS:-@DOWNLOADS@}
version=${DATALOADER_VERSION:-latest}
folder=${DATALOADER_DIR:-${HOME:-}/.local/bin}

say() { printf '%s\n' "$*"; }
fail() {
  printf 'error: %s\n' "$1" >&2
  shift
  for hint in "$@"; do printf '  hint: %s\n' "$hint" >&2; done
  exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }

usage() {
  say "usage: install.sh [--version <v1.2.3>] [--dir <folder>]"
  say "Installs dataloader into a folder, ~/.local/bin by default."
}

while [ $# -gt 0 ]; do
  case $1 in
    --version | --dir)
      [ $# -ge 2 ] || fail "$1 needs a value."
      if [ "$1" = --version ]; then version=$2; else folder=$2; fi
      shift 2
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      usage >&2
      fail "unknown argument $1"
      ;;
  esac
done
# `0.1.0` means the tag `v0.1.0`.
case $version in [0-9]*) version=v$version ;; esac

find_target() {
  case $(uname -s) in
    Linux) os=linux ;;
    Darwin) os=macos ;;
    *) fail "there is no executable for $(uname -s)." "on Windows use install.ps1; elsewhere run it from the sources" ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) cpu=x64 ;;
    aarch64 | arm64) cpu=arm64 ;;
    *) fail "there is no executable for $(uname -m)." "run it from the sources" ;;
  esac
  # A shell that is translated on an Apple processor says x86_64.
  if [ "$os-$cpu" = macos-x64 ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null || echo 0)" = 1 ]; then
    cpu=arm64
  fi
  if [ "$os" = linux ] && ! has getconf && [ -e /etc/alpine-release ] ||
    { [ "$os" = linux ] && (ldd --version 2>&1 || true) | grep -qi musl; }; then
    fail "this system uses musl; the executables need glibc." "run it from the sources, or in the Docker image"
  fi
  target=$os-$cpu
}

# fetch URL FILE: 0 done, 1 no answer, 2 not there.
fetch() {
  if has curl; then
    code=$(curl -sSL --retry 2 -o "$2" -w '%{http_code}' "$1" 2>"$work/why") || return 1
    case $code in
      200) return 0 ;;
      404) return 2 ;;
      *)
        printf 'it answered %s\n' "$code" >"$work/why"
        return 1
        ;;
    esac
  elif has wget; then
    wget -q -O "$2" "$1" 2>"$work/why" && return 0
    wget --spider -S "$1" 2>&1 | grep -q ' 404' && return 2
    return 1
  fi
  fail "neither curl nor wget is here." "install one of them"
}

download() {
  fetch "$base/$1" "$work/$1" && return 0 || status=$?
  if [ "$status" = 2 ]; then
    fail "there is no $1 at $base." "is there a release $version, with an executable for $target?"
  fi
  fail "$base/$1 can't be fetched: $(tr '\n' ' ' <"$work/why")" "check the network, or set DATALOADER_DOWNLOADS to a mirror"
}

checksum() {
  if has sha256sum; then
    sha256sum "$1" | cut -d ' ' -f 1
  elif has shasum; then
    shasum -a 256 "$1" | cut -d ' ' -f 1
  elif has openssl; then
    openssl dgst -sha256 "$1" | sed 's/.*= *//'
  else
    fail "no program that computes SHA-256 is here." "install sha256sum, shasum or openssl: nothing is installed unchecked"
  fi
}

verify() {
  wanted=$(sed -n "s/^\([0-9a-fA-F]\{64\}\) [ *]$1\$/\1/p" "$work/checksums.txt" | tr 'A-F' 'a-f')
  [ -n "$wanted" ] || fail "checksums.txt does not name $1: nothing was installed."
  found=$(checksum "$work/$1")
  if [ "$wanted" != "$found" ]; then
    fail "the checksum of $1 is wrong: nothing was installed." "expected $wanted" "found    $found" \
      "try again; if it stays wrong, do not use the file, and report it"
  fi
}

# Puts it in place by a rename: a dataloader that runs goes on running the old file.
place() {
  mkdir -p "$folder" 2>/dev/null || fail "the folder $folder can't be made." "name another with --dir"
  new=$folder/.dataloader-new.$$
  if ! cp "$work/dataloader" "$new" 2>/dev/null; then
    rm -f "$new"
    fail "$folder can't be written." "name another folder with --dir, or run this as a user who may write it"
  fi
  chmod 755 "$new"
  mv -f "$new" "$folder/dataloader"
}

case $downloads in
  @*) fail "this copy names no place to download from." "take install.sh from a release, or set DATALOADER_DOWNLOADS" ;;
esac
case $folder in
  /.local/bin | "") fail "HOME is not set." "name a folder with --dir" ;;
esac
find_target
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
if [ "$version" = latest ]; then base=$downloads/latest/download; else base=$downloads/download/$version; fi

archive=dataloader-$target.tar.gz
download checksums.txt
download "$archive"
verify "$archive"
tar -xzf "$work/$archive" -C "$work" dataloader || fail "$archive can't be unpacked: nothing was installed."
# Before it is put in place: an executable that does not start replaces none that does. It unpacks itself beside itself.
first=$("$work/dataloader" version 2>"$work/why") ||
  fail "what was downloaded does not run on this system: $(head -n 1 "$work/why")" "nothing was installed"
place
# It unpacks itself when it is first called: now, while its folder can be written. What older versions have unpacked goes,
# but for what a run that goes on may still need.
"$folder/dataloader" version >/dev/null 2>&1 || true
find "$folder/.dataloader" -mindepth 1 -maxdepth 1 -type d -mtime +7 -exec rm -rf {} + 2>/dev/null || true
say "$first is installed: $folder/dataloader"
case :${PATH:-}: in
  *:"$folder":*) ;;
  *) say "$folder is not in PATH: add it, or call it by its whole path." ;;
esac
