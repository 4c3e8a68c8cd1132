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
    cast(sum(net_amount) as decimal(38, 4)) as net_revenue
{%- endmacro %}


{#- Different orders. Without any order id their number is unknown, which is not zero.
    Counting them takes more time and memory than all other measures together, and the counts of
    several rows do not add up: only for marts where one row is what is asked for. -#}
{% macro number_of_orders() -%}
    nullif(count(distinct order_id), 0) as orders
{%- endmacro %}
