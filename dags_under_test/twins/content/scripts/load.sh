{# what the day brought #}
{% include "scripts/day.sh" ignore missing %}
load --day {{ ds }}
