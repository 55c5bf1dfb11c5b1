/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/kvm/bell.h"

#include <signal.h>
#include <string.h>

static const char *file_name(uint32_t id)
{
    switch (id) {
#define FILE_CASE(number, name) case number: return name;
    GUEST_FILES(FILE_CASE)
#undef FILE_CASE
    default: return "?";
    }
}

static const char *defect_text(uint32_t id)
{
    switch (id) {
    case DEFECT_IM0:
        return "interrupts are gated by Status.IM0 instead of their own mask bit (Linux 5.8 to 5.12, "
               "trap-and-emulate)";
    case DEFECT_PARTIAL_STORE:
        return "swl and swr to a device write stale bytes beside their own (Linux since 5.8; earlier ones "
               "know neither)";
    case DEFECT_WIRED:
        return "TLBWR replaces wired entries (trap-and-emulate, to Linux 5.12)";
    default:
        return "?";
    }
}

static void log_value(Bell *bell, uint32_t v)
{
    switch (bell->log_id) {
    case LOG_LATENCY:
        result_note(bell->result, "the timer's interrupt comes %u us after Compare", v);
        break;
    case LOG_REWRITTEN:
        result_note(bell->result, "text that the host rewrites: %08x", v);
        break;
    case LOG_COUNT_HZ:
        result_note(bell->result, "Count runs at %u Hz", v);
        break;
    default:
        result_note(bell->result, "value %u: 0x%08x", bell->log_id, v);
        break;
    }
}

static void end(Bell *bell)
{
    bell->done = true;
    bell->ops->ended(bell->opaque);
}

static gpointer raise_later(gpointer opaque)
{
    Bell *bell = opaque;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    g_usleep((bell->helper_arg >> 8) * 1000);
    bell->ops->set_line(bell->opaque, bell->helper_arg & 0xff, true, false);
    bell_idle(bell);
    return NULL;
}

/* False: something goes on already. The thread of an earlier one is past its last lock. */
static bool set_busy(Bell *bell)
{
    if (g_atomic_int_get(&bell->busy)) {
        result_fail(bell->result, "the case asks for an action while another goes on");
        return false;
    }
    bell_clear(bell);
    g_atomic_int_set(&bell->busy, 1);
    return true;
}

static uint32_t act(Bell *bell, uint32_t action, uint32_t arg)
{
    unsigned line = arg & 0xff;
    bool raises = action == ACT_RAISE || action == ACT_HOLD || action == ACT_RAISE_AFTER;
    if (raises && (line < 2 || line > 4)) {
        result_fail(bell->result, "the case asks for interrupt line %u", line);
        return 0;
    }
    switch (action) {
    case ACT_RAISE:
    case ACT_HOLD:
        bell->ops->set_line(bell->opaque, line, true, action == ACT_HOLD);
        return 0;
    case ACT_LOWER:
        if (line >= 2 && line <= 4) {
            bell->ops->set_line(bell->opaque, line, false, false);
        }
        return 0;
    case ACT_RAISE_AFTER:
        if (set_busy(bell)) {
            bell->helper_arg = arg;
            bell->helper = g_thread_new("raise", raise_later, bell);
        }
        return 0;
    case ACT_HOST_USEC:
        return (uint32_t)g_get_monotonic_time();
    case ACT_GET_COUNT_HZ:
        return bell->ops->count_hz(bell->opaque);
    case ACT_STOP_CLOCK:
        if (set_busy(bell)) {
            bell->ops->stop_clock(bell->opaque, arg);
        }
        return 0;
    }
    int64_t result = bell->ops->act ? bell->ops->act(bell->opaque, action, arg) : -1;
    if (result < 0) {
        result_fail(bell->result, "action %u is not to be had in this mode", action);
        return UINT32_MAX;
    }
    return (uint32_t)result;
}

static void write_register(Bell *bell, uint32_t offset, uint32_t v)
{
    Result *r = bell->result;
    switch (offset) {
    case BELL_FAIL_WHERE: bell->where = v; break;
    case BELL_FAIL_GOT: bell->got = v; break;
    case BELL_FAIL_WANT:
        result_fail(r, "%s:%u: 0x%08x, expected 0x%08x", file_name(bell->where >> 16), bell->where & 0xffff,
                    bell->got, v);
        break;
    case BELL_DONE:
        r->checks += v;
        if (v == 0 && r->defects->len == 0) {
            result_fail(r, "the case ended without a check");
        }
        end(bell);
        break;
    case BELL_LOG_ID: bell->log_id = v; break;
    case BELL_LOG: log_value(bell, v); break;
    case BELL_ACTION_ARG: bell->arg = v; break;
    case BELL_ACTION: bell->last_result = act(bell, v, bell->arg); break;
    case BELL_TRAP_CAUSE: bell->cause = v; break;
    case BELL_TRAP_EPC: bell->epc = v; break;
    case BELL_TRAP_BADVADDR:
        result_fail(r, "unexpected trap: Cause 0x%08x, EPC 0x%08x, BadVAddr 0x%08x", bell->cause,
                    bell->epc, v);
        end(bell);
        break;
    case BELL_DEFECT: result_defect(r, defect_text(v)); break;
    case BELL_ACCESSES: bell->accesses = 0; break;
    default:
        result_fail(r, "the guest writes 0x%08x to the doorbell's offset 0x%02x", v, offset);
        break;
    }
}

static uint32_t read_register(Bell *bell, uint32_t offset)
{
    switch (offset) {
    case BELL_RESULT: return bell->last_result;
    case BELL_BUSY: return (uint32_t)g_atomic_int_get(&bell->busy);
    case BELL_MODE: return bell->mode->bit;
    case BELL_PAGE_SHIFT: return bell->page_shift;
    case BELL_EXTRA_IM: return bell->extra_im;
    case BELL_LAST_WIDTH: return bell->width;
    case BELL_ACCESSES: return bell->accesses;
    default:
        result_fail(bell->result, "the guest reads the doorbell's offset 0x%02x", offset);
        return 0;
    }
}

static uint32_t swapped(const Bell *bell, uint32_t v)
{
    return bell->mode->big_endian ? GUINT32_TO_BE(v) : GUINT32_TO_LE(v);
}

void bell_access(Bell *bell, uint32_t offset, uint8_t *bytes, unsigned len, bool write)
{
    if (offset >= BELL_AREA && offset + len <= BELL_AREA + BELL_AREA_SIZE) {
        uint8_t *kept = bell->area + offset - BELL_AREA;
        bell->width = len;
        bell->accesses++;
        memcpy(write ? kept : bytes, write ? bytes : kept, len);
        return;
    }
    uint32_t v = 0;
    if (len != 4 || offset & 3) {
        result_fail(bell->result, "the guest %s %u bytes at the doorbell's offset 0x%02x",
                    write ? "writes" : "reads", len, offset);
        if (!write) {
            memset(bytes, 0, len);
        }
    } else if (write) {
        memcpy(&v, bytes, 4);
        write_register(bell, offset, swapped(bell, v));
    } else {
        v = swapped(bell, read_register(bell, offset));
        memcpy(bytes, &v, 4);
    }
}

void bell_idle(Bell *bell)
{
    g_atomic_int_set(&bell->busy, 0);
}

void bell_clear(Bell *bell)
{
    if (bell->helper) {
        g_thread_join(g_steal_pointer(&bell->helper));
    }
}
