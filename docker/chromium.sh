#!/usr/bin/env bash
# Browser tests need Chromium: the one on the machine, else Debian's package when root.
set -euo pipefail
for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
  [ -n "$name" ] && command -v "$name" >/dev/null && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "  Installing Chromium for the browser tests …"
  apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null
  exit 0
fi
echo "The browser tests need Chromium: install it (Debian, Ubuntu: sudo apt install chromium), or set CHROMIUM to its path."
exit 1
