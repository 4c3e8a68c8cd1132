{#- A line that states no product, category or region stays in its mart, in a group of its own. The
    brackets keep it apart from a source that sells something called "unknown". -#}
{% macro stated(column) -%}
    coalesce({{ column }}, '(not stated)')
{%- endmacro %}
