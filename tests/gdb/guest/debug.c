/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program that is debugged: rounds of calls, stores, loads and a trap, without end. */

long delay_slots(long a);
void spin(void);

volatile int counter;           /* of rounds */
volatile int total;
volatile unsigned traps;
volatile int spin_now;          /* the debugger sets it */
volatile int guarded[4];
volatile double product = 1.5;

#define NOINLINE __attribute__((noinline, noclone))

NOINLINE int leaf(int n)
{
    total += n;
    return n * 3 + 1;
}

NOINLINE int middle(int n)
{
    int r = leaf(n);
    r += leaf(n + 1);
    return r;
}

NOINLINE void on_trap(void)
{
    traps++;
}

NOINLINE int provoke(int n)
{
    int before = traps;
    __asm__ volatile("syscall" : : : "memory");
    return traps - before + n;
}

NOINLINE int work(int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++) {
        sum += middle(i);
    }
    return sum;
}

void test_main(void)
{
    for (;;) {
        int r = work(10);
        r += (int)delay_slots(counter);
        r += provoke(r);
        guarded[1] = r;
        r += guarded[2];
        product = product * 1.0;
        counter++;
        if (spin_now) {
            spin();
        }
    }
}
