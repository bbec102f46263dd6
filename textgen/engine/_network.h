/* One step of a stack of LSTM layers, whatever calls it: the extension module (_step.c) and the page
   (textgen/page/kernel/kernel.c). _kernel.h has the arithmetic for a set of vector instructions; it is included after this file.

   A row of the batch is computed from its own symbol and state alone, by the same operations in the same order whatever
   the number of rows and whatever they hold: its bits do not depend on its company. Nothing is kept between two steps,
   and nothing is allocated in a step. */

/* Weights lie in panels of so many columns: a line of the cache for each input. */
#define PANEL 16
/* The largest block of sums that is kept in registers. */
#define MOST_ROWS 6
#define MOST_PANELS 4

/* From this bound on, tanh is 1. */
#define BOUND 10.0f
/* Adding it to a small number rounds this to an integer, which is then the lowest bits of the sum. */
#define ROUNDING 12582912.0f
#define LOG2_E 1.44269504f
/* ln 2 in two parts: the first has few bits, so that its product with a small integer is exact. */
#define LN2_HIGH 0.693359375f
#define LN2_LOW -2.12194440e-4f
/* exp(r) - 1 = r + r^2 (E0 + E1 r + ... + E4 r^4) where |r| is at most ln 2 / 2; the relative error is 2e-8. */
#define E0 0.4999999701976776f
#define E1 0.16666540503501892f
#define E2 0.041667211800813675f
#define E3 0.008366883732378483f
#define E4 0.0013882452622056007f

#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 8")
#elif defined(_MSC_VER)
#define INLINE static __forceinline
#define UNROLL
#else
#define INLINE static inline
#define UNROLL
#endif

/* The arithmetic for one set of instructions. */
typedef struct {
    void (*activate)(float *gates, const float *c, float *new_c, float *new_h, ptrdiff_t units);
    void (*block)(const float *const *x, const float *weights, ptrdiff_t inputs, float *const *out, int rows,
                  int panels);
    int most_rows, most_row_panels; /* rows of a block; rows times panels */
} Kernel;

/* Where the rows of a product's left side are: so many floats apart, or, with ids, the rows of a table that these name.
   Another thread may change the ids meanwhile: each is read once and checked when it is used. */
typedef struct {
    const float *first;
    ptrdiff_t stride;
    const volatile int64_t *ids;
    ptrdiff_t symbols;
    int *is_bad; /* set where an id is not in the table */
} Source;

static const float *row_of(const Source *source, ptrdiff_t row)
{
    int64_t id;
    if (!source->ids)
        return source->first + row * source->stride;
    id = source->ids[row];
    if (id < 0 || id >= source->symbols) {
        *source->is_bad = 1;
        id = 0;
    }
    return source->first + id * source->stride;
}

/* Weights in panels: (panels, inputs, PANEL), the columns of the last panel filled up with zeros. */
typedef struct {
    const float *weights;
    ptrdiff_t inputs, columns;
} Matrix;

/* Of `left` things, at least 1, how many go into the next of equal parts with at most `most`. */
static int next_part(ptrdiff_t left, int most)
{
    const ptrdiff_t parts = (left + most - 1) / most;
    return (int)((left + parts - 1) / parts);
}

/* out[row] += x[row] @ matrix, for all rows. A panel is read once from memory and meets all rows while it is cached. */
static void add_product(const Kernel *kernel, const Source *x, const Matrix *matrix, float *out, ptrdiff_t rows)
{
    const ptrdiff_t inputs = matrix->inputs, columns = matrix->columns, all = (columns + PANEL - 1) / PANEL;
    ptrdiff_t panel, row;
    int panels, some, each, most_panels;
    if (!rows)
        return;
    most_panels = kernel->most_row_panels / next_part(rows, kernel->most_rows);
    most_panels = most_panels < MOST_PANELS ? most_panels : MOST_PANELS;
    for (panel = 0; panel < all; panel += panels) {
        const ptrdiff_t column = panel * PANEL;
        ptrdiff_t width = columns - column;
        panels = next_part(all - panel, most_panels);
        width = width < panels * PANEL ? width : panels * PANEL;
        for (row = 0; row < rows; row += some) {
            const float *x_rows[MOST_ROWS];
            float *out_rows[MOST_ROWS], spare[MOST_ROWS][MOST_PANELS * PANEL];
            const size_t size = (size_t)width * sizeof(float);
            const int is_whole = width == panels * PANEL;
            some = next_part(rows - row, kernel->most_rows);
            for (each = 0; each < some; each++) {
                float *into = out + (row + each) * columns + column;
                x_rows[each] = row_of(x, row + each);
                out_rows[each] = is_whole ? into : spare[each];
                if (!is_whole) { /* the last panel is wider than the row: it goes through spare columns */
                    memset(spare[each], 0, sizeof spare[each]);
                    memcpy(spare[each], into, size);
                }
            }
            kernel->block(x_rows, matrix->weights + column * inputs, inputs, out_rows, some, panels);
            for (each = 0; each < some && !is_whole; each++)
                memcpy(out + (row + each) * columns + column, spare[each], size);
        }
    }
}

typedef struct {
    Matrix kernel; /* weights NULL: the lookup gives the input product itself */
    Matrix recurrent;
    const float *bias;
    Matrix projection; /* weights NULL: the hidden state is what the cell gives */
} Layer;

/* A network. Its arrays stay where they are while it is used. */
typedef struct {
    const Kernel *kernel;
    ptrdiff_t units, size, symbols, width; /* size: of the hidden state */
    const float *lookup; /* (symbols, width): each symbol's input product, or its input to the first layer's kernel */
    Layer *layers;
    ptrdiff_t layer_count;
    Matrix output;
    const float *output_bias;
} Network;

/* The arrays of one call, as they are shaped for so many rows. */
typedef struct {
    const int64_t *ids;   /* (rows) */
    const float *h, *c;   /* (layers, rows, size) and (layers, rows, units) */
    const float *offsets; /* (rows, 4 units), added to the first layer's sums; NULL for none */
    float *new_h, *new_c; /* the same */
    float *gates;         /* (layers, rows, 4 units): the gates i, f, o and g */
    float *given;         /* (rows, units): what the cells of a layer give, before a projection */
    float *logits;        /* (rows, vocabulary) */
    ptrdiff_t rows;
} Call;

/* What the sums of a row begin with: the bias, and the input product where the lookup holds it. */
static void begin_rows(float *out, const float *bias, const Source *lookup, ptrdiff_t columns, ptrdiff_t rows)
{
    ptrdiff_t row, column;
    for (row = 0; row < rows; row++, out += columns) {
        const float *product = lookup ? row_of(lookup, row) : NULL;
        if (product)
            for (column = 0; column < columns; column++)
                out[column] = product[column] + bias[column];
        else
            memcpy(out, bias, (size_t)columns * sizeof(float));
    }
}

/* Compute a step. Returns 0, or -1 where an id is not in the lookup; the results are then of no use. */
static int compute(const Network *network, const Call *call)
{
    const ptrdiff_t units = network->units, size = network->size, rows = call->rows;
    int is_bad = 0;
    const Source lookup = {network->lookup, network->width, call->ids, network->symbols, &is_bad};
    Source x = lookup;
    ptrdiff_t at, row, each;
    for (at = 0; at < network->layer_count; at++) {
        const Layer *layer = &network->layers[at];
        const ptrdiff_t place = at * rows * units, hidden = at * rows * size;
        const Source h = {call->h + hidden, size, NULL, 0, NULL}, given = {call->given, units, NULL, 0, NULL};
        float *gates = call->gates + 4 * place, *new_h = call->new_h + hidden, *new_c = call->new_c + place;
        float *out = layer->projection.weights ? call->given : new_h;
        begin_rows(gates, layer->bias, layer->kernel.weights ? NULL : &lookup, 4 * units, rows);
        if (!at && call->offsets)
            for (each = 0; each < 4 * units * rows; each++)
                gates[each] += call->offsets[each];
        if (layer->kernel.weights)
            add_product(network->kernel, &x, &layer->kernel, gates, rows);
        add_product(network->kernel, &h, &layer->recurrent, gates, rows);
        for (row = 0; row < rows; row++)
            network->kernel->activate(gates + 4 * row * units, call->c + place + row * units, new_c + row * units,
                                   out + row * units, units);
        if (layer->projection.weights) {
            memset(new_h, 0, (size_t)(rows * size) * sizeof(float));
            add_product(network->kernel, &given, &layer->projection, new_h, rows);
        }
        x = (Source){new_h, size, NULL, 0, NULL};
    }
    begin_rows(call->logits, network->output_bias, NULL, network->output.columns, rows);
    add_product(network->kernel, &x, &network->output, call->logits, rows);
    return is_bad ? -1 : 0;
}
