-- Who uses what.
create table metric.feature_users as
    select "window", feature, count(distinct person) as value
    from used, day_windows where day between first_day and last_day group by all;
create table metric.feature_adoption_ratio as
    select "window", feature, feature_users.value / active_users.value as value
    from metric.feature_users join metric.active_users using ("window");
