/* A device's whole life through the C library: started, updated, taken back, its flash failing at any time. In C99 and in C++17, under
 * gcc's sanitizers. Arguments: the images of versions 1 and 3 for slot a, and of version 2 for slot b. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "waxseal.h"
/* What `waxseal gen` writes for life.toml. */
#include "layout.h"
#include "trust.h"

static unsigned checks;

static void check(int holds, const char *what, int line)
{
    checks++;
    if (!holds) {
        printf("life.c:%d: %s\n", line, what);
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

/* Two banks of 1 MiB: 4 sectors of 16 KiB, one of 64 KiB, 7 of 128 KiB. */
#define BANKS 2u
#define BANK (1u << 20)
#define CHUNK 4096u

struct device {
    uint8_t *banks[BANKS];
    /* A read that touches this offset of this bank fails. */
    uint32_t bad_bank, bad_offset;
    /* How many operations succeed before one fails. */
    uint32_t left;
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

static uint32_t erase(void *context, uint8_t region, uint32_t offset)
{
    struct device *device = (struct device *)context;
    uint32_t size = offset < 0x10000 ? 0x4000 : offset < 0x20000 ? 0x10000 : 0x20000;
    if (!lies_in_bank(region, offset, size) || offset % size || device->left == 0)
        return 0;
    device->left--;
    memset(device->banks[region] + offset, 0xFF, size);
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

/* Boots this slot. */
static waxseal_decision started(uint32_t slot, uint32_t on_trial)
{
    waxseal_decision decision;
    IS(start(&decision), WAXSEAL_DONE);
    IS(decision.action, WAXSEAL_ACTION_BOOT);
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

/* Gives the chunk that is wanted, or one with a bit changed. */
static uint32_t give(const struct file *file, int wrong)
{
    uint32_t chunk = 0;
    IS(waxseal_stage_wanted(&stage, &chunk), WAXSEAL_DONE);
    CHECK(chunk < (file->payload_size + CHUNK - 1) / CHUNK);
    uint32_t first = chunk * CHUNK, left = file->payload_size - first, size = left < CHUNK ? left : CHUNK;
    uint8_t *bytes = (uint8_t *)malloc(size);
    CHECK(bytes != NULL);
    memcpy(bytes, file->payload + first, size);
    bytes[size - 1] ^= wrong ? 1 : 0;
    uint32_t result = waxseal_stage_put(&stage, bytes, size);
    free(bytes);
    return result;
}

static uint32_t wanted(void)
{
    uint32_t chunk = 0;
    IS(waxseal_stage_wanted(&stage, &chunk), WAXSEAL_DONE);
    return chunk;
}

static void transfer(const struct file *file)
{
    while (wanted() != WAXSEAL_NO_CHUNK)
        IS(give(file, 0), WAXSEAL_DONE);
}

static void is_status(uint32_t slot, uint32_t status)
{
    waxseal_state state;
    memset(&state, 0xA5, sizeof state);
    IS(waxseal_status(&session, slot, &state), WAXSEAL_DONE);
    IS(state.status, status);
}

/* NULL, and objects in the wrong state. */
static void refuse_arguments(const struct file *update)
{
    waxseal_flash flash = the_flash();
    waxseal_config config = the_config();
    waxseal_decision decision;
    waxseal_state state;
    waxseal_policy policy;
    waxseal_source source;
    waxseal_verdict verdict;
    uint32_t number;
    memset(&policy, 0, sizeof policy);
    memset(&source, 0, sizeof source);
    memset(&session, 0, sizeof session);
    memset(&stage, 0, sizeof stage);

    IS(waxseal_open(NULL, &config, &flash), WAXSEAL_ARGUMENT);
    IS(waxseal_open(&session, NULL, &flash), WAXSEAL_ARGUMENT);
    IS(waxseal_open(&session, &config, NULL), WAXSEAL_ARGUMENT);
    /* Not opened. */
    IS(waxseal_boot(&session, NULL, &decision), WAXSEAL_ARGUMENT);
    IS(decision.action, WAXSEAL_ACTION_RECOVER);
    IS(waxseal_confirm(&session, 0), WAXSEAL_ARGUMENT);
    IS(waxseal_clear(&session, 0), WAXSEAL_ARGUMENT);
    IS(waxseal_status(&session, 0, &state), WAXSEAL_ARGUMENT);
    IS(waxseal_lowest_counter(&session, &number), WAXSEAL_ARGUMENT);
    IS(waxseal_stage_begin(&stage, &session, 0, &update->image, 0), WAXSEAL_ARGUMENT);
    IS(waxseal_stage_wanted(&stage, &number), WAXSEAL_ARGUMENT);
    IS(waxseal_stage_put(&stage, update->payload, CHUNK), WAXSEAL_ARGUMENT);
    IS(waxseal_stage_request(&stage, 0), WAXSEAL_ARGUMENT);
    IS(waxseal_stage_abandon(&stage), WAXSEAL_ARGUMENT);

    /* A configuration with a hole in it. */
    config.layout = NULL;
    IS(waxseal_open(&session, &config, &flash), WAXSEAL_ARGUMENT);
    config = the_config();
    config.trust = NULL;
    IS(waxseal_open(&session, &config, &flash), WAXSEAL_ARGUMENT);
    config = the_config();
    config.present_count = 1;
    IS(waxseal_open(&session, &config, &flash), WAXSEAL_ARGUMENT);
    config = the_config();
    config.raise = 3;
    IS(waxseal_open(&session, &config, &flash), WAXSEAL_ARGUMENT);
    IS(waxseal_confirm(&session, 0), WAXSEAL_ARGUMENT);

    /* Opened. */
    IS(reopen(), WAXSEAL_DONE);
    IS(waxseal_boot(&session, NULL, NULL), WAXSEAL_ARGUMENT);
    IS(waxseal_boot(NULL, NULL, &decision), WAXSEAL_ARGUMENT);
    IS(waxseal_confirm(NULL, 0), WAXSEAL_ARGUMENT);
    IS(waxseal_clear(NULL, 0), WAXSEAL_ARGUMENT);
    IS(waxseal_status(&session, 0, NULL), WAXSEAL_ARGUMENT);
    IS(waxseal_lowest_counter(&session, NULL), WAXSEAL_ARGUMENT);
    IS(waxseal_stage_begin(NULL, &session, 0, &update->image, 0), WAXSEAL_ARGUMENT);
    IS(waxseal_stage_begin(&stage, NULL, 0, &update->image, 0), WAXSEAL_ARGUMENT);
    IS(waxseal_stage_begin(&stage, &session, 0, NULL, 0), WAXSEAL_ARGUMENT);
    IS(waxseal_stage_wanted(NULL, &number), WAXSEAL_ARGUMENT);
    IS(waxseal_stage_put(NULL, update->payload, CHUNK), WAXSEAL_ARGUMENT);
    IS(waxseal_stage_request(NULL, 0), WAXSEAL_ARGUMENT);
    IS(waxseal_stage_abandon(NULL), WAXSEAL_ARGUMENT);
    waxseal_image hole = update->image;
    hole.front = NULL;
    IS(waxseal_stage_begin(&stage, &session, 0, &hole, 0), WAXSEAL_REASON_CHUNKS);
    /* Slots that there are none of. */
    IS(waxseal_confirm(&session, 2), WAXSEAL_REASON_MEMORY);
    IS(waxseal_confirm(&session, UINT32_MAX), WAXSEAL_REASON_MEMORY);
    is_status(UINT32_MAX, WAXSEAL_STATUS_BLANK);

    IS(waxseal_verify(NULL, &source, &verdict), WAXSEAL_ARGUMENT);
    IS(waxseal_verify(&policy, NULL, &verdict), WAXSEAL_ARGUMENT);
    IS(waxseal_verify(&policy, &source, NULL), WAXSEAL_ARGUMENT);
    IS(waxseal_verify(&policy, &source, &verdict), WAXSEAL_ARGUMENT);
}

/* A device that is not the one that the boot loader was made for. */
static void refuse_device(void)
{
    static const uint8_t digest[32] = {1};
    waxseal_flash flash = the_flash();
    waxseal_config config = the_config();
    config.layout_size--;
    IS(waxseal_open(&session, &config, &flash), WAXSEAL_REASON_LAYOUT);
    config = the_config();
    config.trust_digest = &digest;
    IS(waxseal_open(&session, &config, &flash), WAXSEAL_REASON_TRUST_SET);
    config = the_config();
    config.trust_size = 0;
    IS(waxseal_open(&session, &config, &flash), WAXSEAL_REASON_TRUST_SET);
    config = the_config();
    flash.settle = NULL;
    IS(waxseal_open(&session, &config, &flash), WAXSEAL_REASON_MEMORY);
    device.optcr ^= 1u << 29;
    IS(reopen(), WAXSEAL_REASON_MODE);
    device.optcr ^= 1u << 29;
    device.settles = 0;
    IS(reopen(), WAXSEAL_REASON_MEMORY);
    device.settles = 1;
}

static uint32_t count_is_two(void *context, uint32_t *lowest)
{
    (void)context;
    *lowest = 2;
    return WAXSEAL_DONE;
}

static uint32_t count_fails(void *context, uint32_t *lowest)
{
    (void)context;
    *lowest = 0;
    return 0;
}

/* A security counter of the caller's. Both images have the number 1. */
static void counter_elsewhere(void)
{
    waxseal_counter counter = {NULL, count_is_two, NULL};
    waxseal_decision decision;
    IS(reopen(), WAXSEAL_DONE);
    IS(waxseal_boot(&session, &counter, &decision), WAXSEAL_REASON_NOTHING_VERIFIES);
    IS(decision.refused[0], WAXSEAL_CODE_COUNTER_TOO_LOW);
    IS(decision.refused[1], WAXSEAL_CODE_COUNTER_TOO_LOW);
    counter.read = count_fails;
    IS(reopen(), WAXSEAL_DONE);
    IS(waxseal_boot(&session, &counter, &decision), WAXSEAL_REASON_COUNTER);
    counter.read = NULL;
    IS(reopen(), WAXSEAL_DONE);
    IS(waxseal_boot(&session, &counter, &decision), WAXSEAL_REASON_COUNTER);
}

/* An update with everything that goes wrong on the way. */
static void update(const struct file *update, const struct file *other)
{
    waxseal_decision decision;
    /* Made for the slot that runs. */
    IS(waxseal_stage_begin(&stage, &session, 0, &other->image, 0), WAXSEAL_CODE_OTHER_RUN_ADDRESS);
    IS(waxseal_stage_begin(&stage, &session, 0, &update->image, 2), WAXSEAL_CODE_COUNTER_TOO_LOW);
    waxseal_image other_digests = update->image;
    other_digests.auxiliary = other->auxiliary;
    IS(waxseal_stage_begin(&stage, &session, 0, &other_digests, 0), WAXSEAL_CODE_AUXILIARY_DIGEST);

    IS(waxseal_stage_begin(&stage, &session, 0, &update->image, 0), WAXSEAL_DONE);
    /* The session is the stage's. */
    waxseal_stage second = stage;
    uint32_t number;
    IS(waxseal_stage_begin(&second, &session, 0, &update->image, 0), WAXSEAL_ARGUMENT);
    IS(waxseal_stage_begin(&stage, &session, 0, &update->image, 0), WAXSEAL_ARGUMENT);
    IS(waxseal_confirm(&session, 0), WAXSEAL_ARGUMENT);
    IS(waxseal_boot(&session, NULL, &decision), WAXSEAL_ARGUMENT);
    IS(waxseal_lowest_counter(&session, &number), WAXSEAL_ARGUMENT);
    IS(waxseal_stage_wanted(&stage, NULL), WAXSEAL_ARGUMENT);
    IS(waxseal_stage_put(&stage, NULL, CHUNK), WAXSEAL_ARGUMENT);
    /* A copy is no stage. */
    second = stage;
    IS(waxseal_stage_wanted(&second, &number), WAXSEAL_ARGUMENT);

    /* A wrong chunk leaves no trace. */
    uint32_t first = wanted();
    uint32_t left = device.left;
    IS(give(update, 1), WAXSEAL_CODE_CHUNK_DIGEST);
    IS(waxseal_stage_put(&stage, update->payload, CHUNK - 1), WAXSEAL_CODE_CHUNK_DIGEST);
    IS(waxseal_stage_put(&stage, NULL, 0), WAXSEAL_CODE_CHUNK_DIGEST);
    IS(device.left, left);
    IS(wanted(), first);
    IS(give(update, 0), WAXSEAL_DONE);
    CHECK(device.left < left);
    /* Requested before all is there: the stage ends, the session does not. */
    IS(waxseal_stage_request(&stage, 0), WAXSEAL_REASON_ORDER);
    IS(waxseal_stage_request(&stage, 0), WAXSEAL_ARGUMENT);
    IS(waxseal_lowest_counter(&session, &number), WAXSEAL_DONE);

    /* Abandoned, the power goes, and it goes on in the middle: the last sector that was whole, and that of the header, come again. */
    IS(waxseal_stage_begin(&stage, &session, 0, &update->image, 0), WAXSEAL_DONE);
    IS(wanted(), first);
    transfer(update);
    IS(waxseal_stage_abandon(&stage), WAXSEAL_DONE);
    IS(waxseal_stage_abandon(&stage), WAXSEAL_ARGUMENT);
    is_status(1, WAXSEAL_STATUS_OPEN);
    started(0, 0);
    IS(waxseal_stage_begin(&stage, &session, 0, &update->image, 0), WAXSEAL_DONE);
    CHECK(wanted() > first && wanted() != WAXSEAL_NO_CHUNK);

    /* An operation that fails. */
    device.left = 1;
    uint32_t result;
    do
        result = give(update, 0);
    while (result == WAXSEAL_DONE);
    IS(result, WAXSEAL_REASON_WRITE);
    device.left = UINT32_MAX;
    IS(waxseal_stage_abandon(&stage), WAXSEAL_DONE);
    device.left = 0;
    IS(waxseal_stage_begin(&stage, &session, 0, &update->image, 0), WAXSEAL_REASON_WRITE);
    device.left = UINT32_MAX;

    IS(reopen(), WAXSEAL_DONE);
    IS(waxseal_stage_begin(&stage, &session, 0, &update->image, 0), WAXSEAL_DONE);
    transfer(update);
    IS(waxseal_stage_put(&stage, update->payload, CHUNK), WAXSEAL_REASON_ORDER);
    IS(waxseal_stage_request(&stage, 0), WAXSEAL_DONE);
    is_status(1, WAXSEAL_STATUS_TRIAL);
}

/* The same flash as one whose banks are exchanged: the boot loader erases, when asked for it. */
static void clear(void)
{
    static uint8_t exchanged[sizeof group];
    waxseal_flash flash = the_flash();
    waxseal_config config = the_config();
    IS(waxseal_clear(&session, 1), WAXSEAL_REASON_NO_UPDATE);
    memcpy(exchanged, group, sizeof group);
    exchanged[offsetof(waxseal_group_head, strategy)] = WAXSEAL_STRATEGY_BANK_SWAP;
    config.layout = exchanged;
    IS(waxseal_open(&session, &config, &flash), WAXSEAL_DONE);
    IS(waxseal_clear(&session, 0), WAXSEAL_REASON_NOT_CONFIRMED);
    IS(waxseal_clear(&session, 1), WAXSEAL_DONE);
}

int main(int count, char **arguments)
{
    if (count != 4)
        return 2;
    struct file first = load(arguments[1]), third = load(arguments[2]), second = load(arguments[3]);
    waxseal_decision decision;
    uint32_t lowest = 0;
    for (uint32_t bank = 0; bank < BANKS; bank++) {
        device.banks[bank] = (uint8_t *)malloc(BANK);
        CHECK(device.banks[bank] != NULL);
        memset(device.banks[bank], 0xFF, BANK);
    }
    device.bad_bank = BANKS;
    device.left = UINT32_MAX;
    device.settles = 1;
    device.optcr = (uint32_t)WAXSEAL_OPTION_NDBANK << 29 | (uint32_t)WAXSEAL_OPTION_NDBOOT << 28;

    refuse_arguments(&second);
    refuse_device();
    /* Nothing is there yet. */
    IS(start(&decision), WAXSEAL_REASON_NOTHING_VERIFIES);
    IS(decision.action, WAXSEAL_ACTION_RECOVER);
    IS(decision.refused[0], WAXSEAL_CODE_NOT_SEALED);
    IS(decision.refused[1], WAXSEAL_CODE_NOT_SEALED);

    /* From the factory. */
    uint8_t *slot_a = device.banks[0] + (WAXSEAL_SLOT_A_START - WAXSEAL_REGION_BANK1_START);
    memcpy(slot_a, first.front, first.image.front_size);
    memcpy(slot_a + first.image.front_size, first.payload, first.payload_size);
    memcpy(slot_a + first.image.front_size + first.payload_size, first.auxiliary, first.image.auxiliary_size);
    started(0, 0);
    is_status(0, WAXSEAL_STATUS_BLANK);
    IS(waxseal_stage_begin(&stage, &session, 0, &second.image, 0), WAXSEAL_REASON_NOT_CONFIRMED);
    IS(waxseal_confirm(&session, 0), WAXSEAL_DONE);
    IS(waxseal_confirm(&session, 0), WAXSEAL_DONE);
    is_status(0, WAXSEAL_STATUS_CONFIRMED);

    update(&second, &third);
    started(1, 1);
    IS(waxseal_lowest_counter(&session, &lowest), WAXSEAL_DONE);
    IS(waxseal_confirm(&session, 1), WAXSEAL_DONE);
    is_status(1, WAXSEAL_STATUS_CONFIRMED);
    IS(started(1, 0).raised, 1);
    IS(waxseal_lowest_counter(&session, &lowest), WAXSEAL_DONE);
    IS(lowest, 1);
    counter_elsewhere();

    /* A byte of the image that cannot be read any more: the other one starts; neither can be: nothing does. */
    device.bad_bank = 1;
    device.bad_offset = WAXSEAL_SLOT_B_PAYLOAD - WAXSEAL_REGION_BANK2_START + 5000;
    IS(started(0, 0).refused[1], WAXSEAL_CODE_READ_FAULT);
    slot_a[5000] ^= 1;
    IS(start(&decision), WAXSEAL_REASON_NOTHING_VERIFIES);
    IS(decision.refused[0], WAXSEAL_CODE_PAYLOAD_DIGEST);
    device.bad_bank = BANKS;

    /* An update that is never confirmed is taken back after its two starts. */
    started(1, 0);
    IS(waxseal_stage_begin(&stage, &session, 1, &third.image, lowest), WAXSEAL_DONE);
    transfer(&third);
    IS(waxseal_stage_request(&stage, lowest), WAXSEAL_DONE);
    started(0, 1);
    started(0, 1);
    started(1, 0);
    is_status(0, WAXSEAL_STATUS_REJECTED);
    clear();

    for (uint32_t bank = 0; bank < BANKS; bank++)
        free(device.banks[bank]);
    drop(&first);
    drop(&second);
    drop(&third);
    printf("%u checks\n", checks);
    return 0;
}
