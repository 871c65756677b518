#!/usr/bin/env bash
# One program, several roles: docker/run.sh web|worker [default|sending|scoring]|beat|receiver …|manage …
set -euo pipefail
cd "$(dirname "$0")/.."
python=.venv/bin/python
[ -x "$python" ] || python=python3
export DJANGO_SETTINGS_MODULE=${DJANGO_SETTINGS_MODULE:-config.settings.production}
# Spinning threads of OpenMP take the cores from everybody else.
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-PASSIVE}
role=${1:?web, worker, beat, receiver or manage}
shift
case $role in
  web)
    # Heartbeats of web processes go to memory: a slow disk would look like a dead process.
    exec "$python" -m gunicorn config.wsgi --bind "${WEB_BIND:-0.0.0.0:8000}" --workers "${WEB_WORKERS:-2}" \
      --threads "${WEB_THREADS:-4}" --timeout 120 --graceful-timeout 30 --worker-tmp-dir /dev/shm --log-level warning "$@"
    ;;
  worker)
    queues=${1:-default}
    shift || true
    more=()
    case $queues in
      default) queues=default,sending ;;
      scoring) queues=scoring-urgent,scoring && more=(-I screening.gpu_tasks,reports.gpu_tasks) ;;
      sending) ;;
      *) echo "worker default, worker sending or worker scoring" >&2 && exit 2 ;;
    esac
    exec "$python" -m celery -A config worker --pool solo --loglevel WARNING --without-gossip --without-mingle \
      -n "${queues%%[-,]*}@%h" -Q "$queues" "${more[@]}" "$@"
    ;;
  beat)
    exec "$python" -m celery -A config beat --loglevel WARNING -s "${BEAT_SCHEDULE:-/tmp/firstread-beat}" --pidfile= "$@"
    ;;
  receiver) exec "$python" manage.py dicom_receiver "$@" ;;
  manage) exec "$python" manage.py "$@" ;;
  # What follows is asked by the container's health check.
  healthy) exec "$python" -m config.healthy web ;;
  answering) exec "$python" -m celery -A config inspect ping --timeout 30 -d "${1:?a worker}@$(hostname)" ;;
  beating) [ -n "$(find "${BEAT_SCHEDULE:-/tmp/firstread-beat}"* -mmin -10)" ] ;;
  listening) exec "$python" -m config.healthy port "${1:?a port}" ;;
  *) echo "no role $role: web, worker, beat, receiver or manage" >&2 && exit 2 ;;
esac
