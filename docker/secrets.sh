#!/usr/bin/env bash
# Makes what docker/compose.yaml expects in docker/secrets, and leaves alone what is there: docker/secrets.sh NAME
# NAME is what people type into their browsers; a certificate of your own goes to tls_certificate.pem and tls_key.pem first.
set -euo pipefail
name=${1:?the name people type into their browsers}
umask 077
mkdir -p "$(dirname "$0")/secrets"
cd "$(dirname "$0")/secrets"
random() { head -c 48 /dev/urandom | base64 | tr -d '\n=+/'; }
put() { [ -e "$1" ] || printf '%s' "$2" > "$1"; }
put secret_key "$(random)"
put metrics_token "$(random)"
put database_password "$(random)"
put database_url "postgres://firstread:$(cat database_password)@database/firstread"
if [ ! -e tls_certificate.pem ]; then
  openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj "/CN=$name" -addext "subjectAltName=DNS:$name" \
    -keyout tls_key.pem -out tls_certificate.pem 2> /dev/null
  echo "Made a certificate that no browser trusts: put your own into docker/secrets before people use it."
fi
# Compose mounts each file as it is, and the program's own account reads it there; nobody else gets into the folder.
chmod 0444 ./*
chmod 0700 .
