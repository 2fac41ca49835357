"""Writes `docs/settings.md` from the declared settings: `python -m tidegauge.settings_page`."""

from pathlib import Path
from textwrap import fill

from streams.catalogue import NONE, OTHER
from streams.label_file import MOST_PARTS
from streams.schema import TEXT, TEXTS
from streams.segments import MAIN
from tidegauge.setting_kinds import SECRET
from tidegauge.settings import DECLARED, ENVIRONMENT

NAMES = [f"`{name}_by_platform`" for name in MAIN]
MADE = fill(
    "This makes, beside the metrics it leaves as they are, "
    f"{', '.join(NAMES[:-1])} and {NAMES[-1]}, "
    "each with the label `platform`. Other labels stay if their sets are closed (`goal`, `plan`, "
    "`currency`); `page` and `reason` do not. The metrics are split as you have defined them, and "
    "those that you disable are not.",
    width=100,
)
PAGE = Path(__file__).parent.parent / "docs" / "settings.md"
HEAD = """# Settings

Written by `python -m tidegauge.settings_page` from `tidegauge/settings.py`.

A setting is a key in its section of `tidegauge.toml` (`--config FILE` or `TIDEGAUGE_CONFIG`), or
an environment variable, which wins. `_FILE` at the end of a variable's name reads the value from
a file, for secrets. The catalogue's sections (`goals`, `active`, `labels`, `facts`,
`launches`, `metrics`) stand in the same file; `streams/catalogue.toml` shows their form, and
[below](#segments) is that of `segments`. `[source]` with `format = "custom"` takes dotted paths:
`message_id`, `user`, `time` and `name`, and where there are any `kind`, `anonymous`,
`original_time`, `sent_at`, `received_at`, `bot`, `user_agent`, `properties`, `traits`. What is to
be told once, of those who subscribed before: [subscribers](subscribers.md). What marks a launch:
[launches](launches.md). What a `web_config` file holds and `insecure_bind` lets in:
[doors](doors.md).

Time zone, person key, hash key, source and facts belong to the state that is stored: with others a
worker refuses to go on from it, and `tidegauge replay` counts anew.

| setting | variable | default | meaning |
|---|---|---|---|
"""
SEGMENTS = f"""
## Segments

A segment tells the main metrics apart by a part of the events, such as the platform:

```toml
[segments.platform]
path = "context.device.type"        # or property = "platform"
values = ["ios", "android", "web"]  # up to {MOST_PARTS}
```

{MADE}

The names are new ones because people do not add up. Ada looks at a page on `ios` and at another
one on `web`, Bob at one on `web`, Cy at one on a `tv`, and an event of Dee does not say on what:
`active_users` is 4, and `active_users_by_platform` is 1 for `ios`, 2 for `web`, 0 for `android`,
1 for `{OTHER}` and 1 for `{NONE}`. `conversion_ratio_by_platform{{platform="web"}}` is those who
reached the goal on the web / those who were active there.

A part costs up to 32 KB in each pane for its active users and as much for each goal, which is why
there is a limit and why parts are exact up to about 4,000 people, in windows of days too. A segment
that is added begins to count from then on; to give another list of values begins it anew.
"""


def page() -> str:
    """The page as it must be."""
    rows = []
    for key, declared in DECLARED.items():
        variable = ENVIRONMENT + key.replace(".", "_").upper()
        meaning, accepts = declared.metadata["meaning"], declared.metadata["accepts"]
        if accepts not in (TEXT, TEXTS, SECRET):
            meaning = f"{meaning.removesuffix('.')}: {accepts.expected}."
        default = declared.default
        shown = str(default).lower() if isinstance(default, bool) else str(default or "")
        rows.append(f"| `{key}` | `{variable}` | {f'`{shown}`' if shown else ''} | {meaning} |\n")
    return HEAD + "".join(rows) + SEGMENTS


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
