/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports, queues, links, hubs, addresses, back ends, filters, announcements. */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "net/announce.h"
#include "net/netdev.h"
#include "system/objects.h"
#include "util/bits.h"

typedef struct {
    Machine *m;
    ChardevSet *chardevs;
    NetdevSet *set;
} Bench;

static Bench bench_new(void)
{
    Bench b = { .m = machine_new(NULL) };
    machine_lock(b.m);
    b.chardevs = chardev_set_new(b.m);
    b.m->chardevs = b.chardevs;
    net_set_new(b.m);
    b.set = netdev_set_new(b.m, b.chardevs);
    machine_start(b.m);
    return b;
}

static void bench_free(Bench *b)
{
    netdev_set_free(b->set);
    machine_unlock(b->m);
    machine_free(b->m);
    chardev_set_free(b->chardevs);
}

/* A device that keeps what it gets, and may answer or be full. */
typedef struct {
    NetPort *port;
    GString *got;               /* the first byte of each frame */
    bool full, answers, inside;
    unsigned lost, rooms, links;
} End;

static void end_receive(void *opaque, const uint8_t *frame, size_t len)
{
    End *e = opaque;
    g_assert_false(e->inside);
    e->inside = true;
    g_string_append_c(e->got, (char)frame[0]);
    if (e->answers) {
        uint8_t answer[64] = { (uint8_t)(frame[0] + 1) };
        e->answers = false;
        net_send(e->port, answer, sizeof(answer));
    }
    e->inside = false;
}

static bool end_can_receive(void *opaque, size_t len)
{
    return !((End *)opaque)->full;
}

static void end_lost(void *opaque)
{
    ((End *)opaque)->lost++;
}

static void end_room(void *opaque)
{
    ((End *)opaque)->rooms++;
}

static void end_link(void *opaque)
{
    ((End *)opaque)->links++;
}

static const NetPortOps end_ops = { end_receive, end_can_receive, end_lost, end_room, end_link };

static void end_init(End *e, Bench *b, const char *name, bool is_device)
{
    *e = (End){ .got = g_string_new(NULL) };
    e->port = net_port_new(b->m, name, "nic", is_device, &end_ops, e);
}

static void end_clear(End *e)
{
    net_port_free(e->port);
    g_string_free(e->got, TRUE);
}

static bool send_one(End *e, char what)
{
    uint8_t frame[64] = { (uint8_t)what };
    return net_send(e->port, frame, sizeof(frame));
}

static void test_frames(void)
{
    Bench b = bench_new();
    End one, two;
    end_init(&one, &b, "one", true);
    end_init(&two, &b, "two", true);
    g_assert_true(send_one(&one, 'a'));         /* into nothing */
    net_port_plug(one.port, two.port);
    g_assert_cmpuint(one.links, ==, 1);
    two.answers = true;
    g_assert_true(send_one(&one, 'b'));
    g_assert_cmpstr(two.got->str, ==, "b");
    g_assert_cmpstr(one.got->str, ==, "c");     /* after one's own send was done */
    two.full = true;
    for (char c = 'd'; c <= 'f'; c++) {
        send_one(&one, c);
    }
    g_assert_cmpstr(two.got->str, ==, "b");
    two.full = false;
    net_port_flush(two.port);
    g_assert_cmpstr(two.got->str, ==, "bdef");
    machine_stop(b.m, RUN_PAUSED);
    send_one(&one, 'g');
    g_assert_cmpstr(two.got->str, ==, "bdef");
    machine_start(b.m);
    g_assert_cmpstr(two.got->str, ==, "bdefg");
    end_clear(&one);
    g_assert_null(net_port_peer(two.port));
    send_one(&two, 'h');
    end_clear(&two);
    bench_free(&b);
}

static void test_bounded(void)
{
    Bench b = bench_new();
    End one, two;
    unsigned refused = 0;
    end_init(&one, &b, "one", true);
    end_init(&two, &b, "two", true);
    net_port_plug(one.port, two.port);
    two.full = true;
    for (unsigned i = 0; i < 5000; i++) {
        refused += !send_one(&one, 'x');
    }
    g_assert_cmpuint(two.lost, >, 0);
    g_assert_cmpuint(refused, >, two.lost);
    g_assert_cmpuint(one.rooms, ==, 0);
    two.full = false;
    net_port_flush(two.port);
    g_assert_cmpuint(two.got->len, ==, 5000 - two.lost);
    g_assert_cmpuint(one.rooms, ==, 1);
    g_autofree uint8_t *huge = g_malloc0(NET_FRAME_MAX + 1);
    net_send(one.port, huge, NET_FRAME_MAX + 1);
    g_assert_cmpuint(two.got->len, ==, 5000 - two.lost);
    end_clear(&one);
    end_clear(&two);
    bench_free(&b);
}

static bool add(Bench *b, const char *text)
{
    GError *err = NULL;
    bool good = netdev_set_add(b->set, text, &err);
    g_clear_error(&err);
    return good;
}

static void refuse(Bench *b, const char *text, const char *part)
{
    GError *err = NULL;
    if (netdev_set_add(b->set, text, &err) || !strstr(err->message, part)) {
        g_error("'%s': '%s' lacks '%s'", text, err ? err->message : "no error", part);
    }
    g_clear_error(&err);
}

static void test_hub(void)
{
    Bench b = bench_new();
    End e[3];
    static const char *const ports[] = { "hubport,id=a,hubid=4", "hubport,id=b,hubid=4",
                                         "hubport,id=c,hubid=4",
                                         "hubport,id=d,hubid=5" };
    for (unsigned i = 0; i < 4; i++) {
        g_assert_true(add(&b, ports[i]));
    }
    for (unsigned i = 0; i < 3; i++) {
        char name[] = { (char)('x' + i), 0 }, port[] = { (char)('a' + i), 0 };
        end_init(&e[i], &b, name, true);
        net_port_plug(e[i].port, net_set_find(b.m->net, port));
    }
    e[2].answers = true;
    send_one(&e[0], 'k');
    g_assert_cmpstr(e[0].got->str, ==, "l");
    g_assert_cmpstr(e[1].got->str, ==, "kl");
    g_assert_cmpstr(e[2].got->str, ==, "k");
    g_autofree char *text = netdev_set_describe(b.set);
    g_assert_nonnull(strstr(text, "hub 4\n \\ a: x: index=0,type=nic"));
    for (unsigned i = 0; i < 3; i++) {
        end_clear(&e[i]);
    }
    /* Two hubs in a ring: a frame goes round once. */
    net_port_plug(net_set_find(b.m->net, "b"), net_set_find(b.m->net, "d"));
    g_assert_true(add(&b, "hubport,id=e,hubid=5,netdev=c"));
    end_init(&e[0], &b, "x", true);
    net_port_plug(e[0].port, net_set_find(b.m->net, "a"));
    send_one(&e[0], 'm');
    g_assert_cmpuint(e[0].got->len, <=, 2);
    end_clear(&e[0]);
    bench_free(&b);
}

static void test_options(void)
{
    Bench b = bench_new();
    refuse(&b, "user", "'id' is missing");
    refuse(&b, "id=n", "'type' is missing");
    refuse(&b, "frob,id=n", "no network back end 'frob'");
    refuse(&b, "bridge,id=n", "tap device on the bridge");
    refuse(&b, "user,id=1", "a letter first");
    refuse(&b, "user,id=n,frob=1", "unknown property 'frob'");
    refuse(&b, "user,id=n,net=10.0.2.0/31", "room for hosts");
    refuse(&b, "user,id=n,net=10.0.2.0/255.0.255.0", "ADDRESS/MASK");
    refuse(&b, "user,id=n,net=frob", "must be ADDRESS");
    refuse(&b, "user,id=n,host=10.0.3.2", "must lie in net=");
    refuse(&b, "user,id=n,dns=10.0.2.2", "two addresses");
    refuse(&b, "user,id=n,dhcpstart=10.0.2.3", "neither");
    refuse(&b, "user,id=n,smb=/tmp", "smb=");
    refuse(&b, "user,id=n,tftp=/nonexistent", "is no folder");
    refuse(&b, "user,id=n,hostfwd=tcp::22", "must be [tcp|udp]");
    refuse(&b, "user,id=n,hostfwd=tcp::0-:0", "must be [tcp|udp]");
    refuse(&b, "user,id=n,hostfwd=sctp::1-:2", "must be [tcp|udp]");
    refuse(&b, "user,id=n,hostfwd=tcp::99999-:2", "must be [tcp|udp]");
    refuse(&b, "user,id=n,guestfwd=tcp:10.0.2.100:80", "must be tcp:ADDR:PORT");
    refuse(&b, "user,id=n,guestfwd=tcp:10.0.2.100:80-chardev:nobody", "no -chardev");
    refuse(&b, "user,id=n,ipv4=off,ipv6=off", "leaves nothing");
    refuse(&b, "tap,id=n,vhost=on", "no virtio");
    refuse(&b, "tap,id=n,fd=3,ifname=x", "do not go with fd=");
    refuse(&b, "socket,id=n", "needs one of");
    refuse(&b, "socket,id=n,listen=:1,connect=:1", "needs one of");
    refuse(&b, "socket,id=n,listen=frob", "HOST:PORT");
    refuse(&b, "stream,id=n", "addr.type=");
    refuse(&b, "stream,id=n,addr.type=inet,addr.host=h", "one address");
    refuse(&b, "dgram,id=n", "needs local.type=");
    refuse(&b, "hubport,id=n", "'hubid' is missing");
    g_assert_null(net_set_at(b.m->net, 0));
    g_assert_true(add(&b,
                      "user,id=n,net=192.168.7.0/24,hostfwd=tcp:127.0.0.1:0-:22,hostfwd=udp:127.0.0.1:0-:9,"
                      "guestfwd=tcp:192.168.7.100:80-null"));
    refuse(&b, "user,id=n", "already");
    g_autofree char *text = netdev_set_describe(b.set);
    g_assert_cmpstr(text, ==, "n: index=0,type=user,net=192.168.7.0,restrict=off\n");
    g_autofree char *users = netdev_set_describe_users(b.set);
    g_assert_nonnull(strstr(users, "TCP[HOST_FORWARD]"));
    g_assert_nonnull(strstr(users, "UDP[HOST_FORWARD]"));
    bench_free(&b);
}

static void test_link(void)
{
    Bench b = bench_new();
    GError *err = NULL;
    End e;
    g_assert_true(add(&b, "hubport,id=h,hubid=0"));
    end_init(&e, &b, "dev", true);
    net_port_plug(e.port, net_set_find(b.m->net, "h"));
    g_assert_true(net_port_link(e.port));
    g_assert_true(netdev_set_link(b.set, "h", false, &err));
    g_assert_false(net_port_link(e.port));
    g_assert_cmpuint(e.links, ==, 2);
    g_assert_true(netdev_set_link(b.set, "h", true, &err));
    g_assert_true(net_port_link(e.port));
    g_assert_false(netdev_set_link(b.set, "nobody", true, &err));
    g_clear_error(&err);
    g_assert_true(netdev_set_remove(b.set, "h", &err));
    g_assert_false(net_port_link(e.port));
    end_clear(&e);
    bench_free(&b);
}

static void test_mac(void)
{
    static const char *const bad[] = { "", "52:54:00:12:34", "52:54:00:12:34:5", "52:54:00:12:34:56:",
                                       "52:54:00:12:34:5g",
                                       "53:54:00:12:34:56", "5254:00:12:34:56", "52 54 00 12 34 56" };
    Bench b = bench_new();
    uint8_t mac[NET_MAC_LEN], other[NET_MAC_LEN];
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_false(net_mac_parse(bad[i], mac));
    }
    g_assert_true(net_mac_parse("52-54-00-aB-34-56", mac));
    g_autofree char *text = net_mac_text(mac);
    g_assert_cmpstr(text, ==, "52:54:00:ab:34:56");
    net_mac_default(b.m->net, mac);
    net_mac_default(b.m->net, other);
    g_assert_cmphex(mac[5], ==, 0x56);
    g_assert_cmphex(other[5], ==, 0x57);
    net_mac_release(b.m->net, mac);
    net_mac_default(b.m->net, other);
    g_assert_cmphex(other[5], ==, 0x56);
    bench_free(&b);
}

static void test_dump(void)
{
    Bench b = bench_new();
    End e;
    GError *err = NULL;
    g_autofree char *dir = g_dir_make_tmp("net-XXXXXX", &err), *path = g_build_filename(dir, "pcap", NULL);
    g_autofree char *text = g_strdup_printf("filter-dump,id=f,netdev=h,file=%s,maxlen=10", path);
    g_autofree char *data = NULL;
    gsize len;
    ObjectSet *objects = object_set_new();
    object_set_use_machine(objects, b.m);
    g_assert_false(object_set_add_text(objects, "-object", text, &err));
    g_clear_error(&err);
    g_assert_true(add(&b, "hubport,id=h,hubid=0"));
    g_assert_true(object_set_add_text(objects, "-object", text, &err));
    end_init(&e, &b, "dev", true);
    net_port_plug(e.port, net_set_find(b.m->net, "h"));
    send_one(&e, 'z');
    g_assert_true(g_file_get_contents(path, &data, &len, &err));
    g_assert_cmpuint(len, ==, 24 + 16 + 10);
    g_assert_cmphex(*(uint32_t *)(void *)data, ==, 0xa1b2c3d4);
    g_assert_cmpuint(((uint32_t *)(void *)data)[5], ==, 1);
    g_assert_cmpuint(((uint32_t *)(void *)data)[8], ==, 10);
    g_assert_cmpuint(((uint32_t *)(void *)data)[9], ==, 64);
    g_assert_cmpint(data[40], ==, 'z');
    end_clear(&e);
    bench_free(&b);             /* the back end goes before the object */
    object_set_free(objects);
    g_unlink(path);
    g_rmdir(dir);
}

/* A device "dev" at a hub's port "h", at whose other port "i" "far" is, and objects on both. */
typedef struct {
    Bench b;
    ObjectSet *objects;
    End dev, far;
} Filtered;

static Filtered *filtered_new(void)
{
    Filtered *f = g_new0(Filtered, 1);
    f->b = bench_new();
    f->objects = object_set_new();
    object_set_use_machine(f->objects, f->b.m);
    g_assert_true(add(&f->b, "hubport,id=h,hubid=0"));
    g_assert_true(add(&f->b, "hubport,id=i,hubid=0"));
    end_init(&f->dev, &f->b, "dev", true);
    end_init(&f->far, &f->b, "far", true);
    net_port_plug(f->dev.port, net_set_find(f->b.m->net, "h"));
    net_port_plug(f->far.port, net_set_find(f->b.m->net, "i"));
    return f;
}

static void filtered_free(Filtered *f)
{
    end_clear(&f->dev);
    end_clear(&f->far);
    bench_free(&f->b);
    object_set_free(f->objects);
    g_free(f);
}

static void make(Filtered *f, const char *text)
{
    GError *err = NULL;
    g_assert_true(object_set_add_text(f->objects, "-object", text, &err));
    g_assert_no_error(err);
}

static void refused(Filtered *f, const char *text, const char *part)
{
    g_autoptr(GError) err = NULL;
    g_assert_false(object_set_add_text(f->objects, "-object", text, &err));
    if (!strstr(err->message, part)) {
        g_error("%s: '%s' lacks '%s'", text, err->message, part);
    }
}

static void set(Filtered *f, const char *id, const char *prop, const char *value)
{
    GError *err = NULL;
    Object *obj = object_find(f->objects, id);
    g_assert_true(obj->type->set(obj, prop, value, &err));
    g_assert_no_error(err);
}

static void drop(Filtered *f, const char *id)
{
    g_assert_true(object_set_remove(f->objects, id, NULL));
}

/* A character device called id; the other end of its socket. */
static int chardev(Filtered *f, const char *id)
{
    int fds[2];
    GError *err = NULL;
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), ==, 0);
    g_autofree char *text = g_strdup_printf("socket,id=%s,fd=%d", id, fds[0]);
    g_assert_true(chardev_set_add(f->b.chardevs, text, &err));
    return fds[1];
}

static void iterate(Filtered *f)
{
    for (int i = 0; i < 20; i++) {
        machine_unlock(f->b.m);
        g_main_context_iteration(NULL, FALSE);
        machine_lock(f->b.m);
    }
}

static void test_mirror(void)
{
    Filtered *f = filtered_new();
    uint8_t buf[200];
    int plain = chardev(f, "c"), with = chardev(f, "d");
    refused(f, "filter-mirror,id=m,netdev=h", "needs outdev=");
    refused(f, "filter-mirror,id=m,netdev=x,outdev=c", "no such -netdev");
    refused(f, "filter-mirror,id=m,netdev=dev,outdev=c", "no such -netdev");
    refused(f, "filter-mirror,id=m,netdev=h,outdev=x", "no -chardev with id=x");
    refused(f, "filter-mirror,id=m,netdev=h,outdev=c,queue=y", "all, rx or tx");
    refused(f, "filter-mirror,id=m,netdev=h,outdev=c,position=id=z", "no such filter");
    make(f, "filter-mirror,id=m,netdev=h,outdev=c,queue=rx");
    refused(f, "filter-mirror,id=n,netdev=h,outdev=c", "is taken by filter-mirror m");
    make(f, "filter-mirror,id=n,netdev=h,outdev=d,vnet_hdr_support=on,status=off");
    send_one(&f->dev, 'a');
    send_one(&f->far, 'b');
    g_assert_cmpstr(f->far.got->str, ==, "a");
    g_assert_cmpstr(f->dev.got->str, ==, "b");
    g_assert_cmpint(read(plain, buf, sizeof(buf)), ==, 68);
    g_assert_cmpmem(buf, 5, "\0\0\0\x40" "a", 5);
    g_assert_cmpint(read(with, buf, sizeof(buf)), ==, -1);
    set(f, "n", "status", "on");
    send_one(&f->dev, 'c');
    send_one(&f->far, 'd');
    g_assert_cmpint(read(with, buf, sizeof(buf)), ==, 2 * 72);
    g_assert_cmpmem(buf, 9, "\0\0\0\x40\0\0\0\0c", 9);
    g_assert_cmpint(buf[72 + 8], ==, 'd');
    /* Nobody reads: whole frames are lost, the network goes on. */
    for (int i = 0; i < 40000; i++) {
        send_one(&f->dev, 'e');
    }
    g_assert_cmpuint(f->far.got->len, ==, 2 + 40000);
    g_assert_cmpint(read(plain, buf, 68), ==, 68);
    for (int i = 0; i < 10000; i++) {
        iterate(f);
        if (read(plain, buf, 68) != 68) {
            break;
        }
        g_assert_cmpmem(buf, 5, "\0\0\0\x40" "e", 5);
    }
    drop(f, "m");
    drop(f, "n");
    make(f, "filter-mirror,id=m,netdev=h,outdev=c");        /* the device is free again */
    close(plain);
    close(with);
    filtered_free(f);
}

static void test_redirector(void)
{
    Filtered *f = filtered_new();
    uint8_t buf[200];
    int out = chardev(f, "o"), in = chardev(f, "i");
    refused(f, "filter-redirector,id=r,netdev=h", "needs outdev=CHARDEV or indev=");
    refused(f, "filter-redirector,id=r,netdev=h,indev=i,outdev=i", "two character devices");
    /* What the guest sends goes out; what comes in goes on, to the network. */
    make(f, "filter-redirector,id=r,netdev=h,queue=rx,outdev=o");
    make(f, "filter-redirector,id=s,netdev=h,queue=rx,indev=i,position=head");
    send_one(&f->dev, 'a');
    g_assert_cmpstr(f->far.got->str, ==, "");
    g_assert_cmpint(read(out, buf, sizeof(buf)), ==, 68);
    g_assert_cmpint(buf[4], ==, 'a');
    for (int i = 0; i < 68; i++) {                          /* in pieces */
        g_assert_cmpint(write(in, buf + i, 1), ==, 1);
        iterate(f);
    }
    g_assert_cmpstr(f->far.got->str, ==, "a");
    send_one(&f->far, 'b');
    g_assert_cmpstr(f->dev.got->str, ==, "b");
    drop(f, "s");
    /* Towards the guest, which may be full: no more is kept than a queue takes. */
    make(f, "filter-redirector,id=s,netdev=h,queue=tx,indev=i");
    f->dev.full = true;
    for (int i = 0; i < 3000; i++) {
        while (write(in, buf, 68) != 68) {
            iterate(f);
        }
        iterate(f);
    }
    g_assert_cmpuint(f->dev.lost, >, 1500);
    f->dev.full = false;
    net_port_flush(f->dev.port);
    g_assert_cmpuint(f->dev.got->len, ==, 1 + 3000 - f->dev.lost);
    /* No frames: ignored to the end of that connection. */
    gsize had = f->dev.got->len;
    g_assert_cmpint(write(in, "\xff\xff\xff\xff", 4), ==, 4);
    iterate(f);
    g_assert_cmpint(write(in, buf, 68), ==, 68);
    iterate(f);
    g_assert_cmpuint(f->dev.got->len, ==, had);
    close(in);
    close(out);
    filtered_free(f);
}

/* A virtio header in front of a frame is taken off. */
static void test_redirector_header(void)
{
    Filtered *f = filtered_new();
    int in = chardev(f, "i");
    make(f, "filter-redirector,id=r,netdev=h,indev=i,vnet_hdr_support=on");
    uint8_t data[8 + 12 + 20] = { [3] = 32, [7] = 12, [20] = 'v' };
    g_assert_cmpint(write(in, data, sizeof(data)), ==, sizeof(data));
    iterate(f);
    g_assert_cmpstr(f->dev.got->str, ==, "v");
    g_assert_cmpstr(f->far.got->str, ==, "v");
    g_assert_true(netdev_set_remove(f->b.set, "h", NULL));      /* the filter's network goes first */
    g_assert_cmpint(write(in, data, sizeof(data)), ==, sizeof(data));
    iterate(f);
    g_assert_cmpstr(f->far.got->str, ==, "v");
    close(in);
    filtered_free(f);
}

static void test_buffer(void)
{
    Filtered *f = filtered_new();
    refused(f, "filter-buffer,id=b,netdev=h", "interval=");
    refused(f, "filter-buffer,id=b,netdev=h,interval=0", "interval=");
    make(f, "filter-buffer,id=b,netdev=h,interval=30000,queue=rx");
    gint64 begin = g_get_monotonic_time();
    send_one(&f->dev, 'a');
    send_one(&f->far, 'x');
    send_one(&f->dev, 'b');
    g_assert_cmpstr(f->dev.got->str, ==, "x");
    g_assert_cmpstr(f->far.got->str, ==, "");
    while (f->far.got->len < 2 && g_get_monotonic_time() - begin < 5000000) {
        iterate(f);
    }
    g_assert_cmpstr(f->far.got->str, ==, "ab");
    g_assert_cmpint(g_get_monotonic_time() - begin, >=, 29000);
    /* Bounded; switched off it gives all it has. */
    set(f, "b", "interval", "4000000000");
    for (int i = 0; i < 5000; i++) {
        send_one(&f->dev, 'c');
    }
    g_assert_cmpuint(f->far.got->len, ==, 2);
    set(f, "b", "status", "off");
    g_assert_cmpuint(f->far.got->len, ==, 2 + 1024);
    send_one(&f->dev, 'd');
    g_assert_cmpuint(f->far.got->len, ==, 2 + 1025);
    set(f, "b", "status", "on");
    send_one(&f->dev, 'e');
    drop(f, "b");
    g_assert_true(g_str_has_suffix(f->far.got->str, "de"));
    /* In front of and behind others: a mirror behind it sees what it lets through, one before it all. */
    uint8_t buf[400];
    int first = chardev(f, "c"), last = chardev(f, "d");
    make(f, "filter-buffer,id=b,netdev=h,interval=4000000000");
    make(f, "filter-mirror,id=m,netdev=h,outdev=c,position=id=b,insert=before,queue=tx");
    make(f, "filter-mirror,id=n,netdev=h,outdev=d,position=id=b,queue=tx");
    send_one(&f->far, 'y');
    g_assert_cmpint(read(first, buf, sizeof(buf)), ==, 68);
    g_assert_cmpint(read(last, buf, sizeof(buf)), ==, -1);
    set(f, "b", "status", "off");
    g_assert_cmpint(read(first, buf, sizeof(buf)), ==, -1);
    g_assert_cmpint(read(last, buf, sizeof(buf)), ==, 68);
    g_assert_cmpstr(f->dev.got->str, ==, "xy");
    close(first);
    close(last);
    filtered_free(f);
}

/* Keeps the last frame whole. */
static uint8_t last_frame[64];
static size_t last_len;

static void keep_frame(void *opaque, const uint8_t *frame, size_t len)
{
    ((End *)opaque)->lost++;
    last_len = len;
    memcpy(last_frame, frame, MIN(len, sizeof(last_frame)));
}

static void test_announce(void)
{
    static const NetPortOps keeps = { .receive = keep_frame };
    static const uint8_t mac[] = { 0x52, 0x54, 0, 1, 2, 3 };
    Filtered *f = filtered_new();
    End tap = { .got = NULL };
    AnnounceParams p = { .initial = 10, .max = 15, .step = 100, .rounds = 3 };
    GError *err = NULL;
    tap.port = net_port_new(f->b.m, "tap", "nic", false, &keeps, &tap);
    g_assert_true(add(&f->b, "hubport,id=k,hubid=0,netdev=tap"));
    net_port_set_mac(f->dev.port, mac);
    g_assert_true(net_announce(f->b.m->net, "", &p, NULL, &err));
    g_assert_cmpuint(tap.lost, ==, 1);
    g_assert_cmpuint(last_len, ==, 60);
    g_assert_cmpmem(last_frame, 42, "\xff\xff\xff\xff\xff\xff\x52\x54\0\1\2\3\x80\x35\0\1\x08\0\6\4\0\3"
                    "\x52\x54\0\1\2\3\0\0\0\0\x52\x54\0\1\2\3\0\0\0\0", 42);
    gint64 begin = g_get_monotonic_time();
    while (tap.lost < 3 && g_get_monotonic_time() - begin < 5000000) {
        iterate(f);
    }
    g_assert_cmpint(g_get_monotonic_time() - begin, >=, 24000);
    g_usleep(30000);
    iterate(f);
    g_assert_cmpuint(tap.lost, ==, 3);
    /* One of a name replaces another; no rounds end it; names; nonsense. */
    p.rounds = 5;
    char *names[] = { (char *)"dev", NULL }, *wrong[] = { (char *)"h", NULL };
    g_assert_true(net_announce(f->b.m->net, "x", &p, names, &err));
    p.rounds = 0;
    g_assert_true(net_announce(f->b.m->net, "x", &p, NULL, &err));
    g_usleep(30000);
    iterate(f);
    g_assert_cmpuint(tap.lost, ==, 4);
    g_assert_false(net_announce(f->b.m->net, "x", &p, wrong, NULL));
    p.rounds = 1001;
    g_assert_false(net_announce(f->b.m->net, "x", &p, NULL, NULL));
    p = (AnnounceParams){ .initial = -1, .rounds = 1 };
    g_assert_false(net_announce(f->b.m->net, "x", &p, NULL, NULL));
    p = (AnnounceParams){ .initial = 1000, .max = 1000, .rounds = 9 };
    g_assert_true(net_announce(f->b.m->net, "at the end", &p, NULL, NULL));
    net_port_free(tap.port);
    filtered_free(f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/net/frames", test_frames);
    g_test_add_func("/net/bounded", test_bounded);
    g_test_add_func("/net/hub", test_hub);
    g_test_add_func("/net/options", test_options);
    g_test_add_func("/net/link", test_link);
    g_test_add_func("/net/mac", test_mac);
    g_test_add_func("/net/dump", test_dump);
    g_test_add_func("/net/mirror", test_mirror);
    g_test_add_func("/net/redirector", test_redirector);
    g_test_add_func("/net/redirector-header", test_redirector_header);
    g_test_add_func("/net/buffer", test_buffer);
    g_test_add_func("/net/announce", test_announce);
    return g_test_run();
}
