/* Banks that hardware exchanges, through the C library: only the boot loader erases, when the application asks for it. In C99 and in
 * C++17, under gcc's sanitizers. Arguments: an image for slot a, and the next version of it. */
#include "device.h"

static uint8_t *slot_b(void)
{
    return device.banks[1] + (WAXSEAL_SLOT_B_START - WAXSEAL_REGION_BANK2_START);
}

static int is_erased(void)
{
    /* Behind it the log begins. */
    for (uint32_t i = 0; i < WAXSEAL_SLOT_B_STATE - WAXSEAL_SLOT_B_START; i++)
        if (slot_b()[i] != 0xFF)
            return 0;
    return 1;
}

int main(int count, char **arguments)
{
    if (count != 3)
        return 2;
    struct file first = load(arguments[1]), second = load(arguments[2]);
    make_device();
    device.optcr = (uint32_t)WAXSEAL_OPTION_NDBANK << 29 | (uint32_t)WAXSEAL_OPTION_NDBOOT << 28;
    /* One build runs from either slot: a factory may have programmed both. */
    memcpy(slot_b(), program_factory(&first), WAXSEAL_SLOT_A_STATE - WAXSEAL_SLOT_A_START);

    started_by(WAXSEAL_ACTION_BOOT, 0, 0);
    /* Only what is confirmed may ask, and only for what it does not run from. */
    IS(waxseal_clear(&session, 0), WAXSEAL_REASON_NOT_CONFIRMED);
    IS(waxseal_confirm(&session, 0), WAXSEAL_DONE);
    IS(waxseal_clear(&session, 1), WAXSEAL_REASON_NOT_CONFIRMED);
    IS(waxseal_stage_begin(&stage, &session, 0, &second.image, 0), WAXSEAL_REASON_CLEAR_FIRST);
    IS(waxseal_clear(&session, 0), WAXSEAL_DONE);
    IS(device.erased, 0);

    /* A boot loader whose erase fails starts the image all the same, and tries again the next time. */
    device.left = 2;
    started_by(WAXSEAL_ACTION_BOOT, 0, 0);
    CHECK(!is_erased());
    device.left = UINT32_MAX;
    started_by(WAXSEAL_ACTION_BOOT, 0, 0);
    CHECK(is_erased());
    is_status(1, WAXSEAL_STATUS_OPEN);
    /* Once is enough. */
    uint32_t erased = device.erased;
    started_by(WAXSEAL_ACTION_BOOT, 0, 0);
    IS(device.erased, erased);

    /* The application programs and never erases. */
    IS(waxseal_stage_begin(&stage, &session, 0, &second.image, 0), WAXSEAL_DONE);
    transfer(&second);
    IS(waxseal_stage_request(&stage, 0), WAXSEAL_DONE);
    IS(device.erased, erased);
    is_status(1, WAXSEAL_STATUS_TRIAL);

    started_by(WAXSEAL_ACTION_EXCHANGE, 1, 1);
    IS(waxseal_confirm(&session, 1), WAXSEAL_DONE);
    started_by(WAXSEAL_ACTION_EXCHANGE, 1, 0);
    /* And back: now the first bank is the other one. */
    IS(waxseal_clear(&session, 1), WAXSEAL_DONE);
    started_by(WAXSEAL_ACTION_EXCHANGE, 1, 0);
    is_status(0, WAXSEAL_STATUS_OPEN);

    drop(&first);
    drop(&second);
    drop_device();
    return 0;
}
