select * from {{ ref('stg_sales') }}
{% if is_incremental() %}
    where order_date >= '{{ var("min_date") }}' and order_date < '{{ var("max_date") }}'
{% endif %}
