-- How customers do at the start of the day, from what was before.
create macro before() as yesterday();
create macro within_30_days(day) as day between before() - 29 and before();
create macro within_90_days(day) as day between before() - 89 and before();

create table candidates as
    select person from subscription where day <= before()
    group by all having last(label order by time, label) <> ''
    union
    select person from bought where within_30_days(day);
create table customers as
    select person from candidates
    anti join (from ended where day <= before()) using (person);
create table activity as
    select person, 30 - (before() - max(day)) as recency, least(25, 2 * count(*)) as frequency
    from active_days where within_30_days(day) group by all;
create table breadth as
    select person, least(15, 3 * count(distinct feature)) as breadth
    from used where within_30_days(day) group by all;
create table last_nps as
    select person, 2 * last(score order by time, score::varchar) as points
    from nps where within_90_days(day) group by all;
create table last_csat as
    select person, 5 * (last(score order by time, score::varchar) - 1) as points
    from csat where within_90_days(day) group by all;
create table answers as
    select person, sum(points) // count(*) as answers
    from (from last_nps union all from last_csat) group by all;
create table payments as
    select person, if(last(label order by time, label) = 'failed', 0, 10) as payments
    from payment where within_90_days(day) group by all;

create table scores as
    select
        person,
        coalesce(recency, 0) + coalesce(frequency, 0) + coalesce(breadth, 0)
        + coalesce(answers, 10) + coalesce(payments, 10) as score
    from customers
    left join activity using (person)
    left join breadth using (person)
    left join answers using (person)
    left join payments using (person);
create table metric.customer_health_customers as
    select band, count(score) as value
    from (
        values ('healthy', 70, 1000), ('watch', 40, 69), ('at_risk', 0, 39)
    ) bands (band, lowest, highest)
    left join scores on score between lowest and highest
    group by all;
