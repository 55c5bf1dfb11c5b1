/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The init of a Linux that is debugged: has the kernel store into a page that is not there yet, so that it
 * faults in the middle of a system call, then restarts the machine.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
    long *page = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    long done = page == MAP_FAILED ? -1 : syscall(SYS_gettimeofday, page, NULL);
    printf("%s\n", done == 0 && page[0] > 1000000000 ? "GUEST-UP" : "GUEST-FAILED");
    fflush(stdout);
    reboot(RB_AUTOBOOT);
    for (;;) {
        pause();
    }
}
