/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What must hold for every type of device, and the tables themselves on a made-up one. */
#include "hw-test.h"
#include "hw/core/bus.h"
#include "hw/pci/pci.h"
#include "ui/display.h"

/* ---- all types ---- */

static void test_types(void)
{
    const char *last = "";
    for (const DeviceType *const *t = device_types(); *t; t++) {
        g_assert_cmpstr(last, <, (*t)->name);
        last = (*t)->name;
        g_assert_true(device_type_find(last) == *t);
        g_assert_nonnull((*t)->state);
        g_assert_nonnull((*t)->description);
    }
    g_assert_null(device_type_find("no-such-device"));
}

/* What a type says of displays is what comes of it. */
static void test_graphics(void)
{
    unsigned found = 0;
    for (const DeviceType *const *t = device_types(); *t; t++) {
        if (!(*t)->user_creatable || strcmp((*t)->parent, "pci-device") != 0) {
            g_assert_false((*t)->graphics);
            continue;
        }
        Bench *b = bench_new(false);
        DisplaySet *displays = b->m->displays = display_set_new(b->m);
        g_autoptr(KeyVal) props = keyval_new("-device"), again = keyval_new("device_add");
        GError *err = NULL;
        device_add_type(b->m, *t, props, NULL);         /* some need what is not there */
        g_assert_cmpint(display_at(displays, 0) != NULL, ==, (*t)->graphics);
        if ((*t)->graphics) {
            keyval_set(again, "driver", (*t)->name);
            g_assert_false(device_plug(b->m, again, &err));
            g_assert_nonnull(strstr(err->message, "does not support hotplugging"));
            g_clear_error(&err);
            g_assert_false(device_removable(bench_device(b, (*t)->name)));
            g_assert_false(device_remove(bench_device(b, (*t)->name), &err));
            g_assert_nonnull(strstr(err->message, "cannot be taken out"));
            g_clear_error(&err);
            found++;
        }
        bench_free(b);
        display_set_free(displays);
    }
    g_assert_cmpuint(found, ==, 3);
}

static void test_registers_saved(void)
{
    for (const DeviceType *const *t = device_types(); *t; t++) {
        const Reg *last = NULL;
        unsigned width = (*t)->reg_width ? (*t)->reg_width : 4;
        for (const Reg *r = (*t)->regs; r && r->name; r++) {
            g_assert_true(!last || last->addr < r->addr);
            g_assert_cmpuint(r->addr % width, ==, 0);
            g_assert_cmpuint(r->storage + r->size, <=, (*t)->size);
            g_assert_cmphex(r->rw & r->w1c, ==, 0);
            if (r->size && !state_covers((*t)->state, r->storage, r->size)) {
                g_error("%s: register %s is not in the state list", (*t)->name, r->name);
            }
            if (!r->size && (r->rw || r->w1c)) {
                g_error("%s: register %s has masks but no storage", (*t)->name, r->name);
            }
            last = r;
        }
    }
}

/* Fields lie inside the instance and do not overlap. */
static void check_fields(const char *name, const VmField *list, size_t size)
{
    for (const VmField *f = list; f->name; f++) {
        g_assert_cmpuint(f->offset + f->size * f->count, <=, size);
        for (const VmField *g = list; g < f; g++) {
            if (f->offset < g->offset + g->size * g->count && g->offset < f->offset + f->size * f->count) {
                g_error("%s: %s and %s overlap", name, f->name, g->name);
            }
        }
        if (f->kind == VM_KIND_STRUCT) {
            check_fields(name, f->fields, f->size);
        }
    }
}

static void test_state_lists(void)
{
    for (const DeviceType *const *t = device_types(); *t; t++) {
        check_fields((*t)->name, (*t)->state, (*t)->size);
    }
}

static void test_round_trip(void)
{
    for (unsigned big = 0; big < 2; big++) {
        Bench *b = bench_new(big);
        for (unsigned i = 0; i < b->m->devices->len; i++) {
            check_round_trip(g_ptr_array_index(b->m->devices, i));
        }
        bench_free(b);
    }
}

/* Whatever a stream says, loading it must not hurt; and what was loaded is usable. */
static void test_hostile_state(void)
{
    Bench *b = bench_new(false);
    GRand *rand = g_rand_new_with_seed(1);
    for (unsigned i = 0; i < b->m->devices->len * 20; i++) {
        Device *dev = g_ptr_array_index(b->m->devices, i % b->m->devices->len);
        GByteArray *a = g_byte_array_new();
        size_t used;
        state_save(dev, a);
        for (unsigned j = 8; j < a->len; j++) {
            a->data[j] = (uint8_t)g_rand_int(rand);
        }
        state_load(dev, a->data, a->len, &used, NULL);
        bench_step(b->m, 1000000);
        g_byte_array_free(a, TRUE);
        device_reset(dev);
    }
    g_rand_free(rand);
    bench_free(b);
}

static void test_truncated_state(void)
{
    Bench *b = bench_new(false);
    Device *dev = bench_device(b, "malta-fpga");
    GByteArray *a = g_byte_array_new();
    size_t used;
    state_save(dev, a);
    for (unsigned len = 0; len < a->len; len++) {
        GError *err = NULL;
        g_assert_false(state_load(dev, a->data, len, &used, &err));
        g_assert_nonnull(strstr(err->message, "malta-fpga"));
        g_error_free(err);
    }
    a->data[3] = 9;
    GError *err = NULL;
    g_assert_false(state_load(dev, a->data, a->len, &used, &err));
    g_assert_nonnull(strstr(err->message, "version 9"));
    g_error_free(err);
    g_byte_array_free(a, TRUE);
    bench_free(b);
}

/* ---- a made-up device ---- */

typedef struct {
    Device dev;
    uint32_t a, b;
    uint16_t c;
    uint64_t seen, size;
    bool flag;
    uint32_t count;
    char *text;
    bool refuse;
    unsigned *frees;
} Toy;

static void toy_written(Device *dev, const Reg *reg, uint64_t value)
{
    ((Toy *)dev)->seen = value;
}

static uint64_t toy_read(Device *dev, const Reg *reg)
{
    return 0xcafe0000 | reg->addr;
}

static const Reg toy_regs[] = {
    { 0x00, "A", 0x12345678, 0x0000ffff, 0xff000000, AT(Toy, a), .written = toy_written },
    { 0x04, "B", 7, 0xffffffff, 0, AT(Toy, b) },
    { 0x08, "C", 0x8001, 0xff, 0, AT(Toy, c) },
    { 0x10, "HOOK", 0, 0, 0, 0, 0, .read = toy_read, .written = toy_written },
    { 0 }
};
static const VmField toy_state[] = {
    VM_U32(Toy, a), VM_U32(Toy, b), { "c", VM_KIND_INT, offsetof(Toy, c), 2, 1, NULL, 2 }, { 0 }
};
static const Prop toy_props[] = {
    { "flag", PROP_BOOL, offsetof(Toy, flag), "on", "a flag" },
    { "count", PROP_U32, offsetof(Toy, count), "3", "a number" },
    { "size", PROP_SIZE, offsetof(Toy, size), "1M", "a size" },
    { "text", PROP_STRING, offsetof(Toy, text), NULL, "a text" },
    { 0 }
};

static bool toy_realize(Device *dev, GError **err)
{
    if (((Toy *)dev)->refuse) {
        g_set_error_literal(err, g_quark_from_string("toy"), 1, "no");
        return false;
    }
    return true;
}

static void toy_finalize(Device *dev)
{
    Toy *t = (Toy *)dev;
    if (t->frees) {
        ++*t->frees;
    }
}

static const DeviceType toy_type = {
    "toy", sizeof(Toy), .regs = toy_regs, .state = toy_state, .state_version = 2, .props = toy_props,
    .realize = toy_realize, .finalize = toy_finalize,
};

static void test_register_masks(void)
{
    Machine *m = machine_new(NULL);
    Toy *t = (Toy *)device_new(m, &toy_type);
    device_reset(&t->dev);
    g_assert_cmphex(reg_read(&t->dev, 0, 4), ==, 0x12345678);
    reg_write(&t->dev, 0, 0x0200abcd, 4);
    g_assert_cmphex(t->a, ==, 0x1034abcd);          /* written, cleared by 1, kept */
    g_assert_cmphex(t->seen, ==, 0x0200abcd);
    reg_write(&t->dev, 1, 0x55, 1);
    g_assert_cmphex(t->a, ==, 0x103455cd);
    g_assert_cmphex(t->seen, ==, 0x103455cd);
    g_assert_cmphex(reg_read(&t->dev, 2, 2), ==, 0x1034);
    reg_write(&t->dev, 8, 0xffff, 2);
    g_assert_cmphex(t->c, ==, 0x80ff);
    g_assert_cmphex(reg_read(&t->dev, 0x10, 4), ==, 0xcafe0010);
    g_assert_cmphex(reg_read(&t->dev, 0x0c, 4), ==, 0);     /* unknown */
    reg_write(&t->dev, 0x0c, 1, 4);
    device_reset(&t->dev);
    g_assert_cmphex(t->c, ==, 0x8001);
    device_free(&t->dev);
    machine_free(m);
}

static void test_old_state(void)
{
    Machine *m = machine_new(NULL);
    Toy *t = (Toy *)device_new(m, &toy_type);
    static const uint8_t old[] = { 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 5, 0, 0, 0, 6 };
    size_t used;
    device_reset(&t->dev);
    g_assert_true(state_load(&t->dev, old, sizeof(old), &used, NULL));
    g_assert_cmpuint(t->a, ==, 5);
    g_assert_cmpuint(t->b, ==, 6);
    g_assert_cmphex(t->c, ==, 0x8001);
    device_free(&t->dev);
    machine_free(m);
}

static void expect_refusal(Device *dev, const char *name, const char *value, const char *part)
{
    GError *err = NULL;
    g_assert_false(prop_set(dev, name, value, &err));
    g_assert_nonnull(strstr(err->message, "toy"));
    g_assert_nonnull(strstr(err->message, part));
    g_error_free(err);
}

static void test_properties(void)
{
    Machine *m = machine_new(NULL);
    Toy *t = (Toy *)device_new(m, &toy_type);
    g_assert_true(t->flag);
    g_assert_cmpuint(t->count, ==, 3);
    g_assert_cmpuint(t->size, ==, 1 << 20);
    g_assert_true(prop_set(&t->dev, "flag", "no", NULL));
    g_assert_false(t->flag);
    g_assert_true(prop_set(&t->dev, "count", "0x10", NULL));
    g_assert_true(prop_set(&t->dev, "size", "2G", NULL));
    g_assert_cmpuint(t->size, ==, UINT64_C(2) << 30);
    g_assert_true(prop_set(&t->dev, "text", "one", NULL));
    g_assert_true(prop_set(&t->dev, "text", "two", NULL));
    char *text = prop_get(&t->dev, "text", NULL), *count = prop_get(&t->dev, "count", NULL);
    g_assert_cmpstr(text, ==, "two");
    g_assert_cmpstr(count, ==, "16");
    g_free(text);
    g_free(count);
    expect_refusal(&t->dev, "flag", "maybe", "'on' or 'off'");
    expect_refusal(&t->dev, "count", "0x100000000", "count");
    expect_refusal(&t->dev, "count", "-1", "count");
    expect_refusal(&t->dev, "count", "1k", "count");
    expect_refusal(&t->dev, "size", "99999999999T", "size");
    expect_refusal(&t->dev, "colour", "red", "flag, count, size, text");
    device_free(&t->dev);
    machine_free(m);
}

static void test_life(void)
{
    unsigned frees = 0;
    GError *err = NULL;
    Machine *m = machine_new(NULL);
    Toy *bad = (Toy *)device_new(m, &toy_type), *good = (Toy *)device_new(m, &toy_type);
    bad->frees = good->frees = &frees;
    bad->refuse = true;
    g_assert_false(device_realize(&bad->dev, &err));
    g_assert_cmpuint(frees, ==, 1);
    g_clear_error(&err);
    g_assert_true(device_realize(&good->dev, NULL));
    g_assert_cmphex(good->a, ==, 0x12345678);
    expect_refusal(&good->dev, "count", "1", "when the device is made");
    good->a = 0;
    machine_lock(m);
    machine_reset(m);
    machine_unlock(m);
    g_assert_cmphex(good->a, ==, 0x12345678);
    machine_free(m);
    g_assert_cmpuint(frees, ==, 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/device/types", test_types);
    g_test_add_func("/device/graphics", test_graphics);
    g_test_add_func("/device/registers-saved", test_registers_saved);
    g_test_add_func("/device/state-lists", test_state_lists);
    g_test_add_func("/device/round-trip", test_round_trip);
    g_test_add_func("/device/hostile-state", test_hostile_state);
    g_test_add_func("/device/truncated-state", test_truncated_state);
    g_test_add_func("/device/register-masks", test_register_masks);
    g_test_add_func("/device/old-state", test_old_state);
    g_test_add_func("/device/properties", test_properties);
    g_test_add_func("/device/life", test_life);
    return g_test_run();
}
