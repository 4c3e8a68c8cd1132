{{ config(materialized='table') }}
select
    customer_id, currency, count(distinct order_id) as orders, count(*) as lines,
    sum(quantity) as units, sum(net_amount) as net_revenue
from {{ ref('fct_sales') }}
where customer_id is not null
group by all
