/* Reads an image's header by waxseal.h alone. Compiled as C99 and as C++17 by `cargo xtask test`. */
#include <stdio.h>
#include <string.h>

#include "waxseal.h"

int main(int count, char **arguments)
{
    waxseal_front_head head;
    waxseal_envelope envelope;
    waxseal_image_body body;
    FILE *file = count == 2 ? fopen(arguments[1], "rb") : NULL;

    if (file == NULL || fread(&head, sizeof head, 1, file) != 1 || fclose(file) != 0) {
        return 2;
    }
    memcpy(&envelope, head.header, sizeof envelope);
    memcpy(&body, head.header + sizeof envelope, sizeof body);
    if (memcmp(envelope.magic, WAXSEAL_MAGIC_IMAGE, sizeof envelope.magic) != 0) {
        return 1;
    }
    printf("payload of %lu bytes at %lu, version %u.%u.%lu, counter %lu\n",
           (unsigned long)waxseal_u32(envelope.payload_size), (unsigned long)waxseal_u32(envelope.front_size),
           (unsigned)waxseal_u16(body.version.major), (unsigned)waxseal_u16(body.version.minor),
           (unsigned long)waxseal_u32(body.version.patch), (unsigned long)waxseal_u32(body.security_counter));
    return 0;
}
