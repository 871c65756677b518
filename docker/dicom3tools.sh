#!/usr/bin/env bash
# dciodvfy checks every DICOM object we make: the one on the machine, else Debian's package when root, else its tests are skipped.
set -euo pipefail
command -v dciodvfy >/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "  Installing dicom3tools to check our DICOM objects …"
  if apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq dicom3tools >/dev/null; then exit 0; fi
fi
echo "  Without dciodvfy (Debian, Ubuntu: sudo apt install dicom3tools) the tests that need it are skipped."
