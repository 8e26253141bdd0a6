#!/bin/bash
# Makes a database and a role for each service, when PostgreSQL's data folder is new.
set -euo pipefail

for service in identity catalog orders payments notifications; do
    psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres \
        --set=name="soko_$service" --set=file="/run/secrets/soko/$service" <<'SQL'
\set password `cat :file`
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
done
# Only a superuser may.
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=soko_catalog \
    --command="CREATE EXTENSION vector"
