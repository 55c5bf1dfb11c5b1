/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks of what the CPU does under a kernel: arithmetic, exceptions as signals, caches. */
#include <fenv.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/cachectl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "checks.h"

static bool check_integer(void)
{
    volatile uint64_t a = 0x123456789abcdef1, b = 0xfedcba987, c = 37;
    volatile int64_t minus = -1234567890123;
    return a * b == 0x70a3d6092ee1aa17 && a / b * b + a % b == a &&
           a << c >> c == (a & 0x7ffffff) && minus / 1000 == -1234567890 && minus % 1000 == -123 &&
           __builtin_clzll(a) == 3 && __builtin_bswap64(a) == 0xf1debc9a78563412;
}

static uint64_t bits(double d)
{
    uint64_t u;
    memcpy(&u, &d, sizeof(u));
    return u;
}

/* The expected values are IEEE's, correctly rounded. */
static bool check_float(void)
{
    volatile double two = 2, three = 3, tenth = 0.1, sum = 0;
    volatile float third = 1.0f / 3;
    for (int i = 0; i < 1000; i++) {
        sum += tenth;
    }
    return bits(sqrt(two)) == 0x3ff6a09e667f3bcd && bits(1 / three) == 0x3fd5555555555555 &&
           bits(sum) == 0x4058ffffffffff9d &&
           (int)(third * 3e6f) == 1000000 && (long long)(two * 1e15 + 0.5) == 2000000000000000 &&
           fabs(sin(two) - 0.90929742682568170) < 1e-15 && fabs(exp(log(three)) - 3) < 1e-14;
}

static bool check_rounding(void)
{
    static const int modes[] = { FE_TONEAREST, FE_TOWARDZERO, FE_UPWARD, FE_DOWNWARD };
    static const uint64_t want[] = { 0x3fe5555555555555, 0x3fe5555555555555, 0x3fe5555555555556,
                                     0x3fe5555555555555 };
    volatile double two = 2, three = 3, zero = 0;
    bool good = true;
    for (int i = 0; i < 4; i++) {
        fesetround(modes[i]);
        good = good && bits(two / three) == want[i];
    }
    fesetround(FE_TONEAREST);
    feclearexcept(FE_ALL_EXCEPT);
    volatile double inf = two / zero;
    good = good && isinf(inf) && fetestexcept(FE_ALL_EXCEPT) == FE_DIVBYZERO;
    feclearexcept(FE_ALL_EXCEPT);
    volatile double nan = zero / zero;
    return good && isnan(nan) && fetestexcept(FE_ALL_EXCEPT) == FE_INVALID;
}

static sigjmp_buf back;
static volatile siginfo_t seen;

static void on_signal(int number, siginfo_t *info, void *context)
{
    memcpy((void *)&seen, info, sizeof(seen));
    siglongjmp(back, number);
}

/* What body() ends in: a signal's number, or 0. */
static int signal_of(void (*body)(void))
{
    struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
    static const int numbers[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };
    for (int i = 0; i < 5; i++) {
        sigaction(numbers[i], &action, NULL);
    }
    int number = sigsetjmp(back, 1);
    if (number == 0) {
        body();
    }
    for (int i = 0; i < 5; i++) {
        signal(numbers[i], SIG_DFL);
    }
    return number;
}

static void touch_nothing(void)
{
    *(volatile int *)0x1230 = 1;
}

static void divide_by_zero(void)
{
    __asm__ volatile("teq $0, $0, 7");
}

static void overflow(void)
{
    __asm__ volatile("lui $2, 0x7fff\n\tori $2, $2, 0xffff\n\taddi $2, $2, 1" ::: "$2");
}

static void reserved(void)
{
    __asm__ volatile(".word 0x7c00003f");
}

static void breakpoint(void)
{
    __asm__ volatile("break 5");
}

static void fault_in_delay_slot(void)
{
    __asm__ volatile(".set push\n\t.set noreorder\n\t"
                     "li $2, 0x4560\n\tb 1f\n\tsw $0, 0($2)\n"
                     "1:\n\t.set pop" ::: "$2");
}

static bool check_exceptions(void)
{
    bool good = signal_of(touch_nothing) == SIGSEGV && seen.si_addr == (void *)0x1230;
    good = good && signal_of(fault_in_delay_slot) == SIGSEGV && seen.si_addr == (void *)0x4560;
    good = good && signal_of(divide_by_zero) == SIGFPE && seen.si_code == FPE_INTDIV;
    good = good && signal_of(overflow) == SIGFPE && seen.si_code == FPE_INTOVF;
    return good && signal_of(reserved) == SIGILL && signal_of(breakpoint) == SIGTRAP;
}

static void float_trap(void)
{
    volatile double one = 1, zero = 0;
    one = one / zero;
}

static bool check_float_trap(void)
{
    feenableexcept(FE_DIVBYZERO);
    bool good = signal_of(float_trap) == SIGFPE && seen.si_code == FPE_FLTDIV;
    fedisableexcept(FE_ALL_EXCEPT);
    feclearexcept(FE_ALL_EXCEPT);
    return good;
}

/* The kernel does unaligned accesses in its address error handler, word and half. */
static bool check_unaligned(void)
{
    static unsigned char raw[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
    uint32_t word, want;
    uint16_t half, want_half;
    __asm__ volatile("lw %0, 0(%1)" : "=r"(word) : "r"(raw + 1) : "memory");
    memcpy(&want, raw + 1, 4);
    __asm__ volatile("lhu %0, 0(%1)" : "=r"(half) : "r"(raw + 5) : "memory");
    memcpy(&want_half, raw + 5, 2);
    __asm__ volatile("sw %0, 0(%1)" : : "r"(0x11223344), "r"(raw + 9) : "memory");
    uint32_t stored;
    memcpy(&stored, raw + 9, 4);
    return word == want && half == want_half && stored == 0x11223344;
}

/* A function written, run, written again over itself and run again. */
static bool check_new_code(void)
{
    uint32_t *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (code == MAP_FAILED) {
        return false;
    }
    bool good = true;
    for (uint32_t n = 0; n < 2000; n++) {
        code[0] = 0x24020000 | n;       /* addiu $v0, $0, n */
        code[1] = 0x03e00008;           /* jr $ra */
        code[2] = 0;
        cacheflush(code, 12, BCACHE);
        good = good && ((uint32_t(*)(void))code)() == n;
    }
    munmap(code, 4096);
    return good;
}

static int counter;
static __thread int of_thread;

static void *count(void *step)
{
    for (int i = 0; i < 20000; i++) {
        __atomic_fetch_add(&counter, (int)(intptr_t)step, __ATOMIC_SEQ_CST);
        of_thread++;
    }
    return (void *)(intptr_t)of_thread;
}

static bool check_threads(void)
{
    pthread_t threads[4];
    bool good = true;
    for (intptr_t i = 0; i < 4; i++) {
        good = good && pthread_create(&threads[i], NULL, count, (void *)(i + 1)) == 0;
    }
    for (int i = 0; i < 4; i++) {
        void *value = NULL;
        good = good && pthread_join(threads[i], &value) == 0 && (intptr_t)value == 20000;
    }
    return good && counter == 20000 * (1 + 2 + 3 + 4);
}

const Check cpu_checks[] = {
    { "integer", check_integer }, { "float", check_float }, { "rounding", check_rounding },
    { "exceptions", check_exceptions }, { "float trap", check_float_trap }, { "unaligned", check_unaligned },
    { "new code", check_new_code }, { "threads", check_threads },
    { 0 }
};
