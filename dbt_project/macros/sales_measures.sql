{#- The measures that all marts share, over lines of fct_sales: one definition, so that the marts
    cannot disagree. -#}
{% macro sales_measures() -%}
    count(*) as lines,
    {#- The units behind gross revenue; unknown if no line states a quantity. #}
    cast(
        sum(
            case
                when kind = 'sale' or gross_amount > 0 then quantity
                when quantity is not null then 0
            end
        ) as decimal(38, 4)
    ) as units,
    cast(sum(gross_amount) as decimal(38, 4)) as gross_revenue,
    cast(sum(returns_amount) as decimal(38, 4)) as returned_revenue,
    cast(sum(net_amount) as decimal(38, 4)) as net_revenue,
    {{ reporting_currency() }} as reporting_currency,
    {{ complete_sum('reporting_gross_amount') }} as reporting_gross_revenue,
    {{ complete_sum('reporting_returns_amount') }} as reporting_returned_revenue,
    {{ complete_sum('reporting_net_amount') }} as reporting_net_revenue,
    count(*) - count(reporting_net_amount) as unconverted_lines,
    count(case when rate_state = 'stale' then 1 end) as stale_rate_lines
{%- endmacro %}


{#- The sum of an amount that some lines may not have: then there is none, since a part of a sum
    would pass for the whole. -#}
{% macro complete_sum(amount) -%}
    case when count(*) = count({{ amount }}) then cast(sum({{ amount }}) as decimal(38, 10)) end
{%- endmacro %}


{#- Different orders. Without any order id their number is unknown, which is not zero.
    Counting them takes more time and memory than all other measures together, and the counts of
    several rows do not add up: only for marts where one row is what is asked for. -#}
{% macro number_of_orders() -%}
    nullif(count(distinct order_id), 0) as orders
{%- endmacro %}
