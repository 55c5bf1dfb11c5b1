/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Secrets and sources of random numbers. */
#include "system/objects.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include "util/error.h"

/* ---- secret ---- */

static bool decode(const Object *obj, GBytes **bytes, GError **err)
{
    gsize len;
    const char *data = g_bytes_get_data(*bytes, &len);
    g_autofree char *text = g_strndup(data ? data : "", len);
    g_strstrip(text);
    gsize out_len;
    guchar *out = g_base64_decode(text, &out_len);
    g_autofree char *again = g_base64_encode(out, out_len);
    bool same = strcmp(again, text) == 0;
    g_bytes_unref(*bytes);
    *bytes = g_bytes_new_take(out, out_len);
    return same || error_set(err, "secret '%s': the data is not base64", obj->id);
}

static bool read_secret(Object *obj, const char *data, const char *file, bool base64, GError **err)
{
    char *text = NULL;
    gsize len = 0;
    GBytes *bytes;
    if (file) {
        g_autoptr(GError) why = NULL;
        if (!g_file_get_contents(file, &text, &len, &why)) {
            return error_set(err, "secret '%s': file=%s: %s", obj->id, file, why->message);
        }
        bytes = g_bytes_new_take(text, len);
    } else {
        bytes = g_bytes_new(data, strlen(data));
    }
    bool good = !base64 || decode(obj, &bytes, err);
    if (good && !base64 && !g_utf8_validate(g_bytes_get_data(bytes, NULL), (gssize)g_bytes_get_size(bytes),
                                             NULL) && !file) {
        good = error_set(err, "secret '%s': data must be UTF-8; format=base64 takes any bytes", obj->id);
    }
    obj->state = bytes;
    return good;
}

static bool secret_make(Object *obj, KeyVal *props, GError **err)
{
    const char *option = keyval_option(props);
    const char *data = keyval_get(props, "data"), *file = keyval_get(props, "file");
    const char *format = keyval_get(props, "format");
    const char *keyid = keyval_get(props, "keyid"), *iv = keyval_get(props, "iv");
    if (!keyval_finish(props, err)) {
        return false;
    }
    if (keyid || iv) {
        return error_set(err, "%s: secret '%s': encrypted secrets (keyid, iv) are not there; give it in a "
                         "file that others cannot read", option, obj->id);
    }
    if ((data != NULL) == (file != NULL)) {
        return error_set(err, "%s: secret '%s': needs either data= or file=", option, obj->id);
    }
    if (format && strcmp(format, "raw") != 0 && strcmp(format, "base64") != 0) {
        return error_set(err, "%s: secret '%s': format must be raw or base64, not '%s'", option, obj->id,
                         format);
    }
    return read_secret(obj, data, file, g_strcmp0(format, "base64") == 0, err);
}

static void secret_free(Object *obj)
{
    g_bytes_unref(obj->state);
}

/* What is secret is told to nobody. */
static JsonNode *secret_get(const Object *obj, const char *prop)
{
    return json_string_new(strcmp(prop, "format") == 0 ? "raw" : "");
}

static const ObjectProp secret_props[] = {
    { "data", "str", "the secret itself" }, { "file", "str", "the file that holds it" },
    { "format", "QCryptoSecretFormat", "raw (the default) or base64" }, { 0 },
};

const ObjectType secret_object = { "secret", "secret_common", secret_props, secret_make, secret_free,
                                   secret_get };

GBytes *object_secret(ObjectSet *set, const char *id, GError **err)
{
    Object *obj = object_find(set, id);
    if (!obj || obj->type != &secret_object) {
        error_set(err, "there is no -object secret,id=%s", id);
        return NULL;
    }
    return g_bytes_ref(obj->state);
}

/* ---- random numbers ---- */

typedef struct {
    char *path;             /* NULL: the host's own generator */
    int fd;
} Rng;

static bool builtin_make(Object *obj, KeyVal *props, GError **err)
{
    if (!keyval_finish(props, err)) {
        return false;
    }
    Rng *rng = g_new0(Rng, 1);
    rng->fd = -1;
    obj->state = rng;
    return true;
}

static bool random_make(Object *obj, KeyVal *props, GError **err)
{
    const char *path = keyval_get(props, "filename");
    path = path ? path : "/dev/urandom";
    if (!keyval_finish(props, err)) {
        return false;
    }
    Rng *rng = g_new0(Rng, 1);
    rng->path = g_strdup(path);
    obj->state = rng;
    rng->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    return rng->fd >= 0 || error_set(err, "%s: rng-random '%s': filename=%s: %s", keyval_option(props),
                                     obj->id,
                                     path, g_strerror(errno));
}

static void rng_free(Object *obj)
{
    Rng *rng = obj->state;
    if (rng->fd >= 0) {
        close(rng->fd);
    }
    g_free(rng->path);
    g_free(rng);
}

static JsonNode *rng_get(const Object *obj, const char *prop)
{
    return json_string_new(((const Rng *)obj->state)->path);
}

static const ObjectProp no_props[] = { { 0 } };
static const ObjectProp random_props[] = {
    { "filename", "str", "where they come from (/dev/urandom)" }, { 0 },
};

const ObjectType rng_builtin = { "rng-builtin", "rng-backend", no_props, builtin_make, rng_free, rng_get };
const ObjectType rng_random = { "rng-random", "rng-backend", random_props, random_make, rng_free, rng_get };

bool object_rng_read(ObjectSet *set, const char *id, void *buf, size_t len, GError **err)
{
    Object *obj = id ? object_find(set, id) : NULL;
    if (!id) {
        return getrandom(buf, len, 0) == (ssize_t)len || error_set(err, "getrandom: %s", g_strerror(errno));
    }
    if (!obj || (obj->type != &rng_builtin && obj->type != &rng_random)) {
        return error_set(err, "there is no -object rng-builtin or rng-random of id %s", id);
    }
    const Rng *rng = obj->state;
    for (size_t done = 0; done < len;) {
        uint8_t *at = (uint8_t *)buf + done;
        ssize_t n = rng->path ? read(rng->fd, at, len - done) : getrandom(at, len - done, 0);
        if (n <= 0 && !(n < 0 && errno == EINTR)) {
            return error_set(err, "object '%s': %s", id, n == 0 ? "end of file" : g_strerror(errno));
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}
