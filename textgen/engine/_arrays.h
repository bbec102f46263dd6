/* Arrays from Python, for the extension modules: they come through the buffer protocol, and their type, shape and alignment
   are checked before an address is used. Python.h comes first. */

/* What may be in an array: float32, int64 or int32. */
enum { FLOAT32, INT64, INT32 };

/* What an array must be: its type, and its shape, where -1 stands for any length. */
typedef struct {
    const char *name;
    int type, is_written, dimensions;
    Py_ssize_t shape[3];
} Wanted;

static int has_type(const Py_buffer *buffer, int type)
{
    static const char *const codes[] = {"f", "lq", "il"};
    const char *format = buffer->format ? buffer->format : "B";
    if (!format[0] || format[1])
        return 0;
    return buffer->itemsize == (type == INT64 ? 8 : 4) && strchr(codes[type], format[0]);
}

/* Get the buffer of a contiguous array that is as wanted. Returns 0, or -1 with an exception. */
static int get_array(PyObject *object, const Wanted *wanted, Py_buffer *buffer)
{
    static const char *const types[] = {"float32", "int64", "int32"};
    int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (wanted->is_written ? PyBUF_WRITABLE : 0), axis;
    if (PyObject_GetBuffer(object, buffer, flags))
        return -1;
    if (!has_type(buffer, wanted->type))
        PyErr_Format(PyExc_TypeError, "%s: not an array of %s", wanted->name, types[wanted->type]);
    else if (buffer->ndim != wanted->dimensions)
        PyErr_Format(PyExc_ValueError, "%s: %d dimensions, not %d", wanted->name, buffer->ndim, wanted->dimensions);
    else if ((uintptr_t)buffer->buf % (size_t)buffer->itemsize)
        PyErr_Format(PyExc_ValueError, "%s: not aligned", wanted->name);
    else {
        for (axis = 0; axis < buffer->ndim; axis++)
            if (wanted->shape[axis] >= 0 && wanted->shape[axis] != buffer->shape[axis]) {
                PyErr_Format(PyExc_ValueError, "%s: length %zd of dimension %d, not %zd", wanted->name,
                             buffer->shape[axis], axis, wanted->shape[axis]);
                break;
            }
        if (axis == buffer->ndim)
            return 0;
    }
    PyBuffer_Release(buffer);
    return -1;
}
