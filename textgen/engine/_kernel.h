/* The arithmetic of a step, for one set of vector instructions. _step.c and the page include this file once for each set.

   It defines, before each inclusion:

     NAME(f)          f with the set's name appended
     TARGET           the attribute of functions that use the set
     V, WIDTH         a vector of floats, and how many floats it holds; PANEL is a multiple of it
     REGISTERS        vectors that a block may keep its sums in, so that the others hold what is multiplied
     LOAD STORE SPLAT ADD SUB MUL DIV
     FMA(a, b, c)     a * b + c, rounded once where the set can
     MIN(a, b)        a < b ? a : b, element by element; MAX(a, b) likewise. Where b is NaN, the result is NaN.
     COPYSIGN(a, b)   a, which has no sign, with the sign of b
     POWER_OF_2(sum)  2 to the power of the integer in the lowest bits of sum, from -126 to 127

   What every function here keeps: a number depends on its own row alone. The sum of an output is one chain over the
   inputs, in their order, whatever block of rows and columns it is computed in. */

/* tanh(x) = (e - 1) / (e + 1) with e = exp(2 |x|), and the sign of x. The error is at most 9e-8 and 3 units in the
   last place. It is odd, exact at 0 and infinity, and at most 1; NaN stays NaN. */
INLINE TARGET V NAME(tanh_of)(V x)
{
    const V rounding = SPLAT(ROUNDING), one = SPLAT(1.0f);
    const V size = MIN(SPLAT(BOUND), MAX(MUL(SPLAT(-1.0f), x), x)), twice = ADD(size, size);
    const V sum = FMA(twice, SPLAT(LOG2_E), rounding), whole = SUB(sum, rounding), power = POWER_OF_2(sum);
    V rest, e;
    rest = FMA(whole, SPLAT(-LN2_HIGH), twice);
    rest = FMA(whole, SPLAT(-LN2_LOW), rest);
    e = FMA(SPLAT(E4), rest, SPLAT(E3));
    e = FMA(e, rest, SPLAT(E2));
    e = FMA(e, rest, SPLAT(E1));
    e = FMA(e, rest, SPLAT(E0));
    e = FMA(e, MUL(rest, rest), rest);    /* exp(rest) - 1 */
    e = FMA(power, e, SUB(power, one)); /* exp(twice) - 1, without the loss of digits near 0 */
    return COPYSIGN(DIV(e, ADD(e, SPLAT(2.0f))), x);
}

INLINE TARGET V NAME(sigmoid_of_twice)(V x)
{
    const V half = SPLAT(0.5f);
    return FMA(NAME(tanh_of)(x), half, half);
}

/* Gates, cell state and hidden state of WIDTH units. The pointers are those of the first unit; `gate` floats lie between
   two gates of a unit. The gates are replaced by their activations. */
INLINE TARGET void NAME(activate_units)(float *gates, ptrdiff_t gate, const float *c, float *new_c, float *new_h)
{
    const V i = NAME(sigmoid_of_twice)(LOAD(gates));
    const V f = NAME(sigmoid_of_twice)(LOAD(gates + gate));
    const V o = NAME(sigmoid_of_twice)(LOAD(gates + 2 * gate));
    const V g = NAME(tanh_of)(LOAD(gates + 3 * gate));
    const V cell = FMA(f, LOAD(c), MUL(i, g));
    STORE(gates, i);
    STORE(gates + gate, f);
    STORE(gates + 2 * gate, o);
    STORE(gates + 3 * gate, g);
    STORE(new_c, cell);
    STORE(new_h, MUL(o, NAME(tanh_of)(cell)));
}

static TARGET void NAME(activate)(float *gates, const float *c, float *new_c, float *new_h, ptrdiff_t units)
{
    const ptrdiff_t left = units % WIDTH, whole = units - left;
    ptrdiff_t unit;
    for (unit = 0; unit < whole; unit += WIDTH)
        NAME(activate_units)(gates + unit, units, c + unit, new_c + unit, new_h + unit);
    if (left) { /* the last units, in a vector that they do not fill */
        float some_gates[4 * WIDTH] = {0}, some_c[WIDTH] = {0}, some_h[WIDTH];
        const size_t size = (size_t)left * sizeof(float);
        int each;
        for (each = 0; each < 4; each++)
            memcpy(some_gates + each * WIDTH, gates + each * units + whole, size);
        memcpy(some_c, c + whole, size);
        NAME(activate_units)(some_gates, WIDTH, some_c, some_c, some_h);
        for (each = 0; each < 4; each++)
            memcpy(gates + each * units + whole, some_gates + each * WIDTH, size);
        memcpy(new_c + whole, some_c, size);
        memcpy(new_h + whole, some_h, size);
    }
}

/* Add a product to a block of `rows` rows and `panels` panels of columns: out[row] += x[row] @ weights. */
INLINE TARGET void NAME(block)(const float *const *x, const float *weights, ptrdiff_t inputs, float *const *out,
                               const int rows, const int panels)
{
    enum { VECTORS = PANEL / WIDTH };
    V sums[MOST_ROWS][MOST_PANELS * VECTORS];
    ptrdiff_t input;
    int row, panel, vector;
    UNROLL for (row = 0; row < rows; row++)
        UNROLL for (vector = 0; vector < panels * VECTORS; vector++)
            sums[row][vector] = LOAD(out[row] + vector * WIDTH);
    for (input = 0; input < inputs; input++, weights += PANEL) {
        UNROLL for (panel = 0; panel < panels; panel++) {
            V weight[VECTORS];
            UNROLL for (vector = 0; vector < VECTORS; vector++)
                weight[vector] = LOAD(weights + panel * inputs * PANEL + vector * WIDTH);
            UNROLL for (row = 0; row < rows; row++) {
                const V input_of_row = SPLAT(x[row][input]);
                UNROLL for (vector = 0; vector < VECTORS; vector++) {
                    V *sum = &sums[row][panel * VECTORS + vector];
                    *sum = FMA(input_of_row, weight[vector], *sum);
                }
            }
        }
    }
    UNROLL for (row = 0; row < rows; row++)
        UNROLL for (vector = 0; vector < panels * VECTORS; vector++)
            STORE(out[row] + vector * WIDTH, sums[row][vector]);
}

#define BLOCK(rows, panels) \
    case 8 * rows + panels: \
        if (rows * panels * (PANEL / WIDTH) <= REGISTERS) \
            NAME(block)(x, weights, inputs, out, rows, panels); \
        break;
#define BLOCKS(rows) BLOCK(rows, 1) BLOCK(rows, 2) BLOCK(rows, 3) BLOCK(rows, 4)

/* The same for numbers of rows and panels that are known only now. */
static TARGET void NAME(any_block)(const float *const *x, const float *weights, ptrdiff_t inputs, float *const *out,
                                   int rows, int panels)
{
    switch (8 * rows + panels) {
        BLOCKS(1)
        BLOCKS(2)
        BLOCKS(3)
        BLOCKS(4)
        BLOCKS(5)
        BLOCKS(6)
    }
}

#undef BLOCK
#undef BLOCKS

/* The largest blocks that the registers hold: at most this many rows, and panels beside so many rows. */
static const Kernel NAME(kernel) = {
    NAME(activate),
    NAME(any_block),
    REGISTERS / (PANEL / WIDTH) < MOST_ROWS ? REGISTERS / (PANEL / WIDTH) : MOST_ROWS,
    REGISTERS / (PANEL / WIDTH),
};

#undef NAME
#undef TARGET
#undef V
#undef WIDTH
#undef REGISTERS
#undef LOAD
#undef STORE
#undef SPLAT
#undef ADD
#undef SUB
#undef MUL
#undef DIV
#undef FMA
#undef MIN
#undef MAX
#undef COPYSIGN
#undef POWER_OF_2
