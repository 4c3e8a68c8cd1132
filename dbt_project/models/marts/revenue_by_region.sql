{% set key = ['source', 'order_date'] %}
{{ config(meta={'replace_by': key}) }}

with sales as (
    select
        *,
        {{ stated('region') }} as stated_region
    from {{ ref('fct_sales') }}
    where {{ touched(key) }}
)

select
    order_date,
    source,
    stated_region as region,
    currency,
    {{ sales_measures() }}
from sales
group by order_date, source, stated_region, currency
