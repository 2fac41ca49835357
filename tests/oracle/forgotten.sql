-- Who is forgotten is somebody else from the next day on, once nothing of before can come any more.
create table cuts as
    select distinct forgets as person, day + 1 as day from accepted
    where forgets is not null and day + 1 <= over();
create macro somebody(who, that_day) as
    concat(who, '#', (select count(*) from cuts where cuts.person = who and cuts.day <= that_day));
-- Of those who were parted from what came since nothing is known from that day on.
create table ended as
    select
        concat(person, '#', row_number() over (partition by person order by day) - 1) as person,
        day
    from cuts;
