{% macro of(table) %}{{ table }}_new{% endmacro %}
