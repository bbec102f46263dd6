/* The loop over time steps of an LSTM layer, and its gradient, as an extension module. textgen/training/compiled.py calls it.
   _loop.h has the arithmetic for a set of vector instructions.

   The rows of a batch are divided among threads. A row's numbers depend on that row alone, and sums over rows are taken in one
   order, by columns, so the bits do not depend on the number of threads. The global interpreter lock is free during the
   arithmetic. Memory is allocated once a call. Threads live as long as a call: to start one takes 20 us, and nothing is left that a
   fork of the process could disturb. */

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(_WIN32)
#include <windows.h>
#else
#include <pthread.h>
#endif

#include "../engine/_network.h"

/* More would not find rows to work on. */
#define MOST_THREADS 64
/* Inputs of a layer that are summed. */
#define MOST_SOURCES 32
/* Keeps sizes of matrices within what fits a number of bytes. */
#define MOST_UNITS 1000000
/* Columns of a table that a thread takes at a time: a line of the cache. */
#define LINE 16

/* Inputs of the gates: rows of (any, 4 units) floats. A place of the batch reads the row that its id names, its own row where
   there are as many rows as places, or the only one. */
typedef struct {
    float *numbers;
    const volatile int32_t *ids; /* (steps, batch), or NULL */
    ptrdiff_t rows;
} Inputs;

/* A call's arrays. Gates lie in Keras's order: i, f, g, o. */
typedef struct Loop {
    ptrdiff_t steps, batch, units, size; /* size: of h */
    const float *panels, *projection;    /* the matrices, packed; projection NULL for none */
    Inputs sources[MOST_SOURCES];
    int source_count;
    volatile int is_bad; /* set where an id is not in its table */
    float *h;            /* (steps + 1, batch, size): before the first step, and after each */
    float *gates;        /* (steps, batch, 4 units), activated */
    float *c;            /* (steps + 1, batch, units) */
    float *given;        /* (steps, batch, units): what the cell gives, before the projection */
    /* The gradient: of h after each step but for what later steps make of it, of h after the last step, of the gates' sums, of h
       and c before the first step, and of h after each step. */
    const float *d_outputs, *d_h;
    float *d_x, *d_h0, *d_c0, *d_seen;
} Loop;

typedef void (*Pass)(Loop *loop, ptrdiff_t first, ptrdiff_t last, const float **rows);

/* The arithmetic for one set of instructions. */
typedef struct {
    Pass forward, backward;
    void (*add_rows)(Loop *loop, ptrdiff_t first, ptrdiff_t last);
    int width, panel_width;
} Loops;

/* The row of inputs that a place reads. */
static float *input_at(Loop *loop, const Inputs *source, ptrdiff_t place)
{
    ptrdiff_t row = source->rows > 1 ? place : 0;
    if (source->ids) {
        row = source->ids[place];
        if (row < 0 || row >= source->rows) {
            loop->is_bad = 1;
            row = 0;
        }
    }
    return source->numbers + row * 4 * loop->units;
}

#define BODY "../training/_loop.h"
#include "../engine/_sets.h"

#include "../engine/_arrays.h"

typedef struct {
    const char *name;
    const Loops *loops;
} Variant;

static const Variant VARIANTS[] = {OF_EACH_SET(loops)};

/* ---- threads ---- */

typedef struct {
    void (*work)(void *context, int part, int parts);
    void *context;
    int part, parts;
} Part;

#if defined(_WIN32)
typedef HANDLE Thread;
static DWORD WINAPI run_part(void *part_of)
{
    const Part *part = part_of;
    part->work(part->context, part->part, part->parts);
    return 0;
}
static int start(Thread *thread, Part *part)
{
    *thread = CreateThread(NULL, 0, run_part, part, 0, NULL);
    return *thread != NULL;
}
static void join(Thread thread)
{
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}
#else
typedef pthread_t Thread;
static void *run_part(void *part_of)
{
    const Part *part = part_of;
    part->work(part->context, part->part, part->parts);
    return NULL;
}
static int start(Thread *thread, Part *part)
{
    return !pthread_create(thread, NULL, run_part, part);
}
static void join(Thread thread)
{
    pthread_join(thread, NULL);
}
#endif

/* Do all parts of some work, each on a thread of its own, the first on this one; returns when all are done. */
static void run_parts(void (*work)(void *context, int part, int parts), void *context, int parts)
{
    Thread threads[MOST_THREADS];
    int is_started[MOST_THREADS] = {0}, each;
    Part all[MOST_THREADS];
    for (each = 0; each < parts; each++)
        all[each] = (Part){work, context, each, parts};
    for (each = 1; each < parts; each++)
        is_started[each] = start(&threads[each], &all[each]);
    for (each = 0; each < parts; each++)
        if (!is_started[each])
            work(context, each, parts);
    for (each = 1; each < parts; each++)
        if (is_started[each])
            join(threads[each]);
}

/* ---- matrices ---- */

/* A matrix whose columns, or whose rows, are to lie in panels: packed[panel][input][place in panel]. */
typedef struct {
    const float *numbers;
    ptrdiff_t rows, columns;
    float *packed;
    ptrdiff_t width; /* of a panel */
    ptrdiff_t gates; /* equal parts of the columns; a group of panels takes `width` columns of each */
    int is_turned;   /* the rows lie in panels, so that the product is with the transposed matrix */
} Packing;

static ptrdiff_t panels_of(const Packing *packing)
{
    const ptrdiff_t outputs = packing->is_turned ? packing->rows : packing->columns / packing->gates;
    return (outputs + packing->width - 1) / packing->width;
}

static size_t packed_floats(const Packing *packing)
{
    return (size_t)panels_of(packing) * (size_t)packing->width * (size_t)packing->gates
           * (size_t)(packing->is_turned ? packing->columns : packing->rows);
}

/* Of the work on `all` things, where a part begins. */
static ptrdiff_t edge(ptrdiff_t all, int part, int parts)
{
    return all / parts * part + all % parts * part / parts;
}

/* Pack the groups of panels from `first` to `last`. A panel of a group holds `in_panel` gates, `width` columns of each. */
static void pack(const Packing *packing, ptrdiff_t first, ptrdiff_t last, ptrdiff_t in_panel)
{
    const ptrdiff_t width = packing->width, columns = packing->columns, rows = packing->rows;
    ptrdiff_t panel, input, gate, each;
    for (panel = first; panel < last; panel++) {
        const ptrdiff_t from = panel * width;
        if (packing->is_turned) {
            float *to = packing->packed + panel * width * columns;
            for (input = 0; input < columns; input += LINE) {
                const ptrdiff_t end = input + LINE < columns ? input + LINE : columns;
                ptrdiff_t at;
                for (each = 0; each < width; each++)
                    for (at = input; at < end; at++)
                        to[at * width + each] = from + each < rows ? packing->numbers[(from + each) * columns + at] : 0.0f;
            }
            continue;
        }
        for (gate = 0; gate < packing->gates; gate++) {
            const ptrdiff_t outputs = columns / packing->gates, count = outputs - from < width ? outputs - from : width;
            float *to = packing->packed + panel * width * packing->gates * rows + gate / in_panel * in_panel * width * rows
                        + gate % in_panel * width;
            const float *numbers = packing->numbers + gate * outputs + from;
            for (input = 0; input < rows; input++, to += in_panel * width, numbers += columns) {
                memcpy(to, numbers, (size_t)count * sizeof(float));
                if (count < width)
                    memset(to + count, 0, (size_t)(width - count) * sizeof(float));
            }
        }
    }
}

/* ---- a call ---- */

typedef struct {
    Loop loop;
    const Loops *loops;
    Pass pass;
    Packing packings[2]; /* recurrent kernel, projection */
    int packing_count;
    ptrdiff_t in_panel; /* gates in a panel of the recurrent kernel */
    const float **rows; /* (batch, sources), for the rows of inputs of a step */
} Work;

static void pack_part(void *context, int part, int parts)
{
    Work *work = context;
    int each;
    for (each = 0; each < work->packing_count; each++) {
        const Packing *packing = &work->packings[each];
        const ptrdiff_t all = panels_of(packing);
        pack(packing, edge(all, part, parts), edge(all, part + 1, parts), each ? 1 : work->in_panel);
    }
}

static void loop_part(void *context, int part, int parts)
{
    Work *work = context;
    const ptrdiff_t first = edge(work->loop.batch, part, parts), last = edge(work->loop.batch, part + 1, parts);
    if (first < last) /* a batch of no rows may have any number of steps */
        work->pass(&work->loop, first, last, work->rows + first * work->loop.source_count);
}

static void sum_part(void *context, int part, int parts)
{
    Work *work = context;
    const ptrdiff_t columns = 4 * work->loop.units, lines = (columns + LINE - 1) / LINE;
    const ptrdiff_t last = edge(lines, part + 1, parts) * LINE;
    work->loops->add_rows(&work->loop, edge(lines, part, parts) * LINE, last < columns ? last : columns);
}

/* Floats of memory that the packed matrices need, each from a line of the cache on. */
static size_t floats_needed(const Work *work)
{
    size_t floats = LINE;
    int each;
    for (each = 0; each < work->packing_count; each++)
        floats += packed_floats(&work->packings[each]) / LINE * LINE + LINE;
    return floats;
}

/* Do a call's work, with memory for the packed matrices. Returns 0, or -1 where memory ran out. */
static int run(Work *work, float *room, int threads)
{
    Loop *loop = &work->loop;
    float *at = (float *)(((uintptr_t)room + 63) / 64 * 64);
    int each;
    work->rows = malloc((size_t)(loop->batch * loop->source_count + 1) * sizeof(float *));
    if (!work->rows)
        return -1;
    for (each = 0; each < work->packing_count; each++) {
        work->packings[each].packed = at;
        at += (packed_floats(&work->packings[each]) + LINE - 1) / LINE * LINE;
    }
    loop->panels = work->packings[0].packed;
    loop->projection = work->packing_count > 1 ? work->packings[1].packed : NULL;
    run_parts(pack_part, work, threads);
    run_parts(loop_part, work, threads);
    if (work->pass == work->loops->backward && loop->source_count)
        run_parts(sum_part, work, threads);
    free((void *)work->rows);
    return 0;
}

/* ---- Python ---- */

#define MOST_ARRAYS (16 + 2 * MOST_SOURCES)

typedef struct {
    Py_buffer buffers[MOST_ARRAYS];
    int count;
} Arrays;

/* An array's address, or NULL with an exception; it stays until `release`. */
static void *keep(Arrays *arrays, PyObject *object, const Wanted *wanted)
{
    static char nothing;
    Py_buffer *buffer = &arrays->buffers[arrays->count];
    if (get_array(object, wanted, buffer))
        return NULL;
    arrays->count++;
    return buffer->buf ? buffer->buf : &nothing;
}

static void release(Arrays *arrays)
{
    while (arrays->count)
        PyBuffer_Release(&arrays->buffers[--arrays->count]);
}

/* Keep the sources, a tuple of pairs: numbers, and ids or None. */
static int keep_sources(Arrays *arrays, PyObject *tuple, Loop *loop, int is_written)
{
    const Wanted ids = {"ids", INT32, 0, 2, {loop->steps, loop->batch}};
    const Wanted numbers = {"inputs", FLOAT32, is_written, 2, {-1, 4 * loop->units}};
    const Py_ssize_t count = PyTuple_Size(tuple), places = loop->steps * loop->batch;
    Py_ssize_t each;
    if (count > MOST_SOURCES) {
        PyErr_Format(PyExc_ValueError, "sources: %zd, more than %d", count, MOST_SOURCES);
        return -1;
    }
    for (each = 0; each < count; each++) {
        PyObject *pair = PyTuple_GetItem(tuple, each);
        Inputs *source = &loop->sources[each];
        if (!PyTuple_Check(pair) || PyTuple_Size(pair) != 2) {
            PyErr_SetString(PyExc_TypeError, "sources: each is a tuple of numbers and ids");
            return -1;
        }
        if (!(source->numbers = keep(arrays, PyTuple_GetItem(pair, 0), &numbers)))
            return -1;
        source->rows = arrays->buffers[arrays->count - 1].shape[0];
        if (PyTuple_GetItem(pair, 1) != Py_None) {
            if (!(source->ids = keep(arrays, PyTuple_GetItem(pair, 1), &ids)))
                return -1;
            if (!source->rows && places) {
                PyErr_SetString(PyExc_IndexError, "ids: of a table without rows");
                return -1;
            }
        } else if (source->rows != 1 && source->rows != places) {
            PyErr_Format(PyExc_ValueError, "inputs: %zd rows, not 1 or %zd", source->rows, places);
            return -1;
        }
    }
    loop->source_count = (int)count;
    return 0;
}

static const Loops *loops_named(const char *name)
{
    size_t each;
    for (each = 0; each < sizeof VARIANTS / sizeof VARIANTS[0]; each++)
        if (!strcmp(VARIANTS[each].name, name) && has_set(name))
            return VARIANTS[each].loops;
    PyErr_Format(PyExc_ValueError, "this machine has no variant '%s'", name);
    return NULL;
}

/* The shapes of the packed matrices. */
static void set_packings(Work *work, ptrdiff_t units, ptrdiff_t size, int is_projected, int is_forward)
{
    const Loops *loops = work->loops;
    Packing *kernel = &work->packings[0], *projection = &work->packings[1];
    kernel->rows = size;
    kernel->columns = 4 * units;
    kernel->width = is_forward ? loops->width : loops->panel_width;
    kernel->gates = is_forward ? 4 : 1;
    work->in_panel = loops->panel_width / loops->width;
    projection->rows = units;
    projection->columns = size;
    projection->width = loops->panel_width;
    projection->gates = 1;
    kernel->is_turned = projection->is_turned = !is_forward;
    work->packing_count = 1 + is_projected;
}

/* Keep what both directions have: gates and cell states, which say the sizes, and the matrices. */
static int keep_common(Arrays *arrays, Work *work, PyObject *c, PyObject *kernel, PyObject *projection, PyObject *gates,
                       int is_forward)
{
    const Wanted any_c = {"c", FLOAT32, is_forward, 3, {-1, -1, -1}};
    Loop *loop = &work->loop;
    if (!(loop->c = keep(arrays, c, &any_c)))
        return -1;
    loop->steps = arrays->buffers[0].shape[0] - 1;
    loop->batch = arrays->buffers[0].shape[1];
    loop->units = arrays->buffers[0].shape[2];
    if (loop->steps < 0 || loop->units < 1 || loop->units > MOST_UNITS) {
        PyErr_SetString(PyExc_ValueError, "c: it has no state before the first step, or no units");
        return -1;
    }
    {
        const Wanted any_gates = {"gates", FLOAT32, is_forward, 3, {loop->steps, loop->batch, 4 * loop->units}};
        const Wanted any_kernel = {"kernel", FLOAT32, 0, 2, {-1, 4 * loop->units}};
        if (!(loop->gates = keep(arrays, gates, &any_gates)) || !(work->packings[0].numbers = keep(arrays, kernel, &any_kernel)))
            return -1;
    }
    loop->size = arrays->buffers[arrays->count - 1].shape[0];
    if (loop->size < 1) {
        PyErr_SetString(PyExc_ValueError, "kernel: no rows");
        return -1;
    }
    set_packings(work, loop->units, loop->size, projection != Py_None, is_forward);
    if (projection != Py_None) {
        const Wanted matrix = {"projection", FLOAT32, 0, 2, {loop->units, loop->size}};
        return (work->packings[1].numbers = keep(arrays, projection, &matrix)) ? 0 : -1;
    }
    if (loop->size != loop->units) {
        PyErr_SetString(PyExc_ValueError, "kernel: a hidden state of another size than the cell's needs a projection");
        return -1;
    }
    return 0;
}

/* Run what was kept and give the arrays back. `memory` is for the packed matrices. */
static PyObject *finish(Arrays *arrays, Work *work, PyObject *memory, int threads, int failed)
{
    const Wanted any = {"room", FLOAT32, 1, 1, {-1}};
    int out_of_memory = 0;
    float *room = failed ? NULL : keep(arrays, memory, &any);
    failed = failed || !room;
    if (!failed && (size_t)arrays->buffers[arrays->count - 1].shape[0] < floats_needed(work)) {
        PyErr_Format(PyExc_ValueError, "room: %zd floats, not %zu", arrays->buffers[arrays->count - 1].shape[0],
                     floats_needed(work));
        failed = 1;
    }
    if (!failed) {
        threads = threads < MOST_THREADS ? threads : MOST_THREADS;
        threads = threads < work->loop.batch ? threads : (int)work->loop.batch;
        threads = threads < 1 ? 1 : threads;
        Py_BEGIN_ALLOW_THREADS
        out_of_memory = run(work, room, threads);
        Py_END_ALLOW_THREADS
    }
    release(arrays);
    if (out_of_memory)
        return PyErr_NoMemory();
    if (!failed && work->loop.is_bad)
        PyErr_SetString(PyExc_IndexError, "ids: not all in their table");
    if (PyErr_Occurred())
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *module_forward(PyObject *module, PyObject *arguments)
{
    PyObject *sources, *h, *c, *kernel, *projection, *gates, *given, *room;
    Arrays arrays = {.count = 0};
    Work work = {.in_panel = 1};
    Loop *loop = &work.loop;
    const char *variant;
    int threads, failed;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "siO!OOOOOOO:forward", &variant, &threads, &PyTuple_Type, &sources, &h, &c, &kernel,
                          &projection, &gates, &given, &room)
        || !(work.loops = loops_named(variant)))
        return NULL;
    work.pass = work.loops->forward;
    failed = keep_common(&arrays, &work, c, kernel, projection, gates, 1) || keep_sources(&arrays, sources, loop, 0);
    if (!failed) {
        const Wanted all_h = {"h", FLOAT32, 1, 3, {loop->steps + 1, loop->batch, loop->size}};
        const Wanted before = {"given", FLOAT32, 1, 3, {loop->steps, loop->batch, loop->units}};
        failed = !(loop->h = keep(&arrays, h, &all_h));
        if (!failed && projection != Py_None)
            failed = !(loop->given = keep(&arrays, given, &before));
    }
    return finish(&arrays, &work, room, threads, failed);
}

static PyObject *module_backward(PyObject *module, PyObject *arguments)
{
    PyObject *tables, *kernel, *projection, *gates, *c, *d_outputs, *d_h, *d_x, *d_h0, *d_c0, *d_seen, *room;
    Arrays arrays = {.count = 0};
    Work work = {.in_panel = 1};
    Loop *loop = &work.loop;
    const char *variant;
    int threads, failed;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "siO!OOOOOOOOOOO:backward", &variant, &threads, &PyTuple_Type, &tables, &c, &kernel, &projection,
                          &gates, &d_outputs, &d_h, &d_x, &d_h0, &d_c0, &d_seen, &room)
        || !(work.loops = loops_named(variant)))
        return NULL;
    work.pass = work.loops->backward;
    failed = keep_common(&arrays, &work, c, kernel, projection, gates, 0) || keep_sources(&arrays, tables, loop, 1);
    if (!failed) {
        const Wanted outputs = {"d_outputs", FLOAT32, 0, 3, {loop->steps, loop->batch, loop->size}};
        const Wanted last_h = {"d_h", FLOAT32, 0, 2, {loop->batch, loop->size}};
        const Wanted x = {"d_x", FLOAT32, 1, 3, {loop->steps, loop->batch, 4 * loop->units}};
        const Wanted first_h = {"d_h0", FLOAT32, 1, 2, {loop->batch, loop->size}};
        const Wanted first_c = {"d_c0", FLOAT32, 1, 2, {loop->batch, loop->units}};
        const Wanted seen = {"d_seen", FLOAT32, 1, 3, {loop->steps, loop->batch, loop->size}};
        failed = !(loop->d_outputs = keep(&arrays, d_outputs, &outputs)) || !(loop->d_h = keep(&arrays, d_h, &last_h))
                 || !(loop->d_x = keep(&arrays, d_x, &x)) || !(loop->d_h0 = keep(&arrays, d_h0, &first_h))
                 || !(loop->d_c0 = keep(&arrays, d_c0, &first_c));
        if (!failed && projection != Py_None)
            failed = !(loop->d_seen = keep(&arrays, d_seen, &seen));
    }
    return finish(&arrays, &work, room, threads, failed);
}

/* room(variant, units, size, is_projected): floats of memory that a call needs beside its arrays, at most. */
static PyObject *module_room(PyObject *module, PyObject *arguments)
{
    const char *variant;
    Py_ssize_t units, size;
    int is_projected, direction;
    size_t most = 0;
    (void)module;
    Work work = {.packing_count = 0};
    if (!PyArg_ParseTuple(arguments, "snnp:room", &variant, &units, &size, &is_projected)
        || !(work.loops = loops_named(variant)))
        return NULL;
    if (units < 1 || units > MOST_UNITS || size < 1 || size > MOST_UNITS) {
        PyErr_SetString(PyExc_ValueError, "units and size: too few or too many");
        return NULL;
    }
    for (direction = 0; direction < 2; direction++) {
        set_packings(&work, units, size, is_projected, !direction);
        most = most > floats_needed(&work) ? most : floats_needed(&work);
    }
    return PyLong_FromSize_t(most);
}

static PyMethodDef methods[] = {
    {"forward", module_forward, METH_VARARGS,
     "forward(variant, threads, sources, h, c, kernel, projection, gates, given, room): all steps. h[0] and c[0] are the state before "
     "the first; h[1:], c[1:], gates and given are written."},
    {"backward", module_backward, METH_VARARGS,
     "backward(variant, threads, tables, c, kernel, projection, gates, d_outputs, d_h, d_x, d_h0, d_c0, d_seen, room): the gradient. "
     "d_c0 holds that of the last c; it and tables, d_x, d_h0 and d_seen are written."},
    {"room", module_room, METH_VARARGS,
     "room(variant, units, size, is_projected): the number of floats that the others need as room."},
    {NULL, NULL, 0, NULL},
};

static int module_exec(PyObject *module)
{
    PyObject *names = PyList_New(0), *tuple = NULL;
    size_t each;
    int failed = !names;
    for (each = 0; !failed && each < sizeof VARIANTS / sizeof VARIANTS[0]; each++)
        if (has_set(VARIANTS[each].name)) {
            PyObject *name = PyUnicode_FromString(VARIANTS[each].name);
            failed = !name || PyList_Append(names, name);
            Py_XDECREF(name);
        }
    failed = failed || !(tuple = PyList_AsTuple(names)) || PyModule_AddObjectRef(module, "VARIANTS", tuple)
             || PyModule_AddIntConstant(module, "MOST_SOURCES", MOST_SOURCES);
    Py_XDECREF(names);
    Py_XDECREF(tuple);
    return failed ? -1 : 0;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
    {0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "textgen.training._recurrence", "The loop over time steps, compiled.", 0, methods, module_slots, NULL,
    NULL, NULL,
};

PyMODINIT_FUNC PyInit__recurrence(void)
{
    return PyModuleDef_Init(&module);
}
