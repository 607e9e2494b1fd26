/* Starts a program for QEMU; newlib prints through semihosting. */
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

extern uint32_t stack_top[], data_start[], data_end[], data_source[];
extern void initialise_monitor_handles(void);
extern int main(void);

/* QEMU ends at a breakpoint that is no semihosting call: a fault never looks like a result. */
static void fault(void)
{
    for (;;)
        __asm volatile("bkpt 0");
}

static void reset(void)
{
    static char buffer[1024];
    /* Allows the floating-point unit, whose registers the library may use: CPACR (Armv7-M Architecture Reference Manual B3.2.20). */
    *(volatile uint32_t *)0xE000ED88 |= 0xFu << 20;
    __asm volatile("dsb\n isb");
    for (uint32_t *from = data_source, *to = data_start; to < data_end;)
        *to++ = *from++;
    initialise_monitor_handles();
    /* The heap would have to end below the stack, and there is none. */
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    int result = main();
    fflush(stdout);
    _exit(result);
}

__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    void (*handlers[15])(void);
} vectors = {stack_top, {reset, fault, fault, fault, fault, fault}};
