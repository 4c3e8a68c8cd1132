{#- The incremental strategy of all tables: delete what the window touches, insert what the model
    computed for exactly the same keys. A key without lines any more is deleted and not inserted.

    A model names its key by `config(meta={'replace_by': [...]})` and filters its input by the
    same key. Both statements are one transaction: a failure leaves the rows as they were. -#}
{% macro get_incremental_replace_window_sql(arg_dict) -%}
    {%- set columns = get_quoted_csv(arg_dict.dest_columns | map(attribute='name')) -%}
    {%- set statements -%}
    delete from {{ arg_dict.target_relation }}
    where {{ replaced(config.get('meta').replace_by) }};

    insert into {{ arg_dict.target_relation }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict.temp_relation }}
    {%- endset -%}
    {{ return(adapter.dispatch('one_transaction')(statements)) }}
{%- endmacro %}


{#- dbt-duckdb opens a transaction for each model by itself. -#}
{% macro default__one_transaction(statements) -%}
    {{ return(statements) }}
{%- endmacro %}


{#- dbt-snowflake commits each statement by itself. -#}
{% macro snowflake__one_transaction(statements) -%}
    {{ return(snowflake_dml_explicit_transaction(statements)) }}
{%- endmacro %}
