"""The loop over time steps on JAX, with a gradient written by hand: see `textgen.training.lstm`.

As in `recurrence`, the backward loop carries only dh and dc, and the gradient of the recurrent kernel, a sum over all
steps, is one large product after the loop. JAX's own gradient adds to it in every turn. Divided among processes, that
is an exchange between them in every turn: 32 and more a training step, where one is enough.

Knows nothing of layers and weights. Every module of JAX is imported here, at the first call.
"""

from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from typing import Any

from textgen.training.backend import Tensor


def scan(inputs: Tensor, initial_state: Sequence[Tensor], kernels: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """The loop over time steps, with its own gradient.

    Args:
        inputs: the projected inputs, bias included, float (time, batch, 4 x units), in Keras's order of columns.
        initial_state: h and c before, shape (batch, output) and (batch, units).
        kernels: the recurrent kernel (output, 4 x units), and where there is one the projection (units, output).

    Returns:
        h after every step (time, batch, output), and the last h and c.
    """
    h, c = initial_state
    result: tuple[Tensor, Tensor, Tensor] = _made(len(kernels) > 1)(inputs, h, c, *kernels)
    return result


@cache
def _made(is_projected: bool) -> Callable[..., Any]:
    jax: Any = import_module("jax")
    lax, jnp = jax.lax, jax.numpy

    def forward(inputs: Tensor, h0: Tensor, c0: Tensor, kernel: Tensor, *projection: Tensor) -> Any:
        def step(carry: tuple[Tensor, Tensor], x: Tensor) -> Any:
            h, c = carry
            i, f, g, o = jnp.split(x + h @ kernel, 4, axis=-1)
            i, f, g, o = jax.nn.sigmoid(i), jax.nn.sigmoid(f), jnp.tanh(g), jax.nn.sigmoid(o)
            c = f * c + i * g
            cell = o * jnp.tanh(c)
            h = cell @ projection[0] if is_projected else cell
            return (h, c), (h, c, i, f, g, o)

        (h, c), (outputs, all_c, *gates) = lax.scan(step, (h0, c0), inputs)
        return (outputs, h, c), (outputs, all_c, gates, h0, c0, kernel, projection)

    def backward(kept: Any, gradients: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, ...]:
        outputs, all_c, gates, h0, c0, kernel, projection = kept
        d_outputs, d_h, d_c = gradients
        h_before, c_before = (jnp.concatenate([first[None], rest[:-1]]) for first, rest in ((h0, outputs), (c0, all_c)))

        def step(carry: tuple[Tensor, Tensor], at: tuple[Tensor, ...]) -> Any:
            (d_h, d_c), (d_output, c, c_before, i, f, g, o) = carry, at
            d_out = d_h + d_output
            d_cell = d_out @ projection[0].T if is_projected else d_out
            tanh_c = jnp.tanh(c)
            d_c = d_c + d_cell * o * (1 - tanh_c * tanh_c)
            d_x = jnp.concatenate(
                [
                    d_c * g * i * (1 - i),
                    d_c * c_before * f * (1 - f),
                    d_c * i * (1 - g * g),
                    d_cell * tanh_c * o * (1 - o),
                ],
                axis=-1,
            )
            return (d_x @ kernel.T, d_c * f), ((d_x, d_out) if is_projected else (d_x,))

        steps = (d_outputs, all_c, c_before, *gates)
        (d_h, d_c), (d_x, *d_out) = lax.scan(step, (d_h, d_c), steps, reverse=True)
        d_kernels = [jnp.einsum("tbo,tbk->ok", h_before, d_x)]
        d_kernels += [jnp.einsum("tbu,tbo->uo", gates[3] * jnp.tanh(all_c), each) for each in d_out]
        return d_x, d_h, d_c, *d_kernels

    run = jax.custom_vjp(lambda *tensors: forward(*tensors)[0])
    run.defvjp(forward, backward)
    made: Callable[..., Any] = run
    return made
