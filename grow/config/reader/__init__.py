"""Stage files: YAML in, one frozen value out, or every problem with its place.

`positions` reads YAML and remembers where everything stood, `messages` puts what `spec` refuses
into words (`words` knows how), `checks` looks at what needs more than one key, `source` does
it all in order, and `write` goes the other way. Nothing here knows of pictures or Keras.
"""

from grow.config.reader.source import located, parse_spec, read_spec
from grow.config.write import flow, schema, to_yaml

__all__ = ["flow", "located", "parse_spec", "read_spec", "schema", "to_yaml"]
