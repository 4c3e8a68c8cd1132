{#- dbt puts what an incremental model computes into a temporary table, then our strategy inserts it
    (replace_window.sql). The models read nothing that the strategy deletes, so a temporary view
    does as well, without writing every row twice or holding them in memory.
    On Snowflake the config `tmp_relation_type: view` does the same; dbt-duckdb has no such
    setting, so this replaces its macro, for temporary tables of this strategy only. -#}
{% macro duckdb__create_table_as(
    temporary, relation, compiled_code, language='sql', partitioned_by=none, sorted_by=none
) -%}
    {%- if temporary and config.get('incremental_strategy') == 'replace_window' -%}
        {{ get_assert_columns_equivalent(compiled_code) }}
        create temporary view {{ relation.include(database=false, schema=false) }} as (
            {{ compiled_code }}
        )
    {%- else -%}
        {{ dbt.duckdb__create_table_as(
            temporary, relation, compiled_code, language, partitioned_by, sorted_by
        ) }}
    {%- endif -%}
{%- endmacro %}
