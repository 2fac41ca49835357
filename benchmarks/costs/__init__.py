"""What running it costs, as curves: each module has one function that measures one."""
