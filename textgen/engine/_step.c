/* The step of _network.h as an extension module. textgen/engine/compiled.py prepares the weights and calls it. The global
   interpreter lock is free during the arithmetic.

   Every array comes through the buffer protocol. Its type, shape and alignment are checked before an address is used, so
   no call from Python reads or writes outside of an array. */

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "_network.h"

#define BODY "_kernel.h"
#include "_sets.h"

#include "_arrays.h"

typedef struct {
    const char *name;
    const Kernel *kernel;
} Variant;

static const Variant VARIANTS[] = {OF_EACH_SET(kernel)};

/* The variant of this place among those that this machine runs, the fastest first; a name of NULL after the last. */
static Variant variant_at(int place)
{
    const Variant none = {NULL, NULL};
    size_t each;
    for (each = 0; each < sizeof VARIANTS / sizeof VARIANTS[0]; each++)
        if (has_set(VARIANTS[each].name) && !place--)
            return VARIANTS[each];
    return none;
}

/* A network, as Python holds it. Its arrays stay where they are while it lives: it keeps their buffers. */
typedef struct {
    PyObject_HEAD
    Network network;
    Py_buffer *buffers;
    ptrdiff_t buffer_count;
} Step;

/* ---- Python ---- */

/* Get an array of weights and keep its buffer. Returns the address, or NULL with an exception. */
static const float *keep_array(Step *self, PyObject *object, const Wanted *wanted)
{
    Py_buffer *buffer = &self->buffers[self->buffer_count];
    if (get_array(object, wanted, buffer))
        return NULL;
    self->buffer_count++;
    return buffer->buf;
}

static int keep_matrix(Step *self, PyObject *object, const char *name, Py_ssize_t inputs, Py_ssize_t columns,
                       Matrix *matrix)
{
    const Wanted wanted = {name, FLOAT32, 0, 3, {(columns + PANEL - 1) / PANEL, inputs, PANEL}};
    matrix->weights = keep_array(self, object, &wanted);
    matrix->inputs = inputs;
    matrix->columns = columns;
    return matrix->weights ? 0 : -1;
}

/* Keep the arrays of a layer, a tuple of kernel or None, recurrent kernel, bias, and projection or None. */
static int keep_layer(Step *self, PyObject *tuple, ptrdiff_t at)
{
    const Wanted bias = {"bias", FLOAT32, 0, 1, {4 * self->network.units}};
    Layer *layer = &self->network.layers[at];
    PyObject *kernel, *recurrent, *bias_array, *projection;
    if (!PyTuple_Check(tuple) || PyTuple_Size(tuple) != 4) {
        PyErr_SetString(PyExc_TypeError, "layers: each is a tuple of kernel, recurrent kernel, bias and projection");
        return -1;
    }
    kernel = PyTuple_GetItem(tuple, 0);
    recurrent = PyTuple_GetItem(tuple, 1);
    bias_array = PyTuple_GetItem(tuple, 2);
    projection = PyTuple_GetItem(tuple, 3);
    if (kernel == Py_None && (at || self->network.width != 4 * self->network.units)) {
        PyErr_SetString(PyExc_ValueError, "layers: a layer without a kernel is the first, with a lookup of products");
        return -1;
    }
    if (kernel != Py_None
        && keep_matrix(self, kernel, "kernel", at ? self->network.size : self->network.width, 4 * self->network.units, &layer->kernel))
        return -1;
    if (keep_matrix(self, recurrent, "recurrent kernel", self->network.size, 4 * self->network.units, &layer->recurrent))
        return -1;
    if (projection == Py_None && self->network.size != self->network.units) {
        PyErr_SetString(PyExc_ValueError, "layers: a hidden state of another size than the cell's needs a projection");
        return -1;
    }
    if (projection != Py_None
        && keep_matrix(self, projection, "projection", self->network.units, self->network.size, &layer->projection))
        return -1;
    layer->bias = keep_array(self, bias_array, &bias);
    return layer->bias ? 0 : -1;
}

static int keep_all(Step *self, PyObject *lookup, PyObject *layers, PyObject *output, PyObject *output_bias)
{
    const Wanted table = {"lookup", FLOAT32, 0, 2, {-1, -1}}, any_bias = {"output bias", FLOAT32, 0, 1, {-1}};
    ptrdiff_t at;
    if (!(self->network.lookup = keep_array(self, lookup, &table)))
        return -1;
    self->network.symbols = self->buffers[0].shape[0];
    self->network.width = self->buffers[0].shape[1];
    if (!self->network.symbols) {
        PyErr_SetString(PyExc_ValueError, "lookup: no rows");
        return -1;
    }
    for (at = 0; at < self->network.layer_count; at++)
        if (keep_layer(self, PyTuple_GetItem(layers, at), at))
            return -1;
    if (!(self->network.output_bias = keep_array(self, output_bias, &any_bias)))
        return -1;
    return keep_matrix(self, output, "output kernel", self->network.size,
                       self->buffers[self->buffer_count - 1].shape[0], &self->network.output);
}

static const Kernel *kernel_named(const char *name)
{
    int place;
    for (place = 0; variant_at(place).name; place++)
        if (!strcmp(variant_at(place).name, name))
            return variant_at(place).kernel;
    PyErr_Format(PyExc_ValueError, "this machine has no variant '%s'", name);
    return NULL;
}

static void step_dealloc(PyObject *object)
{
    Step *self = (Step *)object;
    PyTypeObject *type = Py_TYPE(object);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    while (self->buffer_count)
        PyBuffer_Release(&self->buffers[--self->buffer_count]);
    PyMem_Free(self->buffers);
    PyMem_Free(self->network.layers);
    release(object);
    Py_DECREF(type);
}

static PyObject *step_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    const Py_ssize_t most_units = PY_SSIZE_T_MAX / 64;
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    PyObject *lookup, *layers, *output, *output_bias;
    Py_ssize_t units, size;
    const char *variant;
    Step *self;
    if (keywords && PyDict_Size(keywords)) {
        PyErr_SetString(PyExc_TypeError, "Step takes no keyword arguments");
        return NULL;
    }
    if (!PyArg_ParseTuple(arguments, "snnOO!OO:Step", &variant, &units, &size, &lookup, &PyTuple_Type, &layers,
                          &output, &output_bias))
        return NULL;
    if (units < 1 || units > most_units || size < 1 || size > most_units || PyTuple_Size(layers) < 1) {
        PyErr_SetString(PyExc_ValueError, "Step takes at least one unit and one layer");
        return NULL;
    }
    self = (Step *)allocate(type, 0); /* all zeros */
    if (!self)
        return NULL;
    self->network.units = units;
    self->network.size = size;
    self->network.layer_count = PyTuple_Size(layers);
    self->network.layers = PyMem_Calloc((size_t)self->network.layer_count, sizeof(Layer));
    self->buffers = PyMem_Calloc((size_t)self->network.layer_count * 4 + 3, sizeof(Py_buffer));
    if (!self->network.layers || !self->buffers)
        PyErr_NoMemory();
    else if ((self->network.kernel = kernel_named(variant)) && !keep_all(self, lookup, layers, output, output_bias))
        return (PyObject *)self;
    Py_DECREF(self);
    return NULL;
}

enum { IDS, H, C, OFFSETS, NEW_H, NEW_C, GATES, GIVEN, LOGITS, ARRAYS };

static PyObject *step_call(PyObject *object, PyObject *const *arguments, Py_ssize_t count)
{
    const Step *self = (const Step *)object;
    const Py_ssize_t units = self->network.units, size = self->network.size, layers = self->network.layer_count;
    Py_buffer views[ARRAYS];
    Py_ssize_t rows = -1;
    int got, failed = 0;
    if (count != ARRAYS) {
        PyErr_Format(PyExc_TypeError, "step takes %d arrays, got %zd", ARRAYS, count);
        return NULL;
    }
    for (got = 0; got < ARRAYS; got++) {
        const Wanted wanted[ARRAYS] = {
            {"ids", INT64, 0, 1, {-1}},
            {"h", FLOAT32, 0, 3, {layers, rows, size}},
            {"c", FLOAT32, 0, 3, {layers, rows, units}},
            {"offsets", FLOAT32, 0, 2, {-1, 4 * units}},
            {"new h", FLOAT32, 1, 3, {layers, rows, size}},
            {"new c", FLOAT32, 1, 3, {layers, rows, units}},
            {"gates", FLOAT32, 1, 3, {layers, rows, 4 * units}},
            {"given", FLOAT32, 1, 2, {rows, units}},
            {"logits", FLOAT32, 1, 2, {rows, self->network.output.columns}},
        };
        if (get_array(arguments[got], &wanted[got], &views[got]))
            break;
        rows = views[IDS].shape[0];
        if (got == OFFSETS && views[got].shape[0] && views[got].shape[0] != rows) {
            PyErr_Format(PyExc_ValueError, "offsets: %zd rows, not 0 or %zd", views[got].shape[0], rows);
            got++;
            break;
        }
    }
    failed = PyErr_Occurred() != NULL;
    if (!failed) {
        const Call call = {
            views[IDS].buf,
            views[H].buf,
            views[C].buf,
            views[OFFSETS].shape[0] ? views[OFFSETS].buf : NULL,
            views[NEW_H].buf,
            views[NEW_C].buf,
            views[GATES].buf,
            views[GIVEN].buf,
            views[LOGITS].buf,
            rows,
        };
        Py_BEGIN_ALLOW_THREADS
        failed = compute(&self->network, &call);
        Py_END_ALLOW_THREADS
    }
    while (got)
        PyBuffer_Release(&views[--got]);
    if (!failed)
        Py_RETURN_NONE;
    if (!PyErr_Occurred())
        PyErr_Format(PyExc_IndexError, "ids: not all from 0 to %zd", self->network.symbols - 1);
    return NULL;
}

/* add_product(variant, x, panels, out): out += x @ panels, with the bits that a step's product has. */
static PyObject *module_add_product(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    const Wanted any_x = {"x", FLOAT32, 0, 2, {-1, -1}}, any_out = {"out", FLOAT32, 1, 2, {-1, -1}};
    Py_buffer x, panels, out;
    PyObject *result = NULL, *name;
    const Kernel *kernel = NULL;
    (void)module;
    if (count != 4) {
        PyErr_Format(PyExc_TypeError, "add_product takes a variant and 3 arrays, got %zd arguments", count);
        return NULL;
    }
    name = PyUnicode_AsUTF8String(arguments[0]);
    if (name)
        kernel = kernel_named(PyBytes_AsString(name));
    Py_XDECREF(name);
    if (!kernel || get_array(arguments[1], &any_x, &x))
        return NULL;
    if (!get_array(arguments[3], &any_out, &out)) {
        const Py_ssize_t rows = x.shape[0], inputs = x.shape[1], columns = out.shape[1];
        const Wanted wanted = {"panels", FLOAT32, 0, 3, {columns / PANEL + (columns % PANEL > 0), inputs, PANEL}};
        if (out.shape[0] != rows)
            PyErr_Format(PyExc_ValueError, "out: %zd rows, not %zd", out.shape[0], rows);
        else if (!get_array(arguments[2], &wanted, &panels)) {
            const Source source = {x.buf, inputs, NULL, 0, NULL};
            const Matrix matrix = {panels.buf, inputs, columns};
            Py_BEGIN_ALLOW_THREADS
            add_product(kernel, &source, &matrix, out.buf, rows);
            Py_END_ALLOW_THREADS
            PyBuffer_Release(&panels);
            result = Py_NewRef(Py_None);
        }
        PyBuffer_Release(&out);
    }
    PyBuffer_Release(&x);
    return result;
}

static PyMethodDef module_methods[] = {
    {"add_product", (PyCFunction)(void (*)(void))module_add_product, METH_FASTCALL,
     "add_product(variant, x, panels, out): add x @ weights to out, where the weights lie in panels."},
    {NULL, NULL, 0, NULL},
};

static PyMethodDef step_methods[] = {
    {"step", (PyCFunction)(void (*)(void))step_call, METH_FASTCALL,
     "step(ids, h, c, offsets, new_h, new_c, gates, given, logits): read one symbol in each row; the last five are written."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot step_slots[] = {
    {Py_tp_doc, "Step(variant, units, size, lookup, layers, output, output_bias): a network whose weights lie in panels."},
    {Py_tp_new, step_new},
    {Py_tp_dealloc, step_dealloc},
    {Py_tp_methods, step_methods},
    {0, NULL},
};

static PyType_Spec step_spec = {
    "textgen.engine._step.Step", sizeof(Step), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, step_slots,
};

static int step_exec(PyObject *module)
{
    PyObject *type = PyType_FromModuleAndSpec(module, &step_spec, NULL), *names = PyList_New(0), *tuple = NULL;
    int place, failed = !type || !names || PyModule_AddType(module, (PyTypeObject *)type);
    for (place = 0; !failed && variant_at(place).name; place++) {
        PyObject *name = PyUnicode_FromString(variant_at(place).name);
        failed = !name || PyList_Append(names, name);
        Py_XDECREF(name);
    }
    failed = failed || !(tuple = PyList_AsTuple(names)) || PyModule_AddObjectRef(module, "VARIANTS", tuple)
             || PyModule_AddIntConstant(module, "PANEL", PANEL);
    Py_XDECREF(type);
    Py_XDECREF(names);
    Py_XDECREF(tuple);
    return failed ? -1 : 0;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, step_exec},
    {0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    "textgen.engine._step",
    "A step of a network, compiled.",
    0,
    module_methods,
    module_slots,
    NULL,
    NULL,
    NULL,
};

PyMODINIT_FUNC PyInit__step(void)
{
    return PyModuleDef_Init(&module);
}
