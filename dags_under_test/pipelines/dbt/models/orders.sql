{{ config(materialized="view") }}
select id, customer, day::date as day, amount::decimal(12, 2) as amount
from {{ source("shop", "raw_orders") }}
where day::date <= '{{ var("day") }}'
