#!/bin/bash
# What of the image's documented start Compose relies on: POSTGRES_USER, POSTGRES_PASSWORD_FILE and
# /docker-entrypoint-initdb.d, the scripts run while only the unix socket listens.
set -euo pipefail

if [ "$(id -u)" = 0 ]; then
    exec setpriv --reuid=postgres --regid=postgres --clear-groups "$0" "$@"
fi
socket=-cunix_socket_directories=$PGHOST
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    initdb --pgdata="$PGDATA" --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" \
        --auth-local=trust --auth-host=scram-sha-256
    echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
    pg_ctl --pgdata="$PGDATA" --wait --options="$socket -clisten_addresses=''" start
    for script in /docker-entrypoint-initdb.d/*.sh; do
        "$script"
    done
    pg_ctl --pgdata="$PGDATA" --wait --mode=fast stop
fi
exec "$@" "$socket" "-clisten_addresses=*"
