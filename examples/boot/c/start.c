/* Starts a program for QEMU; newlib prints through semihosting. */
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

extern uint32_t stack_top[], data_start[], data_end[], data_source[], bss_start[], bss_end[];
extern void initialise_monitor_handles(void);
extern int main(void);

/* Vector table offset, and coprocessor access: Armv7-M Architecture Reference Manual B3.2.5 and B3.2.20. */
#define VTOR (*(volatile uint32_t *)0xE000ED08)
#define CPACR (*(volatile uint32_t *)0xE000ED88)

/* QEMU ends at a breakpoint that is no semihosting call: a fault never looks like a result. */
static void fault(void)
{
    for (;;)
        __asm volatile("bkpt 0");
}

static void reset(void);

__attribute__((section(".vectors"), used, aligned(1024))) static const struct {
    uint32_t *stack;
    void (*handlers[15])(void);
} vectors = {stack_top, {reset, fault, fault, fault, fault, fault}};

static void reset(void)
{
    static char buffer[1024];
    VTOR = (uint32_t)&vectors;
    CPACR |= 0xFu << 20;
    __asm volatile("dsb\n isb");
    for (uint32_t *from = data_source, *to = data_start; to < data_end;)
        *to++ = *from++;
    for (uint32_t *to = bss_start; to < bss_end;)
        *to++ = 0;
    initialise_monitor_handles();
    /* Without a heap newlib would print letter by letter. */
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    int result = main();
    fflush(stdout);
    _exit(result);
}
