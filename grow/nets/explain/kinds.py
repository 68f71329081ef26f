"""The layer classes of Keras 3.15 that are known here, and which of them do what.

A class that is not listed is named as unknown, never guessed.
"""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


KNOWN = words(
    """
    Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D
    AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add
    AdditiveAttention AlphaDropout Attention AugMix AutoContrast Average AveragePooling1D
    AveragePooling2D AveragePooling3D BatchNormalization Bidirectional CategoryEncoding CenterCrop
    Concatenate ContrastLimitedAdaptiveHistogramEqualization Conv1D Conv1DTranspose Conv2D
    Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D Cropping1D Cropping2D
    Cropping3D CutMix Dense DepthwiseConv1D DepthwiseConv2D Discretization Dot Dropout ELU
    EinsumDense Embedding Equalization Flatten Functional GRU GRUCell GaussianDropout GaussianNoise
    GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalMaxPooling1D
    GlobalMaxPooling2D GlobalMaxPooling3D GroupNormalization GroupQueryAttention HashedCrossing
    Hashing Identity InputLayer IntegerLookup LSTM LSTMCell LayerNormalization LeakyReLU Masking
    MaxNumBoundingBoxes MaxPooling1D MaxPooling2D MaxPooling3D Maximum MelSpectrogram Minimum
    MixUp MultiHeadAttention Multiply Normalization PReLU Permute Pipeline RMSNormalization RNN
    RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast
    RandomCrop RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale
    RandomHue RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation
    RandomSharpness RandomShear RandomTranslation RandomZoom ReLU RepeatVector Rescaling Reshape
    Resizing ReversibleEmbedding STFTSpectrogram SeparableConv1D SeparableConv2D Sequential
    SimpleRNN SimpleRNNCell Softmax Solarization SpatialDropout1D SpatialDropout2D
    SpatialDropout3D SpectralNormalization StackedRNNCells StringLookup Subtract TextVectorization
    TimeDistributed UnitNormalization UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D
    ZeroPadding2D ZeroPadding3D
    """
)
"""Layers whose function is their settings and their weights."""

OF_KERAS_2 = words(
    """
    CuDNNGRU CuDNNLSTM LocallyConnected1D LocallyConnected2D RandomHeight RandomWidth
    ThresholdedReLU
    """
)
"""Likewise, layers that Keras 2 had and Keras 3 has not."""

OPAQUE = frozenset({"FlaxLayer", "JaxLayer", "Lambda", "TFSMLayer", "TorchModuleWrapper"})
"""Layers of Keras that run a program of the user's, which is not read here."""

PASSES_ON = words(
    """
    ActivityRegularization AlphaDropout AugMix CutMix Dropout Equalization GaussianDropout
    GaussianNoise Identity MixUp RandAugment RandomBrightness RandomColorDegeneration
    RandomColorJitter RandomContrast RandomElasticTransform RandomErasing RandomFlip
    RandomGaussianBlur RandomGrayscale RandomHeight RandomHue RandomInvert RandomPerspective
    RandomPosterization RandomRotation RandomSaturation RandomSharpness RandomShear
    RandomTranslation RandomWidth RandomZoom Solarization SpatialDropout1D SpatialDropout2D
    SpatialDropout3D
    """
)
"""Layers that give, outside training, what they are given."""

ACTIVATIONS = {
    **{
        name: name
        for name in words(
            """
            celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_tanh leaky_relu
            linear log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax
            softplus softsign sparse_plus sparse_sigmoid sparsemax squareplus tanh tanh_shrink
            threshold
            """
        )
    },
    "hard_swish": "hard_silu",
    "softmax_v2": "softmax",
    "swish": "silu",
}
"""The activations of Keras, old names to today's; any other is someone's own function."""

COMMUTATIVE = frozenset({"Add", "Average", "Maximum", "Minimum", "Multiply"})
"""Layers for which the order of inputs does not matter."""

CONVOLUTIONS = frozenset({"Conv1D", "Conv2D", "Conv3D"})

POOLINGS = words(
    """
    AveragePooling1D AveragePooling2D AveragePooling3D MaxPooling1D MaxPooling2D MaxPooling3D
    """
)

BOUND_TO_SIZE = frozenset({"Flatten", "Permute", "Reshape"})
"""Layers without weights that mix places with channels: another size, another meaning."""

CALLED_BY_NAME = frozenset({"IntegerLookup", "StringLookup", "TextVectorization"})
"""Layers whose only array Keras stores by name, and loads without counting."""

_RECURRENT = ("kernel", "recurrent_kernel", "bias")
_SEPARABLE = ("depthwise_kernel", "pointwise_kernel", "bias")
_NAMES = {
    "BatchNormalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    "ConvLSTM1D": _RECURRENT,
    "ConvLSTM2D": _RECURRENT,
    "ConvLSTM3D": _RECURRENT,
    "Embedding": ("embeddings",),
    "GRUCell": _RECURRENT,
    "GroupNormalization": ("gamma", "beta"),
    "LSTMCell": _RECURRENT,
    "LayerNormalization": ("gamma", "beta"),
    "Normalization": ("mean", "variance", "count"),
    "PReLU": ("alpha",),
    "RMSNormalization": ("scale",),
    "SeparableConv1D": _SEPARABLE,
    "SeparableConv2D": _SEPARABLE,
    "SimpleRNNCell": _RECURRENT,
}
_KERNEL_AND_BIAS = CONVOLUTIONS | {
    "Conv1DTranspose",
    "Conv2DTranspose",
    "Conv3DTranspose",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "EinsumDense",
}
_ABSENT_WHEN_FALSE = {"gamma": "scale", "beta": "center", "bias": "use_bias"}


NOT_TRAINED = words("count mean moving_mean moving_variance variance")
"""Weights that training does not change."""

_WEIGHTS_ON_DEMAND = words(
    """
    AdditiveAttention Attention GroupQueryAttention MelSpectrogram ReversibleEmbedding
    SpectralNormalization STFTSpectrogram
    """
)
"""Layers that have weights or none, by settings that are not read here."""


def weight_names(kind: str, settings: dict[str, str], count: int) -> tuple[str, ...]:
    """What a class calls its own weights, in their saved order; numbers where it is not known.

    Args:
        kind: the class.
        settings: its settings, values in JSON.
        count: how many weights there are.
    """
    names = expected_weights(kind, settings) or ()
    if kind == "EinsumDense":
        names = ("kernel", "bias")[:count]
    return names if len(names) == count else tuple(str(place) for place in range(count))


def expected_weights(kind: str, settings: dict[str, str]) -> tuple[str, ...] | None:
    """The names of a class's own weights, in their saved order; None where it is not known.

    Args:
        kind: the class.
        settings: its settings, values in JSON.
    """
    if kind in _KERNEL_AND_BIAS:
        names: tuple[str, ...] = ("kernel", "bias")
    elif kind in _NAMES:
        names = _NAMES[kind]
    elif kind in _WEIGHTS_ON_DEMAND or kind not in KNOWN:
        return None
    else:
        return ()
    if kind == "EinsumDense" and "bias_axes" not in settings:
        return names[:1]
    if kind == "Normalization" and "mean" in settings:
        return ()
    return tuple(
        name for name in names if settings.get(_ABSENT_WHEN_FALSE.get(name, "")) != "false"
    )
