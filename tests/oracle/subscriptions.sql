-- Who has which plan, and who of those that had one has none any more.
create table standings as
    select
        person,
        first(label order by time, label) as earliest,
        last(label order by time, label) as latest
    from subscription group by all;
-- A subscription of somebody forgotten ends, and is not lost.
create table metric.subscribers as
    select plan, sum(number) as value from (
        select latest as plan, 1 as number from standings anti join ended using (person)
        where latest <> ''
        union all select plan, 0 from plans
    ) group by all;
create table metric.unknown_cancellations as
    select count(*) filter (earliest = '') as value from standings;

create table kept as
    select
        "window",
        person,
        last(label order by time, label) filter (subscription.day < first_day) as plan,
        last(label order by time, label) filter (subscription.day <= last_day) = '' as is_lost
    from subscription
    cross join day_windows
    cross join declared
    left join ended using (person)
    where declared.day <= first_day and coalesce(ended.day >= first_day, true)
    group by "window", person;
create table metric.churn_ratio as
    select "window", count(*) filter (is_lost) / count(*) as value
    from kept where plan <> '' group by all;
create table metric.plan_churn_ratio as
    select "window", plan, count(*) filter (is_lost) / count(*) as value
    from kept where plan <> '' group by all;
