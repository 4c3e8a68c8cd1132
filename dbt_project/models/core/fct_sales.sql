{{ config(meta={'replace_by': ['partition_date']}) }}

with sales as (
    select * from {{ ref('stg_sales') }}
)

select
    source,
    partition_date,
    order_id,
    line_number,
    order_date,
    ordered_at,
    product,
    category,
    customer_id,
    region,
    quantity,
    unit_price,
    amount,
    gross_amount,
    returns_amount,
    net_amount,
    currency,
    kind,
    file,
    file_sha256,
    line
from sales
where {{ in_changed_days('partition_date') }}
