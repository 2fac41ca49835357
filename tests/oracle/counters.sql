-- What is counted event by event, and persons by window: in windows of hours, and of goals, sketches
-- count them, of which nobody can be taken out.
create table metric.active_users as
    select "window", count(distinct if(windows.is_days, identity, person)) filter (is_active) as value
    from windows left join held using ("window") group by all;

create table metric.page_views_total as
    select page, count(*) as value from events where kind = 'page' group by all;
create table metric.windowed_page_views as
    select "window", page, count(*) as value from held where kind = 'page' group by all;

create table metric.interactions_total as
    select count(*) as value from events where kind in ('page', 'screen', 'track');
create table metric.windowed_interactions as
    select "window", count(*) filter (kind in ('page', 'screen', 'track')) as value
    from windows left join held using ("window") group by all;

create table metric.conversions_total as
    select goal, count(time) as value from goals left join events using (goal) group by all;
create table metric.windowed_conversions as
    select "window", goal, count(time) as value
    from windows cross join goals left join held using ("window", goal) group by all;
create table metric.converting_users as
    select "window", goal, count(distinct person) as value
    from windows cross join goals left join held using ("window", goal) group by all;
create table metric.conversion_ratio as
    select "window", goal, converting_users.value / active_users.value as value
    from metric.converting_users join metric.active_users using ("window")
    where active_users.value > 0;
create table metric.conversions_per_interaction as
    select "window", goal, conversions.value / interactions.value as value
    from metric.windowed_conversions conversions
    join metric.windowed_interactions interactions using ("window")
    where interactions.value > 0;

create table metric.cancellations_total as
    select plan, reason, count(*) as value from events
    where name = 'Subscription Cancelled' group by all;
create table metric.windowed_cancellations as
    select "window", plan, sum(number) as value from (
        select "window", plan, 1 as number from held where name = 'Subscription Cancelled'
        union all select "window", plan, 0 from windows, plans
    ) group by all;

create table metric.feature_uses_total as
    select feature, count(*) as value from events where name = 'Feature Used' group by all;
create table metric.windowed_feature_uses as
    select "window", feature, count(*) as value from held
    where name = 'Feature Used' group by all;

create table metric.shares_total as
    select channel, sum(number) as value from (
        select channel, 1 as number from events
        where name in ('Content Shared', 'Product Shared')
        union all select channel, 0 from channels
    ) group by all;
create table metric.windowed_shares as
    select "window", channel, sum(number) as value from (
        select "window", channel, 1 as number from held
        where name in ('Content Shared', 'Product Shared')
        union all select "window", channel, 0 from windows, channels
    ) group by all;
create table metric.mentions_total as
    select channel, sum(number) as value from (
        select channel, 1 as number from events where name = 'Brand Mentioned'
        union all select channel, 0 from channels
    ) group by all;
create table metric.windowed_mentions as
    select "window", channel, sum(number) as value from (
        select "window", channel, 1 as number from held where name = 'Brand Mentioned'
        union all select "window", channel, 0 from windows, channels
    ) group by all;
