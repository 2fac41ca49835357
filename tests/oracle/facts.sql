-- What events say of persons. Each is somebody's, has a time and, most of them, a label.
create table events as
    select *, somebody(person, day) as identity from accepted where name <> 'Person Forgotten';
create table active_days as
    select distinct identity as person, day from events where is_active;
create table used as
    select identity as person, feature, day from events where name = 'Feature Used';
create table bought as
    select identity as person, currency, micro_units, time, day from events
    where name in ('Order Completed', 'Payment Succeeded')
        and currency is not null and micro_units is not null;
create table nps as
    select identity as person, nps as score, time, day from events
    where name = 'NPS Answered' and nps is not null;
create table csat as
    select identity as person, csat as score, time, day from events
    where name = 'CSAT Answered' and csat is not null;
create table payment as
    select identity as person, if(name = 'Payment Failed', 'failed', 'paid') as label, time, day
    from events
    where name in ('Payment Succeeded', 'Payment Failed');
-- The label is the plan; nothing once it is cancelled.
create table subscription as
    select identity as person, plan as label, time, day from events
    where name = 'Subscription Started'
    union all
    select identity, '', time, day from events where name = 'Subscription Cancelled'
    union all
    select somebody(person, since_day), told_plan, since, since_day from events
    where told_plan is not null;
create table declared as
    select min(since_day) as day from events where name = 'Subscribers Declared';
