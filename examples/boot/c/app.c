/* The application: says its version, and does what the first argument asks for: `confirm` itself, or `stage` update.bin. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "device.h"
#include "layout.h"

static waxseal_session session;

/* What was asked for: the second word of the command line, which semihosting brings. */
static char asked_for(void)
{
    static char line[128];
    struct {
        char *line;
        uint32_t size;
    } block = {line, sizeof line};
    register uint32_t call __asm("r0") = 0x15; /* SYS_GET_CMDLINE */
    register void *argument __asm("r1") = &block;
    __asm volatile("bkpt 0xAB" : "+r"(call) : "r"(argument) : "memory");
    const char *blank = call == 0 ? strchr(line, ' ') : NULL;
    return blank ? blank[1] : 0;
}

static int read_at(int file, uint32_t offset, uint8_t *bytes, uint32_t size)
{
    return lseek(file, (off_t)offset, SEEK_SET) == (off_t)offset && read(file, bytes, size) == (ssize_t)size;
}

/* Stages update.bin for the other slot, piece by piece. 0: the file cannot be read. */
static uint32_t stage(uint32_t slot, uint32_t lowest)
{
    static uint8_t front[WAXSEAL_SLOT_A_FRONT_SIZE], auxiliary[8192], chunk[4096];
    static waxseal_stage stage;
    const waxseal_envelope *header = (const waxseal_envelope *)front;
    int file = open("update.bin", O_RDONLY);
    if (file < 0 || !read_at(file, 0, front, sizeof front))
        return 0;
    uint32_t payload = waxseal_u32(header->payload_size), size = waxseal_u32(header->auxiliary_size);
    if (size > sizeof auxiliary || !read_at(file, sizeof front + payload, auxiliary, size))
        return 0;
    waxseal_image image = {front, sizeof front, auxiliary, size};
    uint32_t offset, bytes, result = waxseal_stage_begin(&stage, &session, slot, &image, lowest);
    while (result == WAXSEAL_DONE && waxseal_stage_wanted(&stage, &offset, &bytes) == WAXSEAL_DONE && bytes > 0) {
        /* Images that nearly fill their slot have larger chunks. */
        if (bytes > sizeof chunk || !read_at(file, sizeof front + offset, chunk, bytes))
            return 0;
        result = waxseal_stage_put(&stage, chunk, bytes);
    }
    return result == WAXSEAL_DONE ? waxseal_stage_request(&stage, lowest) : result;
}

int main(void)
{
    static const char *const states[] = {"", "without a state", "without a state", "on trial", "confirmed",
                                         "tries used up"};
    extern const uint32_t vectors_address[];
    /* One build for each slot: it knows where it runs. */
    uint32_t slot = (uint32_t)vectors_address != WAXSEAL_SLOT_A_RUN, lowest;
    const uint8_t *front = (const uint8_t *)(slot ? WAXSEAL_SLOT_B_FRONT : WAXSEAL_SLOT_A_FRONT);
    const waxseal_image_body *body = (const waxseal_image_body *)(front + sizeof(waxseal_envelope));
    waxseal_state state;

    if (waxseal_open(&session, &device_config, &device_flash) != WAXSEAL_DONE
        || waxseal_lowest_counter(&session, &lowest) != WAXSEAL_DONE
        || waxseal_status(&session, slot, &state) != WAXSEAL_DONE)
        return 1;
    printf("app %d.%d.%lu in slot %lu, %s\n", waxseal_u16(body->version.major), waxseal_u16(body->version.minor),
           (unsigned long)waxseal_u32(body->version.patch), (unsigned long)slot, states[state.status]);
    uint32_t result = WAXSEAL_DONE;
    switch (asked_for()) {
    case 'c':
        result = waxseal_confirm(&session, slot);
        if (result == WAXSEAL_DONE)
            printf("app: confirmed\n");
        break;
    case 's':
        result = stage(slot, lowest);
        if (result == WAXSEAL_DONE)
            printf("app: staged\n");
        else
            printf("app: not staged, code %lu\n", (unsigned long)result);
        result = WAXSEAL_DONE;
        break;
    }
    return !(device_save() && result == WAXSEAL_DONE);
}
