{{ config(materialized='view') }}
select
    *,
    cast(order_ts as date) as order_date,
    quantity * cast(unit_price as decimal(18, 4)) - cast(discount as decimal(18, 4)) as net_amount
from {{ source('sales', 'revenue') }}
