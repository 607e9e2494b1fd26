/* The boot loader: verify, choose, jump. */
#include <stdio.h>

#include "device.h"

static void jump(uint32_t stack, uint32_t reset)
{
    fflush(stdout);
    __asm volatile("msr msp, %0\n bx %1" : : "r"(stack), "r"(reset));
}

int main(void)
{
    static waxseal_session session;
    waxseal_decision decision;

    if (!device_load()) {
        printf("loader: no device.bin\n");
        return 2;
    }
    uint32_t result = waxseal_open(&session, &device_config, &device_flash);
    if (result == WAXSEAL_DONE)
        result = waxseal_boot(&session, NULL, &decision);
    else
        decision = (waxseal_decision){.action = WAXSEAL_ACTION_RECOVER};

    for (uint32_t slot = 0; slot < WAXSEAL_SLOTS; slot++)
        if (decision.refused[slot])
            printf("loader: slot %lu refused, code %d\n", (unsigned long)slot, decision.refused[slot]);
    if (decision.raised)
        printf("loader: security counter %lu\n", (unsigned long)decision.raised);
    /* WAXSEAL_ACTION_EXCHANGE does not come here: this layout exchanges no banks, and QEMU's machine has none. */
    if (result == WAXSEAL_DONE && decision.action == WAXSEAL_ACTION_BOOT) {
        printf("loader: slot %lu%s\n", (unsigned long)decision.slot, decision.on_trial ? ", on trial" : "");
        jump(decision.stack, decision.reset);
    }
    printf("loader: nothing boots, reason %lu\n", (unsigned long)result);
    device_save();
    return 1;
}
