/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions that user mode raises. */
#include "lib.h"

#define FILE_ID 10

void case_user_address(Env *e)
{
    u32 count = e->count, own = USER_VA + (1u << e->page_shift);
    run_user(e, BLOB_ADDRESS(e, user_load), own + 2, 0);
    check_trap(e, HERE, &count, 0x180, EXC_ADEL, 0, USER_VA);
    CHECK_EQ(e->badvaddr, own + 2);
    run_user(e, BLOB_ADDRESS(e, user_load_half), own + 1, 0);
    check_trap(e, HERE, &count, 0x180, EXC_ADEL, 0, USER_VA);
    CHECK_EQ(e->badvaddr, own + 1);
    run_user(e, BLOB_ADDRESS(e, user_store), own + 3, 0);
    check_trap(e, HERE, &count, 0x180, EXC_ADES, 0, USER_VA);
    CHECK_EQ(e->badvaddr, own + 3);
    run_user(e, BLOB_ADDRESS(e, user_jump), e->base + GUEST_CODE, 0);
    check_trap(e, HERE, &count, 0x180, EXC_ADEL, 0, e->base + GUEST_CODE);
    CHECK_EQ(e->badvaddr, e->base + GUEST_CODE);
    /* A page of its own that is not mapped: an ordinary refill. */
    run_user(e, BLOB_ADDRESS(e, user_load), 0x00600000, 0);
    check_trap(e, HERE, &count, 0x000, EXC_TLBL, 0, USER_VA);
    CHECK_EQ(e->badvaddr, 0x00600000);
    CHECK_EQ(e->entryhi & ~0x1fffu, 0x00600000);
}

void case_user_privileged(Env *e)
{
    u32 count = e->count;
    u32 v = run_user(e, BLOB_ADDRESS(e, user_cp0), 0, 0);
    check_trap(e, HERE, &count, 0x180, EXC_CPU, 0, USER_VA);
    CHECK_EQ(e->cause >> 28 & 3, 0);
    CHECK_EQ(v, 0);
}

void case_user_calls(Env *e)
{
    u32 count = e->count;
    run_user(e, BLOB_ADDRESS(e, user_syscall), 0, 0);
    check_trap(e, HERE, &count, 0x180, EXC_SYS, 0, USER_VA);
    CHECK_EQ(e->status & (STATUS_USER | STATUS_EXL), STATUS_USER | STATUS_EXL);
    run_user(e, BLOB_ADDRESS(e, user_break), 0, 0);
    check_trap(e, HERE, &count, 0x180, EXC_BP, CAUSE_BD, USER_VA);
    run_user(e, BLOB_ADDRESS(e, user_trap), 1, 0);
    check_trap(e, HERE, &count, 0x180, EXC_TR, 0, USER_VA);
    run_user(e, BLOB_ADDRESS(e, user_trap), 0, 0);
    check_trap(e, HERE, &count, 0x180, EXC_SYS, 0, USER_VA + 4);
}
