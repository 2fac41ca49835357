-- What people said when they were asked.
create table metric.csat_responses as
    select "window", count(csat) filter (name = 'CSAT Answered') as value
    from windows left join held using ("window") group by all;
create table metric.csat_ratio as
    select "window", count(*) filter (csat >= 4) / count(*) as value from held
    where name = 'CSAT Answered' and csat is not null group by all having count(*) >= 10;
create table metric.csat_average as
    select "window", avg(csat) as value from held
    where name = 'CSAT Answered' and csat is not null group by all having count(*) >= 10;

create table last_answers as
    select "window", last(score order by time, score::varchar) as score
    from nps, day_windows where day between first_day and last_day group by "window", person;
create table metric.nps_responses as
    select day_windows."window", class, count(score) as value
    from day_windows
    cross join (
        values ('promoter', 9, 10), ('passive', 7, 8), ('detractor', 0, 6)
    ) classes (class, lowest, highest)
    left join last_answers
        on last_answers."window" = day_windows."window" and score between lowest and highest
    group by all;
create table metric.nps_score as
    select
        "window",
        100 * (count(*) filter (score >= 9) - count(*) filter (score <= 6)) / count(*) as value
    from last_answers group by all having count(*) >= 10;
