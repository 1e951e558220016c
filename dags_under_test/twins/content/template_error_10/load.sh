{% import "names.sh" as names %}
set -e
load --day {{ logical_date | ds }} {{ params.table }} {{ names.of(params.table) }}
