# Sourced by scripts/test and .ci/run: installs what the build and the tests call from outside the workspace and what is
# missing on this machine, with the ordinary package clients. Changes nothing when all is there.

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }

install_packages() {
  # command:package
  local wanted=(cc:build-essential python3:python3 zbarimg:zbar-tools rsvg-convert:librsvg2-bin node:nodejs npm:npm)
  local missing=() pair
  for pair in "${wanted[@]}"; do
    command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if ! command -v apt-get >/dev/null; then
    echo "missing: ${missing[*]} (Debian's names); install them with this system's package client and try again" >&2
    return 1
  fi
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# Stock Baileys wants Node.js 20; distributions carry older ones. npm then brings one along, for this folder only.
ensure_node() {
  local major
  major=$(node -p 'process.versions.node.split(".")[0]')
  if [ "$major" -lt 20 ]; then
    [ -x target/tools/node_modules/node/bin/node ] ||
      npm install --prefix target/tools --no-save --no-audit --no-fund --loglevel=error node@22
    PATH="$PWD/target/tools/node_modules/node/bin:$PATH"
    export PATH
  fi
}

install_missing() {
  install_packages || return 1
  ensure_node || return 1
  if ! command -v cargo >/dev/null; then
    echo "missing: cargo; install Rust 1.94 or newer from https://rustup.rs and try again" >&2
    return 1
  fi
}

# The build script of waproto asks cargo to watch a file that it writes itself. The file is then younger than the run that
# wrote it, so the next call of cargo would run the script again and compile the largest crate of all a second time.
# Made older, it is what it is: unchanged.
settle_build_script() {
  [ ! -d target/release/build ] ||
    find target/release/build -path '*/waproto-*/out/whatsapp.local.desc' -exec touch -d 2000-01-01 {} +
}
