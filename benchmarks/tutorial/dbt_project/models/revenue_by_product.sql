select
    order_date, sku, category, currency, count(*) as lines,
    sum(quantity) as units, sum(net_amount) as net_revenue
from {{ ref('fct_sales') }}
{% if is_incremental() %}
    where order_date >= '{{ var("min_date") }}' and order_date < '{{ var("max_date") }}'
{% endif %}
group by all
