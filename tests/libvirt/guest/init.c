/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A user space that acts on the power button, as one for a board without ACPI can: it asks
 * the PIIX4's power management function where its registers are, looks at PWRBTN_STS ten
 * times a second through /dev/port, or through /dev/mem where there is no such file, and has
 * the kernel switch off. Lines of the console come back in brackets, those of "echo TEXT" on
 * ttyS1 too; "off" and "reboot" end. Lines typed on the keyboard come back behind KEYS.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#define PM_CONFIG "/sys/bus/pci/devices/0000:00:0a.3/config"
#define PMBA 0x40
#define BUTTON 1                /* byte of PMSTS with PWRBTN_STS as its bit 0; writing 1 clears it */
#define PCI_IO_BASE 0x18000000  /* where the board has PCI's I/O space */

static int port_fd = -1;
static off_t button_port;
static volatile uint8_t *button_byte;

static void end(int how)
{
    fflush(stdout);
    sync();
    reboot(how);
    perror("reboot");
}

static void set_up(void)
{
    static const char *const mounts[][2] = {
        { "proc", "/proc" }, { "sysfs", "/sys" }, { "devtmpfs", "/dev" },
    };
    for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
        mkdir(mounts[i][1], 0755);
        mount(mounts[i][0], mounts[i][1], mounts[i][0], 0, NULL);
    }
    int fd = open("/dev/console", O_RDWR);
    for (int i = 0; i < 3 && fd >= 0; i++) {
        dup2(fd, i);
    }
}

/* The registers' port; 0 when they are switched off. */
static off_t power_management(void)
{
    uint8_t base[4];
    int fd = open(PM_CONFIG, O_RDONLY);
    if (fd < 0 || pread(fd, base, 4, PMBA) != 4) {
        perror(PM_CONFIG);
        return 0;
    }
    close(fd);
    return (base[0] | base[1] << 8) & 0xffc0;
}

static int find_button(void)
{
    off_t base = power_management();
    if (!base) {
        return 0;
    }
    button_port = base + BUTTON;
    port_fd = open("/dev/port", O_RDWR);
    if (port_fd < 0) {
        int fd = open("/dev/mem", O_RDWR | O_SYNC);
        long page = sysconf(_SC_PAGESIZE);
        off_t address = PCI_IO_BASE + button_port;
        uint8_t *p = mmap(NULL, (size_t)page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, address & -page);
        if (fd < 0 || p == MAP_FAILED) {
            perror("/dev/mem");
            return 0;
        }
        button_byte = p + (address & (page - 1));
    }
    printf("power button at port 0x%lx, by /dev/%s\n", (long)button_port, port_fd < 0 ? "mem" : "port");
    return 1;
}

/* Whether it was pressed since the last look. */
static int pressed(void)
{
    uint8_t value = 0;
    if (port_fd >= 0) {
        if (pread(port_fd, &value, 1, button_port) != 1) {
            perror("/dev/port");
            return 0;
        }
    } else {
        value = *button_byte;
    }
    if (!(value & 1)) {
        return 0;
    }
    value = 1;
    if (port_fd < 0) {
        *button_byte = value;
    } else if (pwrite(port_fd, &value, 1, button_port) != 1) {
        perror("/dev/port");
    }
    return 1;
}

static void do_line(void)
{
    char line[256];
    if (!fgets(line, sizeof(line), stdin)) {
        clearerr(stdin);
        return;
    }
    line[strcspn(line, "\r\n")] = 0;
    if (strcmp(line, "off") == 0) {
        end(RB_POWER_OFF);
    } else if (strcmp(line, "reboot") == 0) {
        end(RB_AUTOBOOT);
    } else {
        printf("[%s]\n", line);
    }
    FILE *second = strncmp(line, "echo ", 5) == 0 ? fopen("/dev/ttyS1", "w") : NULL;
    if (second) {
        fprintf(second, "%s\n", line + 5);
        fclose(second);
    }
}

/* The virtual terminal that has the keyboard; -1: the kernel has none. */
static int keyboard(void)
{
    mknod("/dev/tty1", S_IFCHR | 0600, makedev(4, 1));
    return open("/dev/tty1", O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

static void say_keys(int fd)
{
    char line[256];
    ssize_t got = read(fd, line, sizeof(line) - 1);
    if (got > 0) {
        line[got] = 0;
        printf("KEYS [%.*s]\n", (int)strcspn(line, "\n"), line);
    }
}

int main(void)
{
    set_up();
    setvbuf(stdin, NULL, _IONBF, 0);
    setvbuf(stdout, NULL, _IOLBF, 0);
    int button = find_button(), keys = keyboard();
    time_t now = time(NULL);
    printf("DATE %s", asctime(gmtime(&now)));
    printf("GUEST-UP\n");
    for (;;) {
        struct pollfd from[2] = { { 0, POLLIN, 0 }, { keys, POLLIN, 0 } };
        if (poll(from, 2, 100) > 0) {
            if (from[0].revents) {
                do_line();
            }
            if (from[1].revents) {
                say_keys(keys);
            }
        }
        if (button && pressed()) {
            printf("POWER BUTTON\n");
            end(RB_POWER_OFF);
        }
    }
}
