/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices that users add: where they go, and what is refused. */
#include "hw-test.h"
#include "hw/pci/pci.h"

typedef struct {
    PciDevice pci;
    uint32_t number;
    bool flag;
} Card;

static void card_reset(Device *dev)
{
    pci_device_reset((PciDevice *)dev);
}

static bool card_realize(Device *dev, GError **err)
{
    return ((Card *)dev)->number != 13 || (g_set_error_literal(err, g_quark_from_string("t"), 0,
                                                               "unlucky"), false);
}

static const Prop card_props[] = {
    { "number", PROP_U32, offsetof(Card, number), "7", "a number" },
    { "flag", PROP_BOOL, offsetof(Card, flag), NULL, NULL },
    { 0 },
};
static const PciInfo card_info = { .vendor = 0x1234, .device = 0x5678, .class_code = 0x0200 };
static const VmField card_state[] = { PCI_STATE(Card, pci), { 0 } };
static const DeviceType card_type = {
    "card", sizeof(Card), .parent = "pci-device", .description = "a card", .user_creatable = true,
    .state = card_state, .props = card_props, .bus_info = &card_info, .realize = card_realize,
    .reset = card_reset,
};
static const DeviceType lonely_type = {
    "lonely", sizeof(Device), .parent = "frob-device", .user_creatable = true,
};

static bool add(Bench *b, const DeviceType *type, const char *text, GError **err)
{
    g_autoptr(KeyVal) props = keyval_new("-device");
    g_assert_true(keyval_parse(props, text, "driver", NULL));
    keyval_get(props, "driver");
    return device_add_type(b->m, type, props, err);
}

static void expect_added(Bench *b, const char *text, const char *id, uint8_t devfn)
{
    GError *err = NULL;
    bool good = add(b, &card_type, text, &err);
    g_assert_no_error(err);
    g_assert_true(good);
    Device *dev = device_find(b->m, id);
    g_assert_nonnull(dev);
    g_assert_cmphex(((PciDevice *)dev)->devfn, ==, devfn);
    g_assert_true(bus_of(dev) == bus_find(b->m, "pci"));
}

static void expect_refused(Bench *b, const DeviceType *type, const char *text, const char *part)
{
    GError *err = NULL;
    guint devices = b->m->devices->len;
    if (add(b, type, text, &err) || !strstr(err->message, part)) {
        g_error("'%s': '%s' lacks '%s'", text, err ? err->message : "no error", part);
    }
    g_assert_cmpuint(b->m->devices->len, ==, devices);
    g_clear_error(&err);
}

static void test_places(void)
{
    Bench *b = bench_new(false);
    expect_added(b, "card,id=a", "a", PCI_DEVFN(18, 0));
    expect_added(b, "card,id=b,addr=0x1,bus=pci", "b", PCI_DEVFN(1, 0));
    expect_added(b, "card,id=c,addr=1f.7,number=9,flag=on", "c", PCI_DEVFN(31, 7));
    expect_added(b, "{\"driver\": \"card\", \"id\": \"d\", \"addr\": \"0x13\", \"flag\": true}", "d",
                 PCI_DEVFN(19, 0));
    expect_added(b, "card,id=e", "e", PCI_DEVFN(20, 0));
    Card *c = (Card *)device_find(b->m, "c");
    g_assert_cmpuint(c->number, ==, 9);
    g_assert_true(c->flag && c->pci.dev.realized);
    g_assert_cmpuint(((Card *)device_find(b->m, "a"))->number, ==, 7);
    g_assert_cmphex(pci_config_read(&c->pci, 0, 4), ==, 0x56781234);
    bench_free(b);
}

static void test_refused(void)
{
    Bench *b = bench_new(false);
    expect_added(b, "card,id=a,addr=12", "a", PCI_DEVFN(18, 0));
    expect_refused(b, &card_type, "card,id=a", "Duplicate device ID 'a'");
    expect_refused(b, &card_type, "card,id=9", "id '9'");
    expect_refused(b, &card_type, "card,addr=12", "18.0 is taken by 'a'");
    expect_refused(b, &card_type, "card,addr=20", "addr=20");
    expect_refused(b, &card_type, "card,addr=1.8", "addr=1.8");
    expect_refused(b, &card_type, "card,addr=x", "addr=x");
    expect_refused(b, &card_type, "card,frob=1", "'frob'");
    expect_refused(b, &card_type, "card,number=x", "number");
    expect_refused(b, &card_type, "card,number=13", "unlucky");
    expect_refused(b, &card_type, "card,bus=nowhere", "Bus 'nowhere' not found");
    expect_refused(b, &card_type, "card,bus=isa.0", "can't go on ISA bus");
    expect_refused(b, &lonely_type, "lonely", "No 'frob-device' bus");
    bench_free(b);
}

static void test_slots_run_out(void)
{
    /* Those with interrupts come first; 0 and 10 are the board's. */
    static const uint8_t first[] = { 18, 19, 20, 21, 12, 11, 22 };
    Bench *b = bench_new(false);
    for (unsigned i = 0; i < 30; i++) {
        g_autofree char *id = g_strdup_printf("c%u", i);
        g_autofree char *text = g_strdup_printf("card,id=%s", id);
        if (i < G_N_ELEMENTS(first)) {
            expect_added(b, text, id, (uint8_t)PCI_DEVFN(first[i], 0));
        } else {
            g_assert_true(add(b, &card_type, text, NULL));
        }
    }
    expect_refused(b, &card_type, "card", "no slot");
    bench_free(b);
}

static void test_names(void)
{
    Bench *b = bench_new(false);
    g_autoptr(KeyVal) none = keyval_new("-device"), board = keyval_new("-device");
    GError *err = NULL;
    g_assert_false(device_add(b->m, none, &err));
    g_assert_cmpstr(err->message, ==, "Parameter 'driver' is missing");
    g_clear_error(&err);
    keyval_set(board, "driver", "PIIX4");
    g_assert_false(device_add(b->m, board, &err));
    g_assert_nonnull(strstr(err->message, "part of the board"));
    g_clear_error(&err);
    g_autofree char *help = device_help(&card_type);
    g_assert_nonnull(strstr(help, "number=<uint32>"));
    g_assert_nonnull(strstr(help, "(default: 7)"));
    bench_free(b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bus/places", test_places);
    g_test_add_func("/bus/refused", test_refused);
    g_test_add_func("/bus/slots-run-out", test_slots_run_out);
    g_test_add_func("/bus/names", test_names);
    return g_test_run();
}
