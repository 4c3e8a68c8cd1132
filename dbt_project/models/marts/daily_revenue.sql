{% set key = ['source', 'order_date'] %}
{{ config(meta={'replace_by': key}) }}

with sales as (
    select * from {{ ref('fct_sales') }}
    where {{ touched(key) }}
)

select
    order_date,
    source,
    currency,
    {{ number_of_orders() }},
    {{ sales_measures() }},
    count(case when kind = 'sale' then 1 end) as sale_lines,
    count(case when kind = 'return' then 1 end) as return_lines,
    count(case when kind = 'cancellation' then 1 end) as cancellation_lines
from sales
group by order_date, source, currency
