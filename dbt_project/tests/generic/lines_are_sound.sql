{#- Sale lines: no line of a file twice, known kinds, amounts that agree with each other, and the
    totals of the table they were made from. In a run with a window, its lines only. -#}
{% test lines_are_sound(model, made_from) %}

{% set rules = {
    'the kind is known': "kind in ('sale', 'return', 'cancellation')",
    'the currency has three letters': 'length(currency) = 3',
    'net is gross less returns': 'net_amount = gross_amount - returns_amount',
    'a sale is gross as stated': "kind <> 'sale' or gross_amount = amount",
    'only a sale can be negative gross': "kind = 'sale' or gross_amount >= 0",
    'a line has a reporting amount exactly if its rate may be used':
        "(rate_state in ('same_currency', 'current', 'stale')) = (reporting_net_amount is not null)",
    'nothing is converted within a currency':
        "(rate_state = 'same_currency') = (currency = reporting_currency)
        and (currency <> reporting_currency or reporting_net_amount = net_amount)",
    'a rate is of a day on or before the order date': "rate_date is null or rate_date <= order_date",
} %}
{# The sum of line numbers finds a line that is missing though its amount is 0. #}
{% set totals = {'amount': 'amount', 'net_amount': 'net_amount', 'line': 'line'} %}

with lines as (
    select * from {{ model }}
    where {{ in_window('partition_date') }}
),

origin as (
    select * from {{ made_from }}
    where {{ in_window('partition_date') }}
)

{{ rows_that_break(rules, 'lines', ['source', 'partition_date', 'file', 'line']) }}
union all
{{ numbers_that_repeat('lines', ['source', 'partition_date', 'file'], 'line') }}
union all
{{ totals_that_differ(totals, 'lines', 'origin') }}

{% endtest %}
