{#- The parts of the data tests in tests/generic. Each gives a SELECT of what is wrong, with two
    columns: `broken_rule` and `place` (the row's key, as text). -#}


{#- Rows that break a rule. rules: name -> condition that must be true (NULL counts as broken). -#}
{% macro rows_that_break(rules, rows, key) -%}
    select
        broken_rule,
        {{ as_text(key) }} as place
    from (
        select
            *,
            case
                {%- for name, rule in rules.items() %}
                when not coalesce({{ rule }}, false) then '{{ name }}'
                {%- endfor %}
            end as broken_rule
        from {{ rows }}
    ) as judged
    where broken_rule is not null
{%- endmacro %}


{#- Keys that more than one row has. -#}
{% macro keys_that_repeat(rows, key) -%}
    select
        'more than one row has this key' as broken_rule,
        {{ as_text(key) }} as place
    from {{ rows }}
    group by {{ key | join(', ') }}
    having count(*) > 1
{%- endmacro %}


{#- Keys whose last column is a whole number (a line of a file), which more than one row has. -#}
{% macro numbers_that_repeat(rows, key, number) -%}
    {{ return(adapter.dispatch('numbers_that_repeat')(rows, key, number)) }}
{%- endmacro %}

{% macro default__numbers_that_repeat(rows, key, number) -%}
    {{ return(keys_that_repeat(rows, key + [number])) }}
{%- endmacro %}

{#- A group per row is what makes this dear (7.3M rows: 3.6 CPU-s and 900 MB). So take 60 numbers
    at a time, one bit each: their sum equals their OR exactly if no number is there twice
    (0.8 CPU-s, 30 MB). The place is then the first of the 60. -#}
{% macro duckdb__numbers_that_repeat(rows, key, number) -%}
    {%- set bit = '1::bigint << (' ~ number ~ ' % 60)::integer' -%}
    {%- set block = number ~ ' // 60 * 60' -%}
    select
        'more than one row has this key' as broken_rule,
        {{ as_text(key + [block]) }} || ' or one of the 59 after it' as place
    from {{ rows }}
    group by {{ key | join(', ') }}, {{ number }} // 60
    having sum({{ bit }}) <> bit_or({{ bit }})
{%- endmacro %}


{#- Totals per source and currency (or `by` other columns) that differ between two sets of rows, to the last digit. A
    total that rows of `whole` lack is not compared.
    totals: expression over `parts` -> expression over `whole`. left_out: condition on the rows of
    `whole` that `parts` does not hold; they are added to it. -#}
{% macro totals_that_differ(totals, parts, whole, left_out=none, by=['source', 'currency']) -%}
    select
        'the totals are those of {{ whole }}' as broken_rule,
        {{ as_text(by) }} as place
    from (
        select
            {{ by | join(', ') }}
            {%- for part in totals %},
            {{ part }} as total_{{ loop.index }},
            0 as expected_{{ loop.index }}
            {%- endfor %}
        from {{ parts }}
        union all
        select
            {{ by | join(', ') }}
            {%- for expression in totals.values() %},
            {{ 'case when ' ~ left_out ~ ' then ' ~ expression ~ ' else 0 end' if left_out else 0 }},
            {{ expression }}
            {%- endfor %}
        from {{ whole }}
    ) as both_sides
    group by {{ by | join(', ') }}
    having
        {%- for _ in totals %}
        {{ 'or ' if not loop.first }}(
            coalesce(sum(total_{{ loop.index }}), 0) <> sum(expected_{{ loop.index }})
            and count(*) = count(expected_{{ loop.index }})
        )
        {%- endfor %}
{%- endmacro %}


{% macro as_text(columns) -%}
    {%- for column in columns -%}
        {{ " || ', ' || " if not loop.first }}coalesce(cast({{ column }} as varchar), '(null)')
    {%- endfor -%}
{%- endmacro %}
