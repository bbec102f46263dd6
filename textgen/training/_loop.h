/* The loop over time steps of an LSTM layer and its gradient, for one set of vector instructions: _recurrence.c includes this file
   once for each set, with the macros that ../engine/_kernel.h and ../engine/_sets.h describe.

   What every function here keeps: a number of a row depends on that row alone, and its sum is one chain in a fixed order. So the
   bits do not depend on how rows are divided among blocks and threads. */

/* Vectors in a row of a panel, and rows of a block: their sums fill the registers. */
#define VECTORS (REGISTERS >= 16 ? 4 : 2)
#define BLOCK_ROWS (REGISTERS / VECTORS)
#define PANEL_WIDTH (VECTORS * WIDTH)

/* 1 / x from the processor's estimate, whose bits its maker chooses. With it, sigmoid and tanh are within 4 units in the
   last place. */
INLINE TARGET V NAME(inverse)(V x)
{
    V found = ESTIMATE(x);
    int round;
    UNROLL for (round = 0; round < ROUNDS; round++)
        found = MUL(found, SUB(SPLAT(2.0f), MUL(x, found)));
    return found;
}

/* exp(x) - 1 for x from -86 to 86. POWER: 2 to the power of the integer part, with which it is made. */
INLINE TARGET V NAME(power_less_one)(V x)
{
    const V rounding = SPLAT(ROUNDING);
    const V sum = FMA(x, SPLAT(LOG2_E), rounding), whole = SUB(sum, rounding), power = POWER_OF_2(sum);
    V rest = FMA(whole, SPLAT(-LN2_HIGH), x), e;
    rest = FMA(whole, SPLAT(-LN2_LOW), rest);
    e = FMA(SPLAT(E4), rest, SPLAT(E3));
    e = FMA(e, rest, SPLAT(E2));
    e = FMA(e, rest, SPLAT(E1));
    e = FMA(e, rest, SPLAT(E0));
    e = FMA(e, MUL(rest, rest), rest);
    return FMA(power, e, SUB(power, SPLAT(1.0f)));
}

/* 1 / (1 + exp(-x)), where numbers beyond 80 count as 80. NaN stays NaN. */
INLINE TARGET V NAME(sigmoid)(V x)
{
    const V bounded = MIN(SPLAT(80.0f), MAX(SPLAT(-80.0f), MUL(SPLAT(-1.0f), x)));
    return NAME(inverse)(ADD(NAME(power_less_one)(bounded), SPLAT(2.0f)));
}

/* tanh(x) as in _kernel.h, with a product in place of the division. */
INLINE TARGET V NAME(tangent)(V x)
{
    const V size = MIN(SPLAT(BOUND), MAX(MUL(SPLAT(-1.0f), x), x));
    const V e = NAME(power_less_one)(ADD(size, size)), divisor = ADD(e, SPLAT(2.0f)), inverse = NAME(inverse)(divisor);
    const V quotient = MUL(e, inverse), one = SPLAT(1.0f);
    return COPYSIGN(MIN(one, FMA(inverse, SUB(e, MUL(quotient, divisor)), quotient)), x);
}

/* The first floats of a vector, the others 0: `count` of them, or all. */
INLINE TARGET V NAME(load_some)(const float *from, ptrdiff_t count)
{
    float some[WIDTH] = {0};
    if (count >= WIDTH)
        return LOAD(from);
    memcpy(some, from, (size_t)count * sizeof(float));
    return LOAD(some);
}

INLINE TARGET void NAME(store_some)(float *to, V numbers, ptrdiff_t count)
{
    float some[WIDTH];
    if (count >= WIDTH) {
        STORE(to, numbers);
        return;
    }
    STORE(some, numbers);
    memcpy(to, some, (size_t)count * sizeof(float));
}

/* out[row] = x[row] @ panel, for some rows: x is `stride` floats apart, out is `apart` floats apart. */
INLINE TARGET void NAME(rows_of_product)(const float *x, ptrdiff_t stride, const float *panel, ptrdiff_t inputs, float *out,
                                         ptrdiff_t apart, const int rows)
{
    V sums[BLOCK_ROWS][VECTORS];
    const float *from[BLOCK_ROWS];
    ptrdiff_t input;
    int row, vector;
    UNROLL for (row = 0; row < rows; row++) {
        from[row] = x + row * stride;
        UNROLL for (vector = 0; vector < VECTORS; vector++)
            sums[row][vector] = SPLAT(0.0f);
    }
    for (input = 0; input < inputs; input++, panel += PANEL_WIDTH) {
        V weight[VECTORS];
        UNROLL for (vector = 0; vector < VECTORS; vector++)
            weight[vector] = LOAD(panel + vector * WIDTH);
        UNROLL for (row = 0; row < rows; row++) {
            const V number = SPLAT(from[row][input]);
            UNROLL for (vector = 0; vector < VECTORS; vector++)
                sums[row][vector] = FMA(number, weight[vector], sums[row][vector]);
        }
    }
    UNROLL for (row = 0; row < rows; row++)
        UNROLL for (vector = 0; vector < VECTORS; vector++)
            STORE(out + row * apart + vector * WIDTH, sums[row][vector]);
}

INLINE TARGET void NAME(product)(const float *x, ptrdiff_t stride, const float *panel, ptrdiff_t inputs, float *out,
                                 ptrdiff_t apart, int rows)
{
#define ROWS(number) \
    case number: \
        if (number <= BLOCK_ROWS) \
            NAME(rows_of_product)(x, stride, panel, inputs, out, apart, number); \
        break;
    switch (rows) {
        ROWS(1)
        ROWS(2)
        ROWS(3)
        ROWS(4)
        ROWS(5)
        ROWS(6)
    }
#undef ROWS
}

/* A step's gates and states of WIDTH units, or `count`, of a row. `sums` holds the recurrent product of the four gates. */
INLINE TARGET void NAME(cell)(const Loop *loop, const float *sums, const float *const *inputs, ptrdiff_t at, ptrdiff_t unit,
                              const float *c_before, float *next_c, float *out, ptrdiff_t count)
{
    const ptrdiff_t units = loop->units;
    float *gates = loop->gates + at * 4 * units + unit;
    V gate[4], c, tanh_c;
    int each, source;
    UNROLL for (each = 0; each < 4; each++)
        gate[each] = LOAD(sums + each * WIDTH);
    for (source = 0; source < loop->source_count; source++)
        UNROLL for (each = 0; each < 4; each++)
            gate[each] = ADD(gate[each], NAME(load_some)(inputs[source] + each * units + unit, count));
    gate[0] = NAME(sigmoid)(gate[0]);
    gate[1] = NAME(sigmoid)(gate[1]);
    gate[2] = NAME(tangent)(gate[2]);
    gate[3] = NAME(sigmoid)(gate[3]);
    c = FMA(gate[1], NAME(load_some)(c_before, count), MUL(gate[0], gate[2]));
    tanh_c = NAME(tangent)(c);
    UNROLL for (each = 0; each < 4; each++)
        NAME(store_some)(gates + each * units, gate[each], count);
    NAME(store_some)(next_c, c, count);
    NAME(store_some)(out, MUL(gate[3], tanh_c), count);
}

/* All steps of the rows from `first` to `last`. */
static TARGET void NAME(forward)(Loop *loop, ptrdiff_t first, ptrdiff_t last, const float **inputs)
{
    enum { PARTS = 4 / VECTORS };
    const ptrdiff_t units = loop->units, size = loop->size, batch = loop->batch;
    ptrdiff_t step, unit, row, each;
    int source;
    for (step = 0; step < loop->steps; step++) {
        const float *h = loop->h + step * batch * size, *panel = loop->panels;
        float *next_h = loop->h + (step + 1) * batch * size, *next_c = loop->c + (step + 1) * batch * units;
        float *given = loop->given ? loop->given + step * batch * units : next_h;
        const float *c = loop->c + step * batch * units;
        for (row = first; row < last; row++)
            for (source = 0; source < loop->source_count; source++)
                inputs[(row - first) * loop->source_count + source] = input_at(loop, &loop->sources[source], step * batch + row);
        for (unit = 0; unit < units; unit += WIDTH, panel += size * 4 * WIDTH) {
            const ptrdiff_t count = units - unit;
            int rows, part;
            for (row = first; row < last; row += rows) {
                float sums[BLOCK_ROWS * 4 * WIDTH];
                rows = next_part(last - row, BLOCK_ROWS);
                for (part = 0; part < PARTS; part++)
                    NAME(product)(h + row * size, size, panel + part * size * PANEL_WIDTH, size, sums + part * PANEL_WIDTH,
                                  4 * WIDTH, rows);
#define CELL(number) \
    NAME(cell)(loop, sums + (each - row) * 4 * WIDTH, inputs + (each - first) * loop->source_count, step * batch + each, unit, \
               c + each * units + unit, next_c + each * units + unit, given + each * units + unit, number)
                for (each = row; each < row + rows; each++)
                    if (count >= WIDTH) /* the compiler makes code of its own for it */
                        CELL(WIDTH);
                    else
                        CELL(count);
#undef CELL
            }
        }
        if (loop->given) {
            panel = loop->projection;
            for (unit = 0; unit < size; unit += PANEL_WIDTH, panel += units * PANEL_WIDTH) {
                int rows, vector;
                for (row = first; row < last; row += rows) {
                    float sums[BLOCK_ROWS * PANEL_WIDTH];
                    rows = next_part(last - row, BLOCK_ROWS);
                    NAME(product)(given + row * units, units, panel, units, sums, PANEL_WIDTH, rows);
                    for (each = 0; each < rows; each++)
                        for (vector = 0; vector < VECTORS; vector++)
                            if (unit + vector * WIDTH < size)
                                NAME(store_some)(next_h + (row + each) * size + unit + vector * WIDTH,
                                                 LOAD(sums + each * PANEL_WIDTH + vector * WIDTH), size - unit - vector * WIDTH);
                }
            }
        }
    }
}

/* The gradients of a step's gates and of the state before it, for WIDTH units, or `count`, of a row: from that of what the
   cell gives, and that of its state, which is in d_c. */
INLINE TARGET void NAME(cell_back)(const Loop *loop, V d_given, ptrdiff_t at, ptrdiff_t unit, const float *c_before,
                                   const float *c, float *d_c, ptrdiff_t count)
{
    const ptrdiff_t units = loop->units;
    const float *gates = loop->gates + at * 4 * units + unit;
    float *d_x = loop->d_x + at * 4 * units + unit;
    const V one = SPLAT(1.0f), i = NAME(load_some)(gates, count), f = NAME(load_some)(gates + units, count);
    const V g = NAME(load_some)(gates + 2 * units, count), o = NAME(load_some)(gates + 3 * units, count);
    const V tanh_c = NAME(tangent)(NAME(load_some)(c, count));
    const V d = FMA(MUL(d_given, o), SUB(one, MUL(tanh_c, tanh_c)), NAME(load_some)(d_c, count));
    NAME(store_some)(d_x, MUL(MUL(d, g), MUL(i, SUB(one, i))), count);
    NAME(store_some)(d_x + units, MUL(MUL(d, NAME(load_some)(c_before, count)), MUL(f, SUB(one, f))), count);
    NAME(store_some)(d_x + 2 * units, MUL(MUL(d, i), SUB(one, MUL(g, g))), count);
    NAME(store_some)(d_x + 3 * units, MUL(MUL(d_given, tanh_c), MUL(o, SUB(one, o))), count);
    NAME(store_some)(d_c, MUL(d, f), count);
}

/* The gradients of all steps of the rows from `first` to `last`, back to the state before the first. */
static TARGET void NAME(backward)(Loop *loop, ptrdiff_t first, ptrdiff_t last, const float **unused)
{
    const ptrdiff_t units = loop->units, size = loop->size, batch = loop->batch, steps = loop->steps;
    ptrdiff_t step, unit, row, each;
    (void)unused;
    for (step = steps - 1; step >= -1; step--) {
        const float *d_after = loop->d_x + (step + 1) * batch * 4 * units, *panel = loop->panels;
        const float *next_c = loop->c + (step + 1) * batch * units;
        for (unit = 0; unit < size; unit += PANEL_WIDTH, panel += 4 * units * PANEL_WIDTH) {
            int rows, vector;
            for (row = first; row < last; row += rows) {
                float sums[BLOCK_ROWS * PANEL_WIDTH];
                rows = next_part(last - row, BLOCK_ROWS);
                if (step < steps - 1)
                    NAME(product)(d_after + row * 4 * units, 4 * units, panel, 4 * units, sums, PANEL_WIDTH, rows);
                for (each = row; each < row + rows; each++)
                    for (vector = 0; vector < VECTORS && unit + vector * WIDTH < size; vector++) {
                        const ptrdiff_t from = unit + vector * WIDTH, place = each * size + from, count = size - from;
                        V d_h = step < steps - 1 ? LOAD(sums + (each - row) * PANEL_WIDTH + vector * WIDTH)
                                                 : NAME(load_some)(loop->d_h + place, count);
                        if (step < 0) {
                            NAME(store_some)(loop->d_h0 + place, d_h, count);
                            continue;
                        }
                        d_h = ADD(d_h, NAME(load_some)(loop->d_outputs + step * batch * size + place, count));
                        if (loop->projection)
                            NAME(store_some)(loop->d_seen + step * batch * size + place, d_h, count);
                        else
                            NAME(cell_back)(loop, d_h, step * batch + each, from, next_c - batch * units + place, next_c + place, loop->d_c0 + place, count);
                    }
            }
        }
        if (loop->projection && step >= 0) {
            const float *d_seen = loop->d_seen + step * batch * size;
            panel = loop->projection;
            for (unit = 0; unit < units; unit += PANEL_WIDTH, panel += size * PANEL_WIDTH) {
                int rows, vector;
                for (row = first; row < last; row += rows) {
                    float sums[BLOCK_ROWS * PANEL_WIDTH];
                    rows = next_part(last - row, BLOCK_ROWS);
                    NAME(product)(d_seen + row * size, size, panel, size, sums, PANEL_WIDTH, rows);
                    for (each = row; each < row + rows; each++)
                        for (vector = 0; vector < VECTORS && unit + vector * WIDTH < units; vector++) {
                            const ptrdiff_t from = unit + vector * WIDTH, place = each * units + from;
                            NAME(cell_back)(loop, LOAD(sums + (each - row) * PANEL_WIDTH + vector * WIDTH), step * batch + each,
                                            from, next_c - batch * units + place, next_c + place, loop->d_c0 + place, units - from);
                        }
                }
            }
        }
    }
}

/* The gradients of tables: each row gets the sum over the places that read it. Columns from `first` to `last`. */
static TARGET void NAME(add_rows)(Loop *loop, ptrdiff_t first, ptrdiff_t last)
{
    const ptrdiff_t columns = 4 * loop->units, places = loop->steps * loop->batch;
    ptrdiff_t place, column, row;
    int each;
    for (each = 0; each < loop->source_count; each++) {
        const Inputs *source = &loop->sources[each];
        for (row = 0; row < source->rows; row++)
            memset(source->numbers + row * columns + first, 0, (size_t)(last - first) * sizeof(float));
        for (place = 0; place < places; place++) {
            float *sums = input_at(loop, source, place);
            const float *numbers = loop->d_x + place * columns;
            for (column = first; column + WIDTH <= last; column += WIDTH)
                STORE(sums + column, ADD(LOAD(sums + column), LOAD(numbers + column)));
            for (; column < last; column++)
                sums[column] += numbers[column];
        }
    }
}

static const Loops NAME(loops) = {NAME(forward), NAME(backward), NAME(add_rows), WIDTH, PANEL_WIDTH};

#undef VECTORS
#undef BLOCK_ROWS
#undef PANEL_WIDTH
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
