#!/usr/bin/env bash
# Dumps the database once a day, and removes old dumps. A dump gets its name once it is complete. A
# dump that fails is tried again after an hour. A start dumps at once, unless the newest dump is
# younger than 23 hours: a process that starts again and again must not push out the older dumps.
# With --once it makes one dump in any case, and ends.
set -euo pipefail
folder=${BACKUP_FOLDER:-/backups}
keep=${BACKUP_KEEP:-14}
interval_seconds=86400
fresh_seconds=82800
retry_seconds=3600

# Bash ignores `set -e` inside a condition, so each step returns its own failure.
backup() {
  local name
  name=orders-$(date -u +%Y-%m-%dT%H-%M-%SZ).dump
  # A dump that was killed leaves its part. The part of a dump in progress changes all the time.
  find "$folder" -name 'orders-*.dump.part' -mmin +60 -delete || return 1
  if ! pg_dump --format=custom --file="$folder/$name.part" || ! mv "$folder/$name.part" "$folder/$name"; then
    rm -f -- "$folder/$name.part"
    return 1
  fi
  echo "backup: $name, $(stat -c %s "$folder/$name") bytes"
  find "$folder" -name 'orders-*.dump' | sort | head -n "-$keep" | xargs -r rm --
}

# Prints the seconds since the newest dump; nothing if there is none.
newest_age() {
  local newest
  newest=$(find "$folder" -name 'orders-*.dump' -printf '%T@\n' | sort -n | tail -n 1)
  [ -z "$newest" ] || echo $(($(date +%s) - ${newest%.*}))
}

if [ "${1:-}" = --once ]; then
  backup
  exit
fi
trap 'exit 0' TERM INT
while true; do
  age=$(newest_age)
  if [ -n "$age" ] && [ "$age" -lt "$fresh_seconds" ]; then
    seconds=$((interval_seconds - age))
  elif backup; then
    seconds=$interval_seconds
  else
    echo 'backup: failed; it is tried again in an hour' >&2
    seconds=$retry_seconds
  fi
  sleep "$seconds" &
  wait $!
done
