-- Money, by currency.
create table metric.revenue_total as
    select currency, sum(micro_units) / 1e6 as value from bought group by all;
create table metric.windowed_revenue as
    select "window", currency, sum(micro_units) / 1e6 as value from bought, windows
    where time >= begin_time and time < end_time and day between first_day and last_day
    group by all;
create table metric.buyers as
    select currency, count(distinct person) as value from bought group by all;
create table metric.revenue_per_buyer as
    select currency, revenue_total.value / buyers.value as value
    from metric.revenue_total join metric.buyers using (currency);

create table recent as
    select currency, person, sum(micro_units) / 1e6 as revenue
    from bought where day between yesterday() - 29 and yesterday() group by all;
create table earlier as
    select distinct currency, person
    from bought where day between yesterday() - 59 and yesterday() - 30;
create table losses as
    select currency, count(*) filter (revenue is null) / count(*) as share
    from earlier left join recent using (currency, person) group by all;
create table metric.customer_lifetime_value as
    select currency, sum(revenue) / count(*) / greatest(any_value(share), 0.01) as value
    from recent join losses using (currency) group by all;
