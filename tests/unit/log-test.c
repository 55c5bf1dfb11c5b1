/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util/log.h"

#include <string.h>
#include <unistd.h>
#include "util/error.h"

static char *log_path;

static char *written(void)
{
    char *text = NULL;
    g_assert_true(g_file_get_contents(log_path, &text, NULL, NULL));
    return text;
}

static void start(const char *items)
{
    GError *err = NULL;
    g_assert_true(log_set_file(log_path, &err));
    g_assert_no_error(err);
    g_assert_true(log_set_items(items, &err));
}

static unsigned count(const char *text, const char *part)
{
    unsigned n = 0;
    for (const char *p = strstr(text, part); p; p = strstr(p + 1, part)) {
        n++;
    }
    return n;
}

static void test_items(void)
{
    GError *err = NULL;
    g_assert_true(log_set_items("int,mmu", NULL));
    g_assert_cmpint(log_mask(), ==, LOG_INT | LOG_MMU);
    g_assert_true(log_set_items("all", NULL));
    g_assert_true(log_enabled(LOG_PAGE) && log_enabled(LOG_GUEST_ERRORS));
    g_assert_true(log_set_items("all,none,exec", NULL));
    g_assert_cmpint(log_mask(), ==, LOG_EXEC);
    g_assert_false(log_set_items("int,bogus", &err));
    g_assert_nonnull(strstr(err->message, "'bogus'"));
    g_assert_nonnull(strstr(err->message, "guest_errors"));
    g_assert_cmpint(log_mask(), ==, LOG_EXEC);
    g_clear_error(&err);
    g_assert_true(log_set_items("none", NULL));
    g_assert_cmpint(log_mask(), ==, 0);
}

static void test_help(void)
{
    g_autofree char *help = log_items_help();
    g_assert_nonnull(strstr(help, "in_asm"));
    g_assert_nonnull(strstr(help, "all"));
}

static void test_lines(void)
{
    start("int");
    log_line(LOG_INT, "one %d", 1);
    log_line(LOG_INT, "two\n");
    log_line(LOG_MMU, "not this");
    g_autofree char *text = written();
    g_assert_cmpstr(text, ==, "one 1\ntwo\n");
}

static void test_guest_limit(void)
{
    start("guest_errors");
    for (int i = 0; i < 5000; i++) {
        guest_log("register 0x%x does not exist", (unsigned)i);
        if (i < 10) {
            guest_log("another %d", i);
        }
    }
    g_autofree char *text = written();
    g_assert_cmpuint(count(text, "does not exist"), ==, 1000);
    g_assert_cmpuint(count(text, "no more of them"), ==, 1);
    g_assert_cmpuint(count(text, "another"), ==, 10);
    g_assert_true(log_set_items("none", NULL));
    guest_log("quiet");
    g_autofree char *after = written();
    g_assert_cmpuint(strlen(after), ==, strlen(text));
}

static void test_file_name(void)
{
    GError *err = NULL;
    g_assert_false(log_set_file("/nonexistent-folder/x", &err));
    g_assert_nonnull(strstr(err->message, "/nonexistent-folder/x"));
    g_clear_error(&err);
    g_assert_false(log_set_file("/tmp/%s", &err));
    g_assert_nonnull(strstr(err->message, "%d"));
    g_clear_error(&err);
    g_autofree char *pattern = g_strconcat(log_path, "-%d", NULL);
    g_autofree char *expected = g_strdup_printf("%s-%d", log_path, (int)getpid());
    g_assert_true(log_set_file(pattern, &err));
    g_assert_true(g_file_test(expected, G_FILE_TEST_EXISTS));
    unlink(expected);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    int fd = g_file_open_tmp("valletta-log-XXXXXX", &log_path, NULL);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_test_add_func("/log/items", test_items);
    g_test_add_func("/log/help", test_help);
    g_test_add_func("/log/lines", test_lines);
    g_test_add_func("/log/guest-limit", test_guest_limit);
    g_test_add_func("/log/file-name", test_file_name);
    int status = g_test_run();
    unlink(log_path);
    g_free(log_path);
    return status;
}
