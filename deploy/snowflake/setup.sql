-- Snowflake for an installation of sales-assets, as its settings have it.
-- Made by `sales-assets setup snowflake`; run it as a user who has ACCOUNTADMIN. Running it again
-- changes nothing that is there but the user's public key: what is missing is made, rights are
-- added.

-- 1. Database, schemas and virtual warehouse, which stay SYSADMIN's. In schemas with managed access
--    only their owner gives rights to others, not who owns a table. One that was there before gets it
--    by ALTER SCHEMA ... ENABLE MANAGED ACCESS, and SYSADMIN has to own it.
USE ROLE SYSADMIN;
CREATE DATABASE IF NOT EXISTS "SALES";
CREATE SCHEMA IF NOT EXISTS "SALES"."MAIN" WITH MANAGED ACCESS;
CREATE SCHEMA IF NOT EXISTS "SALES"."STAGING" WITH MANAGED ACCESS;
CREATE SCHEMA IF NOT EXISTS "SALES"."CORE" WITH MANAGED ACCESS;
CREATE SCHEMA IF NOT EXISTS "SALES"."MARTS" WITH MANAGED ACCESS;
CREATE WAREHOUSE IF NOT EXISTS "SALES_ASSETS"
  WAREHOUSE_SIZE = XSMALL
  AUTO_SUSPEND = 60
  AUTO_RESUME = TRUE
  INITIALLY_SUSPENDED = TRUE
  STATEMENT_TIMEOUT_IN_SECONDS = 3600;

-- 2. The role of the pipeline, and its user, who can sign in by key pair only.
USE ROLE USERADMIN;
CREATE ROLE IF NOT EXISTS "SALES_ASSETS";
CREATE USER IF NOT EXISTS "LOADER"
  LOGIN_NAME = 'LOADER'
  TYPE = SERVICE
  DEFAULT_SECONDARY_ROLES = ();

-- 3. What the pipeline may do, which is all that it does. What it makes is its own. It makes no
--    schema, and dbt makes none that is there.
USE ROLE SECURITYADMIN;
GRANT ROLE "SALES_ASSETS" TO USER "LOADER";
GRANT ROLE "SALES_ASSETS" TO ROLE SYSADMIN;
GRANT USAGE ON WAREHOUSE "SALES_ASSETS" TO ROLE "SALES_ASSETS";
GRANT USAGE ON DATABASE "SALES" TO ROLE "SALES_ASSETS";
GRANT USAGE, CREATE TABLE, CREATE STAGE ON SCHEMA "SALES"."MAIN" TO ROLE "SALES_ASSETS";
GRANT USAGE, CREATE VIEW ON SCHEMA "SALES"."STAGING" TO ROLE "SALES_ASSETS";
GRANT USAGE, CREATE TABLE, CREATE VIEW ON SCHEMA "SALES"."CORE" TO ROLE "SALES_ASSETS";
GRANT USAGE, CREATE TABLE, CREATE VIEW ON SCHEMA "SALES"."MARTS" TO ROLE "SALES_ASSETS";
USE ROLE ACCOUNTADMIN;
-- What each query cost, and what the virtual warehouse was metered for: `sales-assets costs`.
GRANT DATABASE ROLE SNOWFLAKE.USAGE_VIEWER TO ROLE "SALES_ASSETS";

-- A role for people who read. Give it to them, and a virtual warehouse of their own, so that their
-- queries and the loads neither wait for each other nor share a bill.
USE ROLE USERADMIN;
CREATE ROLE IF NOT EXISTS "SALES_ASSETS_READER";
USE ROLE SECURITYADMIN;
GRANT ROLE "SALES_ASSETS_READER" TO ROLE SYSADMIN;
GRANT USAGE ON DATABASE "SALES" TO ROLE "SALES_ASSETS_READER";
GRANT USAGE ON SCHEMA "SALES"."CORE" TO ROLE "SALES_ASSETS_READER";
GRANT SELECT ON ALL TABLES IN SCHEMA "SALES"."CORE" TO ROLE "SALES_ASSETS_READER";
GRANT SELECT ON FUTURE TABLES IN SCHEMA "SALES"."CORE" TO ROLE "SALES_ASSETS_READER";
GRANT SELECT ON ALL VIEWS IN SCHEMA "SALES"."CORE" TO ROLE "SALES_ASSETS_READER";
GRANT SELECT ON FUTURE VIEWS IN SCHEMA "SALES"."CORE" TO ROLE "SALES_ASSETS_READER";
GRANT USAGE ON SCHEMA "SALES"."MARTS" TO ROLE "SALES_ASSETS_READER";
GRANT SELECT ON ALL TABLES IN SCHEMA "SALES"."MARTS" TO ROLE "SALES_ASSETS_READER";
GRANT SELECT ON FUTURE TABLES IN SCHEMA "SALES"."MARTS" TO ROLE "SALES_ASSETS_READER";
GRANT SELECT ON ALL VIEWS IN SCHEMA "SALES"."MARTS" TO ROLE "SALES_ASSETS_READER";
GRANT SELECT ON FUTURE VIEWS IN SCHEMA "SALES"."MARTS" TO ROLE "SALES_ASSETS_READER";

-- 4. The stage on the bucket of the staged objects. `sales-assets setup aws --part snowflake` and
--    `--part trust` print the two policies of the role in AWS. Never replace the integration: a new
--    one has another external id, and AWS would refuse it.
USE ROLE ACCOUNTADMIN;
CREATE STORAGE INTEGRATION IF NOT EXISTS "SALES_MAIN_STAGED"
  TYPE = EXTERNAL_STAGE
  STORAGE_PROVIDER = 'S3'
  STORAGE_AWS_ROLE_ARN = 'arn:aws:iam::123456789012:role/sales-assets-snowflake'
  STORAGE_ALLOWED_LOCATIONS = ('s3://sales/staged/')
  ENABLED = TRUE;
GRANT USAGE ON INTEGRATION "SALES_MAIN_STAGED" TO ROLE SYSADMIN;
USE ROLE SYSADMIN;
CREATE STAGE IF NOT EXISTS "SALES"."MAIN"."STAGED"
  URL = 's3://sales/staged/'
  STORAGE_INTEGRATION = "SALES_MAIN_STAGED";
-- The pipeline reads by the stage, and needs no right on the integration behind it.
USE ROLE SECURITYADMIN;
GRANT USAGE ON STAGE "SALES"."MAIN"."STAGED" TO ROLE "SALES_ASSETS";
-- Two of these values go into the trust policy of the role in AWS: STORAGE_AWS_IAM_USER_ARN and
-- STORAGE_AWS_EXTERNAL_ID.
USE ROLE ACCOUNTADMIN;
DESC INTEGRATION "SALES_MAIN_STAGED";

-- 5. TO DO: the public key of the user;
--    the private key's file cannot be read (No such file or directory).
--    Make a key pair, and keep the private key where the installation's settings look for it:
--      openssl genrsa 2048 | openssl pkcs8 -topk8 -v2 aes256 -inform PEM -out snowflake_key.p8
--    Then run `sales-assets setup snowflake` again, or put what this prints in the place of TO DO:
--      openssl rsa -in snowflake_key.p8 -pubout -outform DER | openssl base64 -A
--    Until then this last statement fails, and nobody can sign in.
USE ROLE USERADMIN;
ALTER USER "LOADER" SET RSA_PUBLIC_KEY = 'TO DO';
