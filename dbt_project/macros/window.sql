{#- What a run is about. The vars start_date and end_date (ISO dates, half-open: [start, end)) say
    which days' drops have changed; without them, a run is about all of history.

    Every macro here gives a condition for a WHERE, and the same condition decides which rows of
    an incremental table are deleted and which are computed anew (see replace_window.sql). -#}


{#- The window as {start, end}, or none without vars. Refuses half a window and anything that is
    not a date, so that no text from outside reaches the SQL. -#}
{% macro window() -%}
    {%- set start_date, end_date = var('start_date', none), var('end_date', none) -%}
    {%- if start_date is none and end_date is none -%}
        {{ return(none) }}
    {%- endif -%}
    {%- if start_date is none or end_date is none -%}
        {%- do exceptions.raise_compiler_error(
            "A window needs both vars, start_date and end_date (ISO dates, the end excluded): got "
            ~ start_date ~ " and " ~ end_date
        ) -%}
    {%- endif -%}
    {%- set start = modules.datetime.date.fromisoformat(start_date | string) -%}
    {%- set end = modules.datetime.date.fromisoformat(end_date | string) -%}
    {%- if start >= end -%}
        {%- do exceptions.raise_compiler_error(
            "The window is empty: start_date " ~ start ~ " is not before end_date " ~ end
        ) -%}
    {%- endif -%}
    {{ return({'start': start.isoformat(), 'end': end.isoformat()}) }}
{%- endmacro %}


{#- Whether this node looks at the window only: an incremental model whose table exists, and the
    data tests of such a run. A first build and `--full-refresh` look at everything. -#}
{% macro is_windowed() -%}
    {%- if window() is none -%}
        {{ return(false) }}
    {%- elif model.resource_type == 'test' -%}
        {{ return(not flags.FULL_REFRESH) }}
    {%- else -%}
        {{ return(is_incremental()) }}
    {%- endif -%}
{%- endmacro %}


{#- Rows of the window's days. -#}
{% macro in_window(column) -%}
    {%- if is_windowed() -%}
        {%- set days = window() -%}
        {{ column }} >= cast('{{ days.start }}' as date)
        and {{ column }} < cast('{{ days.end }}' as date)
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{#- Rows whose `key` (say: source and order date) the window's days touch: what their lines have
    now, and what the lines had that a restatement replaced. Other days that are computed anew
    (see in_changed_days) touch theirs too. -#}
{% macro touched(key) -%}
    {%- set columns = key | join(', ') -%}
    {%- set relations = [ref('fct_sales'), source('warehouse', 'restated')] -%}
    {%- if is_windowed() -%}
        ({{ columns }}) in (
            {%- for relation in relations %}
            select {{ columns }}
            from {{ relation }}
            where {{ in_changed_days('partition_date') }}
            {%- if not loop.last %}
            union
            {%- endif %}
            {%- endfor %}
        )
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{#- Rows of the window's days, and of the other days that loading them has changed: `moved_dates`
    (ISO dates with commas) names the days of which lines began or ceased to count, where a key is
    unique across days, get another rate, or were left unfinished by an earlier run. -#}
{% macro in_changed_days(column) -%}
    {%- set moved = [] -%}
    {%- for day in (var('moved_dates', none) or '').split(',') if day and is_windowed() -%}
        {%- do moved.append("cast('" ~ modules.datetime.date.fromisoformat(day) ~ "' as date)") -%}
    {%- endfor -%}
    {%- if moved -%}
        (({{ in_window(column) }}) or {{ column }} in ({{ moved | join(', ') }}))
    {%- else -%}
        {{ in_window(column) }}
    {%- endif -%}
{%- endmacro %}


{#- The one or the other: tables by day of the drop are replaced by window, all others by what the
    window touches. -#}
{% macro replaced(key) -%}
    {{ in_changed_days('partition_date') if key == ['partition_date'] else touched(key) }}
{%- endmacro %}
