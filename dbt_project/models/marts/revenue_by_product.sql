{% set key = ['source', 'order_date'] %}
{{ config(meta={'replace_by': key}) }}

with sales as (
    select
        *,
        {{ stated('product') }} as stated_product,
        {{ stated('category') }} as stated_category
    from {{ ref('fct_sales') }}
    where {{ touched(key) }}
)

select
    order_date,
    source,
    stated_product as product,
    stated_category as category,
    currency,
    {{ sales_measures() }}
from sales
group by order_date, source, stated_product, stated_category, currency
