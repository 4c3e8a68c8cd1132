{#- On Snowflake every statement says who it is for: the tag of the step (a JSON object in
    SALES_ASSETS_QUERY_TAG, see sales_assets/resources/query_tag.py), with the model or test as its
    asset, and none runs for longer than the setting allows. dbt-snowflake calls this before each
    model and test. -#}
{% macro snowflake__set_query_tag() -%}
    {%- set told = fromjson(env_var('SALES_ASSETS_QUERY_TAG', '{}'), default={}) -%}
    {%- do told.update({'app': 'sales_assets', 'asset': model.fqn[1:] | join('/')}) -%}
    {%- set tag = tojson(told, sort_keys=true) | replace("'", "''") -%}
    {%- set seconds = env_var('SALES_ASSETS_SNOWFLAKE_STATEMENT_TIMEOUT_SECONDS', '3600') | int -%}
    {%- do run_query(
        "alter session set statement_timeout_in_seconds = " ~ seconds ~ " query_tag = '" ~ tag ~ "'"
    ) -%}
    {{ return('') }}
{%- endmacro %}
