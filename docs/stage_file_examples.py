"""One example for each part of a stage file; together the examples of a part show all its keys.

Each is written from the top, so that it can be copied as it stands. The tests read every one of
them as part of a stage file, and look whether a key is missing.
"""

EXAMPLES = {
    "": """\
name: cats-dogs
seed: 7
data: {source: drawn}
model: {image: [16, 16, 3], blocks: [{filters: 32}]}
train: {epochs: 8}
checkpoint: {every: 5m}
report: {pictures: true}
stages: [{name: small}]
""",
    "data": """\
data:
  source: folder
  path: pictures
  fit: crop
  master: 128
  augment: {flip: horizontal}
  on_bad: stop
  balance: weights
""",
    "data, source csv": """\
data: {source: csv, path: pictures.csv, validation: 0.2, group: {column: patient}, range: [0, 4095]}
""",
    "data, source drawn": "data: {source: drawn, train: 2000, validation: 600, seed: 1}\n",
    "data, source folder": """\
data:
  source: folder
  path: pictures
  classes: [cats, dogs]
  validation: 0.2
  group: {folder: 1}
  range: [0, 478]
""",
    "data, source keras": """\
data: {source: keras, name: cifar10, validation: test, range: auto}
""",
    "data, source npy": """\
data:
  source: npy
  images: x.npy
  labels: y.npy
  classes: [cat, dog]
  validation: 0.2
  range: [-1, 1]
""",
    "data, source npz": """\
data:
  source: npz
  path: digits.npz
  classes: ["0", "1", "2"]
  validation: test
  range: [0, 1]
""",
    "data, source tfds": """\
data: {source: tfds, name: "cats_vs_dogs:4.0.1", validation: 0.1, range: auto}
""",
    "data.group": """\
data: {source: folder, path: pictures, group: {pattern: 'clip_(\\d+)'}}
data: {source: folder, path: pictures, group: {folder: 1}}
data: {source: csv, path: pictures.csv, group: {column: patient}}
""",
    "data.augment": """\
data:
  source: drawn
  augment: {flip: horizontal, zoom: 0.2, shear: 0.2, shift: 0.1, brightness: 0.1}
""",
    "model": """\
model:
  image: [32, 32, 3]
  blocks: [{filters: 32}, {filters: 64}]
  head: {dense: [128]}
""",
    "model.blocks": """\
model:
  image: [32, 32, 1]
  blocks:
    - {filters: 16, kernel: 5, activation: silu, name: eyes}
    - {filters: 32, kernel: [3, 5], batch_norm: true, pool: average, pool_size: 2, dropout: 0.1}
""",
    "model.head": """\
model:
  head: {pool: global_average, dense: [64, 32], activation: tanh, dropout: 0.5}
""",
    "train": """\
train:
  batch: 64
  optimizer: adamw
  learning_rate: 0.0005
  epochs: 20
  warm_up: 0.5
  reduce_on_plateau: {patience: 3}
  until: {plateau: {patience: 5}}
  best: val_loss
  on_divergence: halve
""",
    "train.on_divergence": """\
train:
  on_divergence: {halve: 8}
""",
    "train.reduce_on_plateau": """\
train:
  reduce_on_plateau:
    monitor: val_accuracy
    factor: 0.3
    patience: 3
    min_delta: 0.001
    cooldown: 1
    minimum: 0.00001
""",
    "train.until": """\
train:
  until: {plateau: {}}
""",
    "train.until.plateau": """\
train:
  until: {plateau: {monitor: val_accuracy, patience: 5, min_delta: 0.002}}
""",
    "checkpoint": "checkpoint: {every: 30s}\n",
    "report": "report: {pictures: false}\n",
    "stages": """\
stages:
  - name: small
    batch: 64
    optimizer: sgd
    learning_rate: 0.05
    epochs: 5
    warm_up: 1
    best: last
    on_divergence: stop
  - name: deeper
    repeat: up to 3
    stop: {gain: 1%}
    grow: [{resize: 2x}, {insert: {filters: 32}}]
    transfer: preserve
    carried: {freeze: 1}
    reduce_on_plateau: null
    until: {plateau: {patience: 2}}
""",
    "stages.stop": """\
stages:
  - name: small
  - name: deeper
    repeat: up to 5
    grow: [{resize: 2x}, {insert: {filters: 32}}]
    stop: {gain: 0.5%, monitor: val_accuracy}
""",
    "stages.grow": """\
stages:
  - name: small
  - name: grown
    grow:
      - resize: 2x
      - insert: {filters: 32}
      - deepen: {block: block_1}
      - widen: {block: block_2, filters: 48}
      - head: {grow: [tri]}
""",
    "stages.grow.insert": """\
stages:
  - name: small
  - name: at-the-picture
    grow:
      - insert:
          at: start
          filters: 8
          kernel: 5
          activation: relu
          batch_norm: true
          pool: average
          pool_size: 2
          dropout: 0.1
          name: fine
  - name: behind-it
    grow: [{insert: {filters: 16, pool: none, after: fine}}]
""",
    "stages.grow.deepen": """\
stages:
  - name: small
  - name: deeper
    grow: [{deepen: {block: block_1, kernel: 3}}]
""",
    "stages.grow.widen": """\
stages:
  - name: small
  - name: wider
    grow: [{widen: {block: block_1, filters: 64}}]
""",
    "stages.grow.head": """\
stages:
  - name: small
  - name: more-classes
    grow: [{head: {grow: [tri, star]}}]
""",
    "stages.transfer": """\
stages:
  - name: small
  - name: deeper
    grow: [{insert: {filters: 32}}]
    transfer:
      weights: preserve
      layers: {dense_2: strict}
      optimizer: carry
      shrink_perturb: {shrink: 0.5, perturb: 0.1}
""",
    "stages.transfer.shrink_perturb": """\
stages:
  - name: small
  - name: deeper
    grow: [{insert: {filters: 32}}]
    transfer: {shrink_perturb: {shrink: 0.4, perturb: 0.1}}
""",
    "stages.carried": """\
stages:
  - name: small
  - name: deeper
    grow: [{insert: {filters: 32}}]
    carried: {freeze: 2, learning_rate: 0.1x}
""",
}
