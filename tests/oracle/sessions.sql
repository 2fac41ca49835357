-- Runs of minutes of activity, less than 30 apart; also of who was forgotten in between.
create table minutes as
    select person, time // 60000 as minute, min(day) as day
    from events where is_active group by all;
create table marked as
    select *, coalesce(minute - lag(minute) over (partition by person order by minute) >= 30, true)
        as begins
    from minutes;
create table numbered as
    select *, count(*) filter (begins) over (partition by person order by minute) as number
    from marked;
create table sessions as
    select
        min(minute) * 60000 as time,
        min(day) as day,
        (max(minute) - min(minute)) * 60 as seconds
    from numbered group by person, number;
create table held_sessions as
    select "window", seconds from sessions, windows
    where time >= begin_time and time < end_time and day between first_day and last_day;

create table metric.windowed_sessions as
    select "window", count(seconds) as value
    from windows left join held_sessions using ("window") group by all;
create table metric.sessions_per_user as
    select "window", windowed_sessions.value / active_users.value as value
    from metric.windowed_sessions join metric.active_users using ("window")
    where active_users.value > 0;

create table ranked as
    select
        "window",
        seconds,
        count(*) over (partition by "window") as total,
        count(*) over (partition by "window" order by seconds) as reached
    from held_sessions;
create table metric.session_duration_seconds as
    select "window", 'mean' as statistic, avg(seconds) as value from ranked group by all
    union all
    select "window", concat('p', percent), min(seconds) filter (reached * 100 >= total * percent)
    from ranked, (values (50), (95)) percents (percent) group by all;
