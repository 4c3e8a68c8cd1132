{% set key = ['order_date'] %}
{{ config(meta={'replace_by': key}) }}

with revenue as (
    select
        *,
        {{ team_of('source') }} as team
    from {{ ref('daily_revenue') }}
    where {{ touched(key) }}
)

select
    order_date,
    team,
    count(distinct source) as sources,
    -- Orders of one source in two currencies may be the same ones.
    case
        when count(*) = count(distinct source) and count(*) = count(orders)
            then cast(sum(orders) as bigint)
    end as orders,
    -- As in all marts, though DuckDB has a word of that name.
    cast(sum(lines) as bigint) as lines,  -- noqa: RF04
    {{ reporting_currency() }} as reporting_currency,
    {{ complete_sum('reporting_gross_revenue') }} as reporting_gross_revenue,
    {{ complete_sum('reporting_returned_revenue') }} as reporting_returned_revenue,
    {{ complete_sum('reporting_net_revenue') }} as reporting_net_revenue,
    cast(sum(unconverted_lines) as bigint) as unconverted_lines,
    cast(sum(stale_rate_lines) as bigint) as stale_rate_lines
from revenue
group by order_date, team
