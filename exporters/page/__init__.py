"""The page for people: every metric with its last days, its definition and notes.

`service` serves it at the exporter's `/` and at a public address, `sheet` decides what is shown of
each metric (`audience`: what of it to whom), `chart` draws, `wording` says numbers, `rendering`
fills the templates.
"""
