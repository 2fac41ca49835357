"""The Grafana boards, made from the catalogue: what ops, product teams and on-call look at.

Only this package needs the library of Grafana (the extra `boards`); nothing that runs imports it.
"""
