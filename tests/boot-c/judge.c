/* Judges every vector through the C library: a line of name, code and offset for each. On the host and on a Cortex-M7. */
#include <stdio.h>
#include <string.h>

#include "waxseal.h"

/* A vector: an image, the reader's side of the judgement, and what else happens. */
struct vector {
    const char *name;
    const uint8_t *image;
    uint32_t image_size;
    /* A read that touches this offset fails; UINT32_MAX: none does. */
    uint32_t fault;
    uint32_t size;
    uint32_t is_slot;
    waxseal_policy policy;
};

/* static const struct vector vectors[], out of tests/vectors. */
#include "vectors.h"

static uint32_t read_image(void *context, uint32_t offset, uint8_t *bytes, uint32_t size)
{
    const struct vector *vector = (const struct vector *)context;
    if (offset > vector->image_size || size > vector->image_size - offset)
        return 0;
    if (vector->fault >= offset && vector->fault - offset < size)
        return 0;
    memcpy(bytes, vector->image + offset, size);
    return WAXSEAL_DONE;
}

int main(void)
{
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        const struct vector *vector = &vectors[i];
        waxseal_source source = {(void *)vector, read_image, vector->size, vector->is_slot};
        waxseal_verdict verdict;
        uint32_t code = waxseal_verify(&vector->policy, &source, &verdict);
        printf("%s %lu %lu\n", vector->name, code == WAXSEAL_DONE ? 0ul : (unsigned long)code,
               (unsigned long)verdict.offset);
    }
    return 0;
}
