#!/usr/bin/env bash
# Runs stock Baileys against the simulated network of BINARY (default: the release binary of this workspace).
# Prints a line per check and a last line "N passed, N failed"; fails if any failed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
binary=$(realpath "${1:-$here/../target/release/enlace}")

work=$(mktemp -d)
server=
cleanup() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap cleanup EXIT

cd "$here"
# The lock file is the truth; nothing is fetched again while what is installed is what it says.
stamp=node_modules/.installed-lock
if ! cmp -s package-lock.json "$stamp"; then
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
  cp package-lock.json "$stamp"
fi

"$binary" simulator --listen 127.0.0.1:0 --media-listen 127.0.0.1:0 --data-dir "$work/data" >"$work/out" 2>"$work/err" &
server=$!
control=
for _ in $(seq 200); do
  control=$(grep -oE 'https?://[^ ]+/simulator/v1' "$work/out" | head -n 1 || true)
  [ -z "$control" ] || break
  kill -0 "$server" 2>/dev/null || break
  sleep 0.1
done
if [ -z "$control" ]; then
  echo "the simulator did not start:" >&2
  cat "$work/out" "$work/err" >&2
  exit 1
fi

node src/media-ca.js "$control" >"$work/media-ca.pem"
status=0
NODE_EXTRA_CA_CERTS="$work/media-ca.pem" node src/run.js "$control" || status=$?
if [ $status -ne 0 ]; then
  echo "--- what the simulator said:" >&2
  tail -n 50 "$work/err" >&2
fi
exit $status
