/* The flash driver: RAM of QEMU's mps2-an500, kept in a file between two runs. On a board, this file is what changes. */
#include "device.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "layout.h"
#include "trust.h"

/* A part of a region that this device has: its first address on the chip, where the machine has it, its size. */
struct memory {
    uint32_t chip, base;
    uint8_t *bytes;
    uint32_t size;
};

/* By their numbers in the slot group. Images run from the NOR, so its stand-in is where the NOR is. */
static const struct memory memories[] = {
    [WAXSEAL_IMAGE_APP_REGION_BANK2] = {WAXSEAL_AREA_LOG_A_START, WAXSEAL_REGION_BANK2_START, (uint8_t *)0x60800000,
                                        WAXSEAL_AREA_COUNTER_START + WAXSEAL_AREA_COUNTER_SIZE
                                            - WAXSEAL_AREA_LOG_A_START},
    [WAXSEAL_IMAGE_APP_REGION_NOR] = {WAXSEAL_SLOT_A_START, WAXSEAL_REGION_NOR_START,
                                      (uint8_t *)WAXSEAL_SLOT_A_START, WAXSEAL_SLOT_A_SIZE + WAXSEAL_SLOT_B_SIZE},
};

static uint8_t *find(uint8_t region, uint32_t offset, uint32_t size)
{
    if (region >= sizeof memories / sizeof *memories)
        return NULL;
    const struct memory *memory = &memories[region];
    uint32_t skipped = memory->chip - memory->base;
    if (offset < skipped || offset - skipped > memory->size || size > memory->size - (offset - skipped))
        return NULL;
    return memory->bytes + (offset - skipped);
}

static uint32_t settle(void *context, uint8_t region)
{
    (void)context, (void)region;
    return WAXSEAL_DONE;
}

static uint32_t read_flash(void *context, uint8_t region, uint32_t offset, uint8_t *bytes, uint32_t size)
{
    (void)context;
    const uint8_t *cells = find(region, offset, size);
    if (!cells)
        return 0;
    memcpy(bytes, cells, size);
    return WAXSEAL_DONE;
}

static uint32_t program(void *context, uint8_t region, uint32_t offset, const uint8_t *bytes, uint32_t size)
{
    (void)context;
    uint8_t *cells = find(region, offset, size);
    if (!cells)
        return 0;
    for (uint32_t i = 0; i < size; i++)
        cells[i] &= bytes[i];
    return WAXSEAL_DONE;
}

static uint32_t erase(void *context, uint8_t region, uint32_t offset)
{
    (void)context;
    waxseal_sector sector;
    if (waxseal_find_sector(&device_config, region, offset, &sector) != WAXSEAL_DONE)
        return 0;
    uint8_t *cells = find(region, offset, sector.size);
    if (!cells)
        return 0;
    memset(cells, 0xFF, sector.size);
    return WAXSEAL_DONE;
}

/* The machine has no option bytes. On the board: OPTCR, where nDBANK (bit 29) and nDBOOT (bit 28) select the sector map. */
static uint32_t option_bits(void *context, uint32_t address)
{
    (void)context, (void)address;
    return (uint32_t)WAXSEAL_OPTION_NDBANK << 29 | (uint32_t)WAXSEAL_OPTION_NDBOOT << 28;
}

const waxseal_flash device_flash = {NULL, settle, read_flash, program, erase, option_bits};

static const uint8_t group[] = WAXSEAL_IMAGE_APP_GROUP;
static const uint8_t trust[] = WAXSEAL_TRUST_SET;

const waxseal_config device_config = {
    .layout = group,
    .layout_size = sizeof group,
    .trust = trust,
    .trust_size = sizeof trust,
    .vendor_id = WAXSEAL_VENDOR_ID,
    .class_id = WAXSEAL_CLASS_ID,
    .largest_step = WAXSEAL_UPDATE_LARGEST_COUNTER_STEP,
    .tries = WAXSEAL_UPDATE_TRIES,
    .raise = WAXSEAL_UPDATE_RAISE,
};

/* The NOR comes first in the file. Without a heap there is no stdio for files. */
static int transfer(int file, ssize_t (*move)(int, void *, size_t))
{
    static const uint8_t order[] = {WAXSEAL_IMAGE_APP_REGION_NOR, WAXSEAL_IMAGE_APP_REGION_BANK2};
    int done = file >= 0;
    for (size_t i = 0; i < sizeof order && done; i++)
        done = move(file, memories[order[i]].bytes, memories[order[i]].size) == (ssize_t)memories[order[i]].size;
    return file >= 0 && close(file) == 0 && done;
}

static ssize_t put(int file, void *bytes, size_t size)
{
    return write(file, bytes, size);
}

static ssize_t get(int file, void *bytes, size_t size)
{
    return read(file, bytes, size);
}

int device_load(void)
{
    return transfer(open("device.bin", O_RDONLY), get);
}

int device_save(void)
{
    return transfer(open("device.bin", O_WRONLY | O_CREAT | O_TRUNC, 0644), put);
}
