{#- Schemas are called exactly `staging`, `core` and `marts`, in every environment: environments
    differ by database (a file, or a Snowflake database), not by a prefix of the schema's name. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
