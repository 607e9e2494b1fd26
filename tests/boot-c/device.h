/* A device of two banks in RAM, whose flash fails when it is told to, and what a test does with it. layout.h and trust.h say what it is. */
#ifndef DEVICE_H
#define DEVICE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "waxseal.h"
#include "layout.h"
#include "trust.h"

static unsigned checks;

static void check(int holds, const char *what, int line)
{
    checks++;
    if (!holds) {
        printf("line %d: %s\n", line, what);
        exit(1);
    }
}
#define CHECK(condition) check(condition, #condition, __LINE__)
/* Says what came instead. */
#define IS(code, expected) is(code, expected, #code, __LINE__)

static void is(uint32_t code, uint32_t expected, const char *what, int line)
{
    if (code != expected)
        printf("%lu and not %lu: ", (unsigned long)code, (unsigned long)expected);
    check(code == expected, what, line);
}

/* Two banks of one size. */
#define BANKS 2u
#define BANK WAXSEAL_REGION_BANK1_SIZE

struct device {
    uint8_t *banks[BANKS];
    /* A read that touches this offset of this bank fails. */
    uint32_t bad_bank, bad_offset;
    /* How many operations succeed before one fails, and how many sectors were erased. */
    uint32_t left, erased;
    uint32_t optcr;
    int settles;
};

static uint32_t settle(void *context, uint8_t region)
{
    struct device *device = (struct device *)context;
    return device->settles && region < BANKS ? WAXSEAL_DONE : 0;
}

static int lies_in_bank(uint8_t region, uint32_t offset, uint32_t size)
{
    return region < BANKS && offset <= BANK && size <= BANK - offset;
}

static uint32_t read_flash(void *context, uint8_t region, uint32_t offset, uint8_t *bytes, uint32_t size)
{
    struct device *device = (struct device *)context;
    if (!lies_in_bank(region, offset, size))
        return 0;
    if (region == device->bad_bank && device->bad_offset >= offset && device->bad_offset - offset < size)
        return 0;
    memcpy(bytes, device->banks[region] + offset, size);
    return WAXSEAL_DONE;
}

static uint32_t program(void *context, uint8_t region, uint32_t offset, const uint8_t *bytes, uint32_t size)
{
    struct device *device = (struct device *)context;
    if (!lies_in_bank(region, offset, size) || offset % 4 || size % 4 || size > 1024 || device->left == 0)
        return 0;
    device->left--;
    for (uint32_t i = 0; i < size; i++)
        device->banks[region][offset + i] &= bytes[i];
    return WAXSEAL_DONE;
}

static waxseal_config the_config(void);

static uint32_t erase(void *context, uint8_t region, uint32_t offset)
{
    struct device *device = (struct device *)context;
    waxseal_config config = the_config();
    waxseal_sector sector;
    if (waxseal_find_sector(&config, region, offset, &sector) != WAXSEAL_DONE || device->left == 0)
        return 0;
    device->left--;
    device->erased++;
    memset(device->banks[region] + offset, 0xFF, sector.size);
    return WAXSEAL_DONE;
}

static uint32_t option_bits(void *context, uint32_t address)
{
    (void)address;
    return ((struct device *)context)->optcr;
}

static struct device device;
static const uint8_t group[] = WAXSEAL_IMAGE_APP_GROUP;
static const uint8_t trust[] = WAXSEAL_TRUST_SET;
static const uint8_t vendor_id[] = WAXSEAL_VENDOR_ID, class_id[] = WAXSEAL_CLASS_ID;
static waxseal_session session;
static waxseal_stage stage;

static waxseal_flash the_flash(void)
{
    waxseal_flash flash = {&device, settle, read_flash, program, erase, option_bits};
    return flash;
}

static waxseal_config the_config(void)
{
    waxseal_config config;
    memset(&config, 0, sizeof config);
    config.layout = group;
    config.layout_size = sizeof group;
    config.trust = trust;
    config.trust_size = sizeof trust;
    memcpy(config.vendor_id, vendor_id, sizeof vendor_id);
    memcpy(config.class_id, class_id, sizeof class_id);
    config.largest_step = WAXSEAL_UPDATE_LARGEST_COUNTER_STEP;
    config.tries = WAXSEAL_UPDATE_TRIES;
    config.raise = WAXSEAL_UPDATE_RAISE;
    return config;
}

/* After a reset: storage holds anything. */
static uint32_t reopen(void)
{
    waxseal_flash flash = the_flash();
    waxseal_config config = the_config();
    memset(&session, 0xA5, sizeof session);
    memset(&stage, 0xA5, sizeof stage);
    return waxseal_open(&session, &config, &flash);
}

static uint32_t start(waxseal_decision *decision)
{
    IS(reopen(), WAXSEAL_DONE);
    memset(decision, 0xA5, sizeof *decision);
    return waxseal_boot(&session, NULL, decision);
}

/* Starts the image of this slot, where it lies or with the banks exchanged. */
static waxseal_decision started_by(uint32_t action, uint32_t slot, uint32_t on_trial)
{
    waxseal_decision decision;
    IS(start(&decision), WAXSEAL_DONE);
    IS(decision.action, action);
    IS(decision.slot, slot);
    IS(decision.on_trial, on_trial);
    CHECK(decision.reset & 1);
    IS(reopen(), WAXSEAL_DONE);
    return decision;
}

/* An image in memory that ends where it ends, so that a read beyond it is found. */
struct file {
    uint8_t *front, *payload, *auxiliary;
    uint32_t payload_size;
    waxseal_image image;
};

static uint8_t *take(FILE *stream, uint32_t size)
{
    uint8_t *bytes = (uint8_t *)malloc(size);
    CHECK(bytes && fread(bytes, 1, size, stream) == size);
    return bytes;
}

static struct file load(const char *path)
{
    struct file file;
    FILE *stream = fopen(path, "rb");
    CHECK(stream != NULL);
    file.front = take(stream, WAXSEAL_SLOT_A_FRONT_SIZE);
    const waxseal_envelope *header = (const waxseal_envelope *)file.front;
    uint32_t auxiliary = waxseal_u32(header->auxiliary_size);
    file.payload_size = waxseal_u32(header->payload_size);
    file.payload = take(stream, file.payload_size);
    file.auxiliary = take(stream, auxiliary);
    CHECK(fgetc(stream) == EOF && fclose(stream) == 0);
    file.image.front = file.front;
    file.image.front_size = WAXSEAL_SLOT_A_FRONT_SIZE;
    file.image.auxiliary = file.auxiliary;
    file.image.auxiliary_size = auxiliary;
    return file;
}

static void drop(struct file *file)
{
    free(file->front);
    free(file->payload);
    free(file->auxiliary);
}

/* The offset of the chunk to fetch next; ALL_THERE behind the last one. */
#define ALL_THERE UINT32_MAX

static uint32_t wanted(void)
{
    uint32_t offset = 0, size = 0;
    IS(waxseal_stage_wanted(&stage, &offset, &size), WAXSEAL_DONE);
    return size ? offset : ALL_THERE;
}

/* Gives the chunk that is wanted, or one with a bit changed. */
static uint32_t give(const struct file *file, int wrong)
{
    uint32_t offset = 0, size = 0;
    IS(waxseal_stage_wanted(&stage, &offset, &size), WAXSEAL_DONE);
    CHECK(size > 0 && offset < file->payload_size && size <= file->payload_size - offset);
    uint8_t *bytes = (uint8_t *)malloc(size);
    CHECK(bytes != NULL);
    memcpy(bytes, file->payload + offset, size);
    bytes[size - 1] ^= wrong ? 1 : 0;
    uint32_t result = waxseal_stage_put(&stage, bytes, size);
    free(bytes);
    return result;
}

static void transfer(const struct file *file)
{
    while (wanted() != ALL_THERE)
        IS(give(file, 0), WAXSEAL_DONE);
}

static void is_status(uint32_t slot, uint32_t status)
{
    waxseal_state state;
    memset(&state, 0xA5, sizeof state);
    IS(waxseal_status(&session, slot, &state), WAXSEAL_DONE);
    IS(state.status, status);
}

/* A device whose flash is erased. */
static void make_device(void)
{
    for (uint32_t bank = 0; bank < BANKS; bank++) {
        device.banks[bank] = (uint8_t *)malloc(BANK);
        CHECK(device.banks[bank] != NULL);
        memset(device.banks[bank], 0xFF, BANK);
    }
    device.bad_bank = BANKS;
    device.left = UINT32_MAX;
    device.settles = 1;
}

static void drop_device(void)
{
    for (uint32_t bank = 0; bank < BANKS; bank++)
        free(device.banks[bank]);
    printf("%u checks\n", checks);
}

/* From the factory: an image in slot a, without a state. Where it lies. */
static uint8_t *program_factory(const struct file *file)
{
    uint8_t *slot = device.banks[0] + (WAXSEAL_SLOT_A_START - WAXSEAL_REGION_BANK1_START);
    memcpy(slot, file->front, file->image.front_size);
    memcpy(slot + file->image.front_size, file->payload, file->payload_size);
    memcpy(slot + file->image.front_size + file->payload_size, file->auxiliary, file->image.auxiliary_size);
    return slot;
}

#endif
