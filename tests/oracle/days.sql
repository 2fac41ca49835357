-- Persons by the days on which they were active. yesterday() is the last day that is over.
create table newcomers as select person, min(day) as first_day from active_days group by all;

create table metric.stickiness_ratio as
    select count(distinct person) filter (day = yesterday()) / count(distinct person) as value
    from active_days where day between yesterday() - 29 and yesterday() having count(*) > 0;

create table standing as
    select
        person,
        first_day = yesterday() as is_new,
        bool_or(day = yesterday()) as is_here,
        bool_or(day = yesterday() - 1) as was_here
    from active_days join newcomers using (person) group by all;
create table metric.lifecycle_users as
    select state, count(person) as value
    from (values ('new'), ('returning'), ('resurrecting'), ('dormant')) states (state)
    left join (
        select person, case
            when is_here and is_new then 'new'
            when is_here and was_here then 'returning'
            when is_here then 'resurrecting'
            when was_here then 'dormant'
        end as state from standing
    ) using (state) group by all;

create table metric.retention_ratio as
    select back::varchar as day, count(active_days.person) / count(*) as value
    from (values (1), (7), (30)) backs (back)
    join newcomers on first_day = yesterday() - back
    left join active_days
        on active_days.person = newcomers.person and active_days.day = yesterday()
    group by all;
