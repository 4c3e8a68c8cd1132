{#- Converting an amount from one currency to another, exactly, rounded once.

    Both rates are units for one euro with six decimals; the result has ten. Everything is whole
    numbers of 128 bits: amount * 10^4 * rate_to * 10^6 * 10^6 / (rate_from * 10^6), which holds any
    DECIMAL(18,4) and any rate below 10^7. Halves are rounded away from zero. -#}
{% macro converted(amount, rate_from, rate_to) -%}
    {{ return(adapter.dispatch('converted')(amount, rate_from, rate_to)) }}
{%- endmacro %}

{#- DuckDB divides decimals as floats, but whole numbers by // exactly. -#}
{% macro duckdb__converted(amount, rate_from, rate_to) -%}
    {%- set numerator -%}
        (
            cast(cast({{ amount }} as decimal(38, 4)) * 10000 as hugeint)
            * cast(cast({{ rate_to }} as decimal(38, 6)) * 1000000 as hugeint) * 1000000
        )
    {%- endset -%}
    {%- set denominator -%}
        cast(cast({{ rate_from }} as decimal(38, 6)) * 1000000 as hugeint)
    {%- endset -%}
    cast(
        cast(
            (2 * {{ numerator }} + sign({{ amount }}) * {{ denominator }}) // (2 * {{ denominator }})
            as decimal(38, 0)
        ) * 0.0000000001 as decimal(38, 10)
    )
{%- endmacro %}

{#- Elsewhere numbers of 38 digits divide exactly once the remainder is taken off. -#}
{% macro default__converted(amount, rate_from, rate_to) -%}
    {%- set numerator -%}
        (
            2 * cast(cast({{ amount }} as decimal(38, 4)) * 10000 as decimal(38, 0))
            * cast(cast({{ rate_to }} as decimal(38, 6)) * 1000000 as decimal(38, 0)) * 1000000
            + case when {{ amount }} < 0 then -1 else 1 end
            * cast(cast({{ rate_from }} as decimal(38, 6)) * 1000000 as decimal(38, 0))
        )
    {%- endset -%}
    {%- set denominator -%}
        (2 * cast(cast({{ rate_from }} as decimal(38, 6)) * 1000000 as decimal(38, 0)))
    {%- endset -%}
    cast(
        ({{ numerator }} - mod({{ numerator }}, {{ denominator }})) / {{ denominator }}
        * 0.0000000001 as decimal(38, 10)
    )
{%- endmacro %}


{#- How many days old a stale rate may be, by the contract of a line's source. The var
    `rate_age_days` has the sources that differ from the usual `rate_age_days_usual`. -#}
{% macro rate_age_limit(source) -%}
    {%- set ages = var('rate_age_days') -%}
    {%- if ages -%}
        case {{ source }}
            {%- for name, days in ages.items() %}
            when '{{ name }}' then {{ days | int }}
            {%- endfor %}
            else {{ var('rate_age_days_usual') | int }}
        end
    {%- else -%}
        {{ var('rate_age_days_usual') | int }}
    {%- endif -%}
{%- endmacro %}


{#- Whether a currency had no rates any more on a day: the var `ended_currencies` has the day of
    the last rate of those that some contract uses. -#}
{% macro currency_has_ended(currency, day) -%}
    {%- set ended = var('ended_currencies') -%}
    {%- if ended -%}
        (
            {%- for code, last_day in ended.items() %}
            {{ 'or ' if not loop.first }}({{ currency }} = '{{ code }}' and {{ day }} > cast('{{ last_day }}' as date))
            {%- endfor %}
        )
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}


{#- The reporting currency as a literal. -#}
{% macro reporting_currency() -%}
    '{{ var('reporting_currency') }}'
{%- endmacro %}
