-- What happened in each window; needs windows, yesterday() and the facts.
create table day_windows as from windows where is_days;
create table held as
    select "window", is_days, events.* from events, windows
    where time >= begin_time and time < end_time and day between first_day and last_day;
