{% set key = ['source', 'customer_id'] %}
{{ config(meta={'replace_by': key}) }}

with sales as (
    select * from {{ ref('fct_sales') }}
    where
        customer_id is not null
        and {{ touched(key) }}
)

select
    source,
    customer_id,
    currency,
    min(order_date) as first_order_date,
    max(order_date) as last_order_date,
    {{ number_of_orders() }},
    {{ sales_measures() }}
from sales
group by source, customer_id, currency
