{#- A mart of all teams: no key twice, net is gross less returned, possible counts, and the totals
    of the lines for each of its rows. In a run with a window, only the rows that it replaced. -#}
{% test team_mart_is_sound(model, key, replace_by) %}

{% set rules = {
    'there are lines of a source': 'sources between 1 and lines',
    'orders are unknown or 1 to lines': 'orders is null or orders between 1 and lines',
    'all lines are converted or the row has no reporting amount':
        '(unconverted_lines = 0) = (reporting_net_revenue is not null)',
    'net is gross less returned in the reporting currency': "unconverted_lines > 0
        or reporting_net_revenue = reporting_gross_revenue - reporting_returned_revenue",
    'possible numbers of lines': 'unconverted_lines >= 0
        and stale_rate_lines between 0 and lines - unconverted_lines',
} %}
{% set totals = {
    'lines': '1',
    'reporting_net_revenue': 'reporting_net_amount',
    'unconverted_lines': 'case when reporting_net_amount is null then 1 else 0 end',
} %}

with mart as (
    select * from {{ model }}
    where {{ touched(replace_by) }}
),

sale_lines as (
    select
        *,
        {{ team_of('source') }} as team
    from {{ ref('fct_sales') }}
    where {{ touched(replace_by) }}
)

{{ rows_that_break(rules, 'mart', key) }}
union all
{{ keys_that_repeat('mart', key) }}
union all
{{ totals_that_differ(totals, 'mart', 'sale_lines', by=key) }}

{% endtest %}
