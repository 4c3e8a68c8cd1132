with published as (
    select
        rate_date,
        currency,
        rate
    from {{ source('warehouse', 'exchange_rates') }}
    union all
    -- All rates are per one euro, so that its own is not published.
    select distinct
        rate_date,
        'EUR' as currency,
        cast(1 as decimal(18, 6)) as rate
    from {{ source('warehouse', 'exchange_rates') }}
),

days as (
    select * from {{ source('warehouse', 'rate_days') }}
),

-- A rate between two currencies is made of two that were published on one day.
pairs as (
    select
        published.rate_date,
        published.currency,
        published.rate as currency_rate,
        reporting.rate as reporting_rate,
        lead(published.rate_date)
            over (partition by published.currency order by published.rate_date)
            as next_rate_date
    from published
    inner join published as reporting on published.rate_date = reporting.rate_date
    where reporting.currency = {{ reporting_currency() }}
)

select
    days.day,
    pairs.currency,
    pairs.rate_date,
    pairs.currency_rate,
    pairs.reporting_rate,
    days.expected_rate_date,
    pairs.rate_date < days.expected_rate_date as is_stale
from days
inner join pairs
    on
        days.day >= pairs.rate_date
        and (pairs.next_rate_date is null or days.day < pairs.next_rate_date)
