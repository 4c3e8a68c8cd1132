{#- The team that a source belongs to: a source is called `team/source`. -#}
{% macro team_of(source) -%}
    split_part({{ source }}, '/', 1)
{%- endmacro %}
