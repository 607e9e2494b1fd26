/* A device's whole life through the C library: started, updated, taken back, its flash failing at any time. In C99 and in C++17, under
 * gcc's sanitizers. Arguments: the images of versions 1 and 3 for slot a, and of version 2 for slot b. */
#include "device.h"

/* A size that is no larger than that of any chunk but the last one. */
#define CHUNK 4096u

/* Starts the image of this slot, where it lies. */
static waxseal_decision started(uint32_t slot, uint32_t on_trial)
{
    return started_by(WAXSEAL_ACTION_BOOT, slot, on_trial);
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
    waxseal_sector sector;
    uint32_t number, size;
    uint8_t id[32];
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
    IS(waxseal_abandon_others(&session, 0), WAXSEAL_ARGUMENT);
    IS(waxseal_present(&session, 0, 0, &id), WAXSEAL_ARGUMENT);
    IS(waxseal_status(&session, 0, &state), WAXSEAL_ARGUMENT);
    IS(waxseal_lowest_counter(&session, &number), WAXSEAL_ARGUMENT);
    IS(waxseal_stage_begin(&stage, &session, 0, &update->image, 0), WAXSEAL_ARGUMENT);
    IS(waxseal_stage_wanted(&stage, &number, &size), WAXSEAL_ARGUMENT);
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
    IS(waxseal_abandon_others(NULL, 0), WAXSEAL_ARGUMENT);
    IS(waxseal_present(NULL, 0, 0, &id), WAXSEAL_ARGUMENT);
    IS(waxseal_present(&session, 0, 0, NULL), WAXSEAL_ARGUMENT);
    IS(waxseal_status(&session, 0, NULL), WAXSEAL_ARGUMENT);
    IS(waxseal_lowest_counter(&session, NULL), WAXSEAL_ARGUMENT);
    IS(waxseal_stage_begin(NULL, &session, 0, &update->image, 0), WAXSEAL_ARGUMENT);
    IS(waxseal_stage_begin(&stage, NULL, 0, &update->image, 0), WAXSEAL_ARGUMENT);
    IS(waxseal_stage_begin(&stage, &session, 0, NULL, 0), WAXSEAL_ARGUMENT);
    IS(waxseal_stage_wanted(NULL, &number, &size), WAXSEAL_ARGUMENT);
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

    config = the_config();
    IS(waxseal_find_sector(NULL, 0, 0, &sector), WAXSEAL_ARGUMENT);
    IS(waxseal_find_sector(&config, 0, 0, NULL), WAXSEAL_ARGUMENT);
    IS(waxseal_find_sector(&config, BANKS, 0, &sector), WAXSEAL_REASON_LAYOUT);
    IS(waxseal_find_sector(&config, 0, BANK, &sector), WAXSEAL_REASON_LAYOUT);
    IS(waxseal_find_sector(&config, 0, 4, &sector), WAXSEAL_REASON_LAYOUT);
    IS(waxseal_find_sector(&config, 0, WAXSEAL_SLOT_A_START - WAXSEAL_REGION_BANK1_START, &sector), WAXSEAL_DONE);
    IS(sector.number, WAXSEAL_SLOT_A_FIRST_SECTOR);

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
    uint32_t number, size;
    IS(waxseal_stage_begin(&second, &session, 0, &update->image, 0), WAXSEAL_ARGUMENT);
    IS(waxseal_stage_begin(&stage, &session, 0, &update->image, 0), WAXSEAL_ARGUMENT);
    IS(waxseal_confirm(&session, 0), WAXSEAL_ARGUMENT);
    IS(waxseal_boot(&session, NULL, &decision), WAXSEAL_ARGUMENT);
    IS(waxseal_lowest_counter(&session, &number), WAXSEAL_ARGUMENT);
    IS(waxseal_stage_wanted(&stage, NULL, &size), WAXSEAL_ARGUMENT);
    IS(waxseal_stage_wanted(&stage, &number, NULL), WAXSEAL_ARGUMENT);
    IS(waxseal_stage_put(&stage, NULL, CHUNK), WAXSEAL_ARGUMENT);
    /* A copy is no stage. */
    second = stage;
    IS(waxseal_stage_wanted(&second, &number, &size), WAXSEAL_ARGUMENT);

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

    /* Abandoned, the power goes, and it goes on in the sector that was written last. The chunk before the last one is not in the first. */
    IS(waxseal_stage_begin(&stage, &session, 0, &update->image, 0), WAXSEAL_DONE);
    IS(wanted(), first);
    while (wanted() + 2 * CHUNK < update->payload_size)
        IS(give(update, 0), WAXSEAL_DONE);
    uint32_t reached = wanted();
    IS(waxseal_stage_abandon(&stage), WAXSEAL_DONE);
    IS(waxseal_stage_abandon(&stage), WAXSEAL_ARGUMENT);
    is_status(1, WAXSEAL_STATUS_OPEN);
    started(0, 0);
    IS(waxseal_stage_begin(&stage, &session, 0, &update->image, 0), WAXSEAL_DONE);
    CHECK(wanted() > first && wanted() <= reached);
    /* Once all is there, that is the header's sector. */
    transfer(update);
    IS(waxseal_stage_abandon(&stage), WAXSEAL_DONE);
    started(0, 0);
    IS(waxseal_stage_begin(&stage, &session, 0, &update->image, 0), WAXSEAL_DONE);
    IS(wanted(), 0);

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

/* What a lead's boot loader asks about a companion: the image in slot a, and none in slot b. */
static void present(const waxseal_decision *runs)
{
    uint8_t id[32];
    memset(id, 0xA5, sizeof id);
    IS(waxseal_present(&session, 1, 0, &id), WAXSEAL_CODE_NOT_SEALED);
    IS(waxseal_present(&session, 0, 2, &id), WAXSEAL_CODE_COUNTER_TOO_LOW);
    IS(waxseal_present(&session, UINT32_MAX, 0, &id), WAXSEAL_REASON_NO_UPDATE);
    CHECK(id[0] == 0xA5 && id[31] == 0xA5);
    IS(waxseal_present(&session, 0, 0, &id), WAXSEAL_DONE);
    CHECK(memcmp(id, runs->image_id, sizeof id) == 0);
}

/* An image that waits in slot a is given up, since a companion of it is about to be erased. */
static void give_up(const struct file *waiting, uint32_t lowest)
{
    IS(waxseal_stage_begin(&stage, &session, 1, &waiting->image, lowest), WAXSEAL_DONE);
    transfer(waiting);
    IS(waxseal_abandon_others(&session, 1), WAXSEAL_ARGUMENT);
    IS(waxseal_stage_request(&stage, lowest), WAXSEAL_DONE);
    is_status(0, WAXSEAL_STATUS_TRIAL);
    IS(waxseal_abandon_others(&session, 0), WAXSEAL_REASON_NOT_CONFIRMED);
    IS(waxseal_abandon_others(&session, 1), WAXSEAL_DONE);
    is_status(0, WAXSEAL_STATUS_REJECTED);
    started(1, 0);
}

int main(int count, char **arguments)
{
    if (count != 4)
        return 2;
    struct file first = load(arguments[1]), third = load(arguments[2]), second = load(arguments[3]);
    waxseal_decision decision;
    uint32_t lowest = 0;
    make_device();
    device.optcr = (uint32_t)WAXSEAL_OPTION_NDBANK << 29 | (uint32_t)WAXSEAL_OPTION_NDBOOT << 28;

    refuse_arguments(&second);
    refuse_device();
    /* Nothing is there yet. */
    IS(start(&decision), WAXSEAL_REASON_NOTHING_VERIFIES);
    IS(decision.action, WAXSEAL_ACTION_RECOVER);
    IS(decision.refused[0], WAXSEAL_CODE_NOT_SEALED);
    IS(decision.refused[1], WAXSEAL_CODE_NOT_SEALED);

    uint8_t *slot_a = program_factory(&first);
    decision = started(0, 0);
    present(&decision);
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

    started(1, 0);
    give_up(&third, lowest);
    /* An update that is never confirmed is taken back after its two starts. */
    IS(waxseal_stage_begin(&stage, &session, 1, &third.image, lowest), WAXSEAL_DONE);
    transfer(&third);
    IS(waxseal_stage_request(&stage, lowest), WAXSEAL_DONE);
    started(0, 1);
    started(0, 1);
    started(1, 0);
    is_status(0, WAXSEAL_STATUS_REJECTED);
    /* Nothing of this is done where banks are not exchanged. */
    IS(waxseal_clear(&session, 1), WAXSEAL_REASON_NO_UPDATE);

    drop(&first);
    drop(&second);
    drop(&third);
    drop_device();
    return 0;
}
