"""The experiment written by hand: what `grow run` is measured against as a whole program.

The shortest honest script that trains the three networks of ``stages/cats-dogs.yaml`` on the
same pictures with the same augmentation, epochs and batches, carrying over the layers that fit:
no checkpoints, no history, no report, no model saved at its best. Imports nothing of ``grow``.

Usage: ``python benchmarks/by_hand.py FOLDER EPOCHS``, epochs a stage; FOLDER has train and test.
"""

from __future__ import annotations

import os
import sys
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import tensorflow as tf
from keras import layers

folder, epochs = sys.argv[1], int(sys.argv[2])
keras.utils.set_random_seed(7)


def read(part: str) -> tuple[np.ndarray, np.ndarray]:
    pictures = keras.utils.image_dataset_from_directory(
        f"{folder}/{part}", label_mode="binary", image_size=(64, 64), batch_size=None, verbose=False
    )
    x, y = zip(*pictures.as_numpy_iterator(), strict=True)
    return np.stack(x), np.stack(y)


def smaller(x: np.ndarray, size: int) -> np.ndarray:
    window = 64 // size
    return x.reshape(-1, size, window, size, window, 3).mean((2, 4), dtype="float32")


def network(size: int, blocks: int) -> keras.Model:
    trunk = [
        layer
        for number in range(1, blocks + 1)
        for layer in (
            layers.Conv2D(32, 3, padding="same", activation="relu", name=f"conv_{number}"),
            layers.MaxPooling2D(),
        )
    ]
    head = [
        layers.Flatten(),
        layers.Dense(128, activation="relu", name="dense_1"),
        layers.Dropout(0.2),
        layers.Dense(1, activation="sigmoid", name="dense_2"),
    ]
    model = keras.Sequential(
        [keras.Input((size, size, 3)), layers.Rescaling(1 / 255), *trunk, *head]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"], jit_compile=False)
    return model


augment = [
    layers.RandomFlip("horizontal"),
    layers.RandomZoom(0.2),
    layers.RandomShear(0.2, 0.2),
    layers.RandomTranslation(0.1, 0.1),
]


def changed(x: Any, y: Any) -> tuple[Any, Any]:
    for layer in augment:
        x = layer(x, training=True)
    return x, y


train, test = read("train"), read("test")
old = None
for blocks, size in enumerate((16, 32, 64), start=1):
    model = network(size, blocks)
    if old is not None:
        for layer in old.layers:
            if layer.get_weights():
                model.get_layer(layer.name).set_weights(layer.get_weights())
    x, y = smaller(train[0], size), train[1]
    feed = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x), seed=7).batch(32)
    feed = feed.map(changed, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
    validation = (smaller(test[0], size), test[1])
    found = model.fit(feed, validation_data=validation, epochs=epochs, verbose=0)
    print(f"{size}x{size}: {max(found.history['val_accuracy']):.1%}")
    old = model
