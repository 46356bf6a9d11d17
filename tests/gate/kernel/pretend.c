/* A kernel with pins and a keyboard, for one process: loaded before libc, it answers the few calls that gate/drivers makes.
   The structures are those of the kernel's own headers, so that what Python packs is read here as the kernel would.
   PRETEND is a folder: `log` tells what was asked; `level-N` is how input N stands; `pin-N` is a pipe of its events.
   If `refuses` is there, nothing is granted. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <linux/input.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *folder(void) { return getenv("PRETEND"); }

static void tell(const char *format, ...) {
    char path[512], line[256];
    va_list rest;
    va_start(rest, format);
    int length = vsnprintf(line, sizeof line, format, rest);
    va_end(rest);
    snprintf(path, sizeof path, "%s/log", folder());
    int to = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (to >= 0) { if (write(to, line, length) < 0) abort(); close(to); }
}

static int refuses(void) {
    char path[512];
    snprintf(path, sizeof path, "%s/refuses", folder());
    return access(path, F_OK) == 0;
}

static int pin_of(int fd) {
    char link[64], path[512];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return -1;
    path[length] = 0;
    char *name = strrchr(path, '/');
    return name && !strncmp(name, "/pin-", 5) ? atoi(name + 5) : -1;
}

static int request(struct gpio_v2_line_request *asked) {
    char path[512];
    __u64 flags = asked->config.flags;
    unsigned debounce = 0;
    for (unsigned n = 0; n < asked->config.num_attrs; n++)
        if (asked->config.attrs[n].attr.id == GPIO_V2_LINE_ATTR_ID_DEBOUNCE && asked->config.attrs[n].mask == 1)
            debounce = asked->config.attrs[n].attr.debounce_period_us;
    if (asked->num_lines != 1 || asked->config.num_attrs > 1) { errno = EINVAL; return -1; }
    tell("request %u '%s'%s%s%s%s%s%s debounce=%u\n", asked->offsets[0], asked->consumer,
         flags & GPIO_V2_LINE_FLAG_OUTPUT ? " output" : "", flags & GPIO_V2_LINE_FLAG_INPUT ? " input" : "",
         flags & GPIO_V2_LINE_FLAG_ACTIVE_LOW ? " low" : "", flags & GPIO_V2_LINE_FLAG_EDGE_RISING ? " rising" : "",
         flags & GPIO_V2_LINE_FLAG_EDGE_FALLING ? " falling" : "", flags & GPIO_V2_LINE_FLAG_BIAS_PULL_UP ? " up" : "",
         debounce);
    snprintf(path, sizeof path, "%s/pin-%u", folder(), asked->offsets[0]);
    mkfifo(path, 0600);
    asked->fd = open(path, O_RDWR | O_CLOEXEC);
    return asked->fd < 0 ? -1 : 0;
}

int ioctl(int fd, unsigned long what, ...) {
    va_list rest;
    va_start(rest, what);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if (folder()) switch ((unsigned)what) {
        case EVIOCGRAB:
            if (refuses()) { errno = EBUSY; return -1; }
            tell("grab %ld\n", (long)argument);
            return 0;
        case GPIO_V2_GET_LINE_IOCTL:
            if (refuses()) { errno = EBUSY; return -1; }
            return request(argument);
        case GPIO_V2_LINE_SET_VALUES_IOCTL: {
            struct gpio_v2_line_values *values = argument;
            if (values->mask != 1 || pin_of(fd) < 0) { errno = EINVAL; return -1; }
            tell("set %d %llu\n", pin_of(fd), values->bits & 1);
            return 0;
        }
        case GPIO_V2_LINE_GET_VALUES_IOCTL: {
            struct gpio_v2_line_values *values = argument;
            char path[512];
            if (values->mask != 1) { errno = EINVAL; return -1; }
            snprintf(path, sizeof path, "%s/level-%d", folder(), pin_of(fd));
            values->bits = access(path, F_OK) == 0;
            return 0;
        }
    }
    int (*real)(int, unsigned long, ...) = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
    return real(fd, what, argument);
}
