# Of cloudflare/pint, run here as: pint --offline lint deploy/prometheus
parser {
  include = ["deploy/prometheus/.+"]
  exclude = ["deploy/prometheus/prometheus.yml"] # no rules
}

rule {
  # What they read is recorded in a group that is not theirs, so it may be of one evaluation before:
  # ten seconds of answers of seven days.
  match {
    name = "job:tidegauge_(nps_score|csat_ratio):variance"
  }
  disable = ["rule/dependency"]
}

rule {
  # Where no launch has ended there is none.
  match {
    name = "job:tidegauge_launch_end_timestamp_seconds:max"
  }
  disable = ["promql/series"]
}
