{{ config(meta={'replace_by': ['partition_date']}) }}

with sales as (
    select * from {{ ref('stg_sales') }}
    where {{ in_changed_days('partition_date') }}
),

rates as (
    select * from {{ ref('stg_exchange_rates') }}
),

rated as (
    select
        sales.*,
        rates.rate_date,
        rates.currency_rate,
        rates.reporting_rate,
        case
            when sales.currency = {{ reporting_currency() }} then 'same_currency'
            when {{ currency_has_ended('sales.currency', 'sales.order_date') }} then 'ended'
            when rates.rate_date is null then 'missing'
            when not rates.is_stale then 'current'
            when
                sales.order_date - rates.rate_date <= {{ rate_age_limit('sales.source') }}
                then 'stale'
            else 'too_old'
        end as rate_state
    from sales
    left join rates
        on
            sales.order_date = rates.day
            and sales.currency = rates.currency
            and sales.currency <> {{ reporting_currency() }}
),

converted as (
    select
        *,
        case
            when rate_state = 'same_currency' then cast(gross_amount as decimal(38, 10))
            when rate_state in ('current', 'stale')
                then {{ converted('gross_amount', 'currency_rate', 'reporting_rate') }}
        end as reporting_gross_amount,
        case
            when rate_state = 'same_currency' then cast(net_amount as decimal(38, 10))
            when rate_state in ('current', 'stale')
                then {{ converted('net_amount', 'currency_rate', 'reporting_rate') }}
        end as reporting_net_amount
    from rated
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
    {{ reporting_currency() }} as reporting_currency,
    reporting_gross_amount,
    cast(reporting_gross_amount - reporting_net_amount as decimal(38, 10))
        as reporting_returns_amount,
    reporting_net_amount,
    rate_state,
    rate_date,
    currency_rate,
    reporting_rate,
    kind,
    file,
    file_sha256,
    line
from converted
