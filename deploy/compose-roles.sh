#!/bin/sh
# Run by the postgres image when its cluster is new: the roles of roles.sql, with passwords, since in containers the
# kernel cannot say who asks. psql reads the passwords from their files itself: none is an argument, none is logged.
set -eu
psql -q -v ON_ERROR_STOP=1 -U "${POSTGRES_USER:-postgres}" -v database="$LINMEN_DATABASE" -f /linmen/roles.sql
psql -q -v ON_ERROR_STOP=1 -U "${POSTGRES_USER:-postgres}" <<'SQL'
\set app `cat /run/secrets/app_password`
\set owner `cat /run/secrets/owner_password`
ALTER ROLE linmen_app PASSWORD :'app';
ALTER ROLE linmen_owner PASSWORD :'owner';
SQL
