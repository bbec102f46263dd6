/* The step of textgen/engine/_network.h for WebAssembly, with its vectors of 128 bits. textgen/page/kernel/build.py builds it.

   The page lays out the memory: it writes weights, states and ids into it, and says here where they are. With relaxed
   vectors, all numbers have the bits that the compiled engine's variants avx2, avx512 and neon give, on processors that
   fuse a product and a sum; without, those of sse2. */

#include <stddef.h>
#include <stdint.h>
#include <wasm_simd128.h>

#define memcpy __builtin_memcpy
#define memset __builtin_memset
#include "../../engine/_network.h"

#define NAME(f) f##_wasm
#define TARGET
#define V v128_t
#define WIDTH 4
#define REGISTERS 12
#define LOAD(p) wasm_v128_load(p)
#define STORE(p, v) wasm_v128_store(p, v)
#define SPLAT(x) wasm_f32x4_splat(x)
#define ADD(a, b) wasm_f32x4_add(a, b)
#define SUB(a, b) wasm_f32x4_sub(a, b)
#define MUL(a, b) wasm_f32x4_mul(a, b)
#define DIV(a, b) wasm_f32x4_div(a, b)
#if defined(__wasm_relaxed_simd__)
#define FMA(a, b, c) wasm_f32x4_relaxed_madd(a, b, c)
#else
#define FMA(a, b, c) wasm_f32x4_add(wasm_f32x4_mul(a, b), c)
#endif
#define MIN(a, b) wasm_f32x4_pmin(b, a)
#define MAX(a, b) wasm_f32x4_pmax(b, a)
#define COPYSIGN(a, b) wasm_v128_or(a, wasm_v128_and(b, wasm_f32x4_const_splat(-0.0f)))
#define POWER_OF_2(sum) wasm_i32x4_add(wasm_i32x4_shl(sum, 23), wasm_i32x4_const_splat(127 << 23))
#include "../../engine/_kernel.h"

#define EXPORT(name) __attribute__((export_name(#name)))
#define MOST_LAYERS 64

static Layer layers[MOST_LAYERS];
static Network network = {.kernel = &kernel_wasm, .layers = layers};

static Matrix matrix(const float *weights, ptrdiff_t inputs, ptrdiff_t columns)
{
    return (Matrix){weights, inputs, columns};
}

/* The network's sizes and what is outside its layers. */
EXPORT(network) void set_network(ptrdiff_t units, ptrdiff_t size, ptrdiff_t layer_count, ptrdiff_t symbols,
                                 ptrdiff_t width, const float *lookup, const float *output, const float *output_bias)
{
    network.units = units;
    network.size = size;
    network.layer_count = layer_count;
    network.symbols = symbols;
    network.width = width;
    network.lookup = lookup;
    network.output = matrix(output, size, symbols);
    network.output_bias = output_bias;
}

/* A layer. Where `kernel` is 0, the lookup gives the input product itself; where `projection` is 0, there is none. */
EXPORT(layer) int set_layer(ptrdiff_t place, const float *kernel, ptrdiff_t inputs, const float *recurrent,
                            const float *bias, const float *projection)
{
    if (place < 0 || place >= MOST_LAYERS)
        return -1;
    layers[place].kernel = matrix(kernel, inputs, 4 * network.units);
    layers[place].recurrent = matrix(recurrent, network.size, 4 * network.units);
    layers[place].bias = bias;
    layers[place].projection = matrix(projection, network.units, network.size);
    return 0;
}

/* out += left @ right: left (rows, inputs), right in panels, out (rows, columns). */
EXPORT(product) void product(const float *left, ptrdiff_t rows, const float *right, ptrdiff_t inputs, ptrdiff_t columns,
                             float *out)
{
    const Source source = {left, inputs, NULL, 0, NULL};
    const Matrix panels = matrix(right, inputs, columns);
    add_product(&kernel_wasm, &source, &panels, out, rows);
}

/* One step of `rows` texts; the arrays are those of Call. Returns 0, or -1 where an id is not in the vocabulary. */
EXPORT(step) int step(const int64_t *ids, const float *h, const float *c, const float *offsets, float *new_h,
                      float *new_c, float *gates, float *given, float *logits, ptrdiff_t rows)
{
    const Call call = {ids, h, c, offsets, new_h, new_c, gates, given, logits, rows};
    return compute(&network, &call);
}
