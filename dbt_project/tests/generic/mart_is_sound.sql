{#- A mart of fct_sales: no key twice, net is gross less returned, possible counts, and the totals
    of the lines. In a run with a window, only the rows that it replaced.

    key: the columns that identify a row. replace_by: the model's own. rules: more of them.
    left_out: condition on the lines that the mart does not hold. Its totals are then those of all
    of history: to find, say, a customer's lines takes reading all of it too. -#}
{% test mart_is_sound(model, key, replace_by, rules={}, left_out=none) %}

{% set all_rules = {
    'net is gross less returned': 'net_revenue = gross_revenue - returned_revenue',
    'there is a line': 'lines > 0',
    'all lines are converted or the row has no reporting amount':
        '(unconverted_lines = 0) = (reporting_net_revenue is not null)',
    'net is gross less returned in the reporting currency': "unconverted_lines > 0
        or reporting_net_revenue = reporting_gross_revenue - reporting_returned_revenue",
    'possible numbers of lines': 'unconverted_lines >= 0
        and stale_rate_lines between 0 and lines - unconverted_lines',
} %}
{% do all_rules.update(rules) %}
{% set totals = {
    'gross_revenue': 'gross_amount',
    'returned_revenue': 'returns_amount',
    'net_revenue': 'net_amount',
    'lines': '1',
    'reporting_net_revenue': 'reporting_net_amount',
    'unconverted_lines': 'case when reporting_net_amount is null then 1 else 0 end',
} %}

with mart as (
    select * from {{ model }}
    where {{ touched(replace_by) }}
),

{%- if left_out %}

whole_mart as (
    select * from {{ model }}
),
{%- endif %}

sale_lines as (
    select * from {{ ref('fct_sales') }}
    where {{ 'true' if left_out else touched(replace_by) }}
)

{{ rows_that_break(all_rules, 'mart', key) }}
union all
{{ keys_that_repeat('mart', key) }}
union all
{{ totals_that_differ(totals, 'whole_mart' if left_out else 'mart', 'sale_lines', left_out) }}

{% endtest %}
