# expect: template-error:3
set -e
load --day {{ execution_date }}
