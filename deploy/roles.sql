-- Written by `python -m portal.roles`. Once on each cluster, as superuser, before the first migration:
--   psql -v ON_ERROR_STOP=1 -v database=linmen -f roles.sql        (linmen_vault on the vault's)
DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'linmen_owner') THEN CREATE ROLE "linmen_owner"; END IF; END $$;
ALTER ROLE "linmen_owner" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOREPLICATION;
DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'linmen_app') THEN CREATE ROLE "linmen_app"; END IF; END $$;
ALTER ROLE "linmen_app" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOREPLICATION;
CREATE DATABASE :"database" OWNER "linmen_owner" TEMPLATE "template1";
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO "linmen_app";
\connect :"database"
ALTER SCHEMA public OWNER TO "linmen_owner";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO "linmen_app";
ALTER DEFAULT PRIVILEGES FOR ROLE "linmen_owner" IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "linmen_app";
ALTER DEFAULT PRIVILEGES FOR ROLE "linmen_owner" IN SCHEMA public GRANT USAGE ON SEQUENCES TO "linmen_app";
