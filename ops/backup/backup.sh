#!/usr/bin/env bash
# Dumps the database now and then once a day, and removes old dumps. A dump gets its name once it is
# complete. A dump that fails is tried again after an hour. With --once it makes one dump and ends.
set -euo pipefail
folder=${BACKUP_FOLDER:-/backups}
keep=${BACKUP_KEEP:-14}

backup() {
  local name
  name=orders-$(date -u +%Y-%m-%dT%H-%M-%SZ).dump
  pg_dump --format=custom --file="$folder/$name.part" || return 1
  mv "$folder/$name.part" "$folder/$name"
  echo "backup: $name, $(stat -c %s "$folder/$name") bytes"
  find "$folder" -name 'orders-*.dump' | sort | head -n "-$keep" | xargs -r rm --
}

if [ "${1:-}" = --once ]; then
  backup
  exit
fi
trap 'exit 0' TERM INT
while true; do
  if backup; then seconds=86400; else
    echo 'backup: failed; it is tried again in an hour' >&2
    seconds=3600
  fi
  sleep "$seconds" &
  wait $!
done
