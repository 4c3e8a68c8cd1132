with revenue as (
    select * from {{ source('warehouse', 'revenue') }}
),

with_gross as (
    select
        *,
        cast(
            case
                when kind = 'sale' then amount
                when net_amount < 0 then 0
                else greatest(amount, 0)
            end as decimal(18, 4)
        ) as gross_amount
    from revenue
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
    cast(gross_amount - net_amount as decimal(19, 4)) as returns_amount,
    net_amount,
    currency,
    kind,
    file,
    file_sha256,
    line
from with_gross
