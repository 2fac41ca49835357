"""Writes `docs/settings.md` from the declared settings: `python -m tidegauge.settings_page`."""

from pathlib import Path

from streams.schema import TEXT, TEXTS
from tidegauge.settings import DECLARED, ENVIRONMENT

PAGE = Path(__file__).parent.parent / "docs" / "settings.md"
HEAD = """# Settings

Written by `python -m tidegauge.settings_page` from `tidegauge/settings.py`.

A setting is a key in its section of `tidegauge.toml` (`--config FILE` or `TIDEGAUGE_CONFIG`), or
an environment variable, which wins. `_FILE` at the end of a variable's name reads the value from
a file, for secrets. The catalogue's sections (`goals`, `active`, `labels`, `metrics`) stand in
the same file; `streams/catalogue.toml` shows their form. `[source]` with `format = "custom"`
takes dotted paths: `message_id`, `user`, `time` and `name`, and where there are any `kind`,
`anonymous`, `original_time`, `sent_at`, `received_at`, `bot`, `user_agent`, `properties`.

| setting | variable | default | meaning |
|---|---|---|---|
"""


def page() -> str:
    """The page as it must be."""
    rows = []
    for key, declared in DECLARED.items():
        variable = ENVIRONMENT + key.replace(".", "_").upper()
        meaning, accepts = declared.metadata["meaning"], declared.metadata["accepts"]
        if accepts not in (TEXT, TEXTS):
            meaning = f"{meaning.removesuffix('.')}: {accepts.expected}."
        default = declared.default
        shown = str(default).lower() if isinstance(default, bool) else str(default or "")
        rows.append(f"| `{key}` | `{variable}` | {f'`{shown}`' if shown else ''} | {meaning} |\n")
    return HEAD + "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
