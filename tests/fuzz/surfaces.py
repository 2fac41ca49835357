"""All surfaces, by name."""

from tests.fuzz.changelog import Changelog
from tests.fuzz.configuration import Configuration
from tests.fuzz.decoding import Decoding
from tests.fuzz.persons import Persons
from tests.fuzz.published import PublishedRows
from tests.fuzz.subscribers import Subscribers
from tests.fuzz.surface import Surface
from tests.fuzz.web import Web

SURFACES: dict[str, type[Surface]] = {
    surface.name: surface
    for surface in (
        *(Decoding, Configuration, Subscribers),
        *(Changelog, Persons, PublishedRows, Web),
    )
}
