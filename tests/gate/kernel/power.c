/* Writes down what a process does to the files below POWER, in the order of its calls, so that a test can tell what a disk
   would hold if the power went between any two of them. Loaded before libc. The log is POWER.log: records of
   kind, length of path, offset, length of data (u32, u32, u64, u32), path, data. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CREATED = 1, WROTE, CUT, SYNCED, UNLINKED };

static const char *below(void) { return getenv("POWER"); }

static int named(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0 || !below()) return 0;
    path[length] = 0;
    return strncmp(path, below(), strlen(below())) == 0 && !strstr(path, "(deleted)");
}

static void note(uint32_t kind, const char *path, uint64_t offset, const void *data, uint32_t length) {
    static int to = -1;
    char name[PATH_MAX];
    if (to < 0) {
        snprintf(name, sizeof name, "%s.log", below());
        to = syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
    uint32_t path_length = strlen(path);
    struct iovec parts[] = {{&kind, 4}, {&path_length, 4}, {&offset, 8}, {&length, 4},
                            {(void *)path, path_length}, {(void *)data, length}};
    if (syscall(SYS_writev, to, parts, length ? 6 : 5) < 0) abort();
}


static ssize_t wrote(int fd, const void *data, ssize_t done, uint64_t offset) {
    char path[PATH_MAX];
    if (done > 0 && named(fd, path)) note(WROTE, path, offset, data, done);
    return done;
}

ssize_t write(int fd, const void *data, size_t length) {
    off_t at = lseek(fd, 0, SEEK_CUR);
    return wrote(fd, data, syscall(SYS_write, fd, data, length), at < 0 ? 0 : at);
}
ssize_t pwrite(int fd, const void *data, size_t length, off_t at) {
    return wrote(fd, data, syscall(SYS_pwrite64, fd, data, length, at), at);
}
ssize_t pwrite64(int fd, const void *data, size_t length, off64_t at) {
    return wrote(fd, data, syscall(SYS_pwrite64, fd, data, length, at), at);
}

static int synced(int fd, int done) {
    char path[PATH_MAX];
    if (done == 0 && named(fd, path)) note(SYNCED, path, 0, NULL, 0);
    return done;
}
int fsync(int fd) { return synced(fd, syscall(SYS_fsync, fd)); }
int fdatasync(int fd) { return synced(fd, syscall(SYS_fdatasync, fd)); }

static int cut(int fd, off_t length, int done) {
    char path[PATH_MAX];
    if (done == 0 && named(fd, path)) note(CUT, path, length, NULL, 0);
    return done;
}
int ftruncate(int fd, off_t length) { return cut(fd, length, syscall(SYS_ftruncate, fd, length)); }
int ftruncate64(int fd, off64_t length) { return cut(fd, length, syscall(SYS_ftruncate, fd, length)); }

int unlink(const char *path) {
    int done = syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (done == 0 && below() && strncmp(path, below(), strlen(below())) == 0) note(UNLINKED, path, 0, NULL, 0);
    return done;
}

static int opened(const char *path, int flags, mode_t mode) {
    int was = syscall(SYS_faccessat, AT_FDCWD, path, F_OK);
    int fd = syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (fd >= 0 && was != 0 && (flags & O_CREAT) && below() && strncmp(path, below(), strlen(below())) == 0)
        note(CREATED, path, 0, NULL, 0);
    return fd;
}
#define MODE(flags, mode) { va_list rest; va_start(rest, flags); mode = (flags & O_CREAT) ? va_arg(rest, mode_t) : 0; va_end(rest); }
int open(const char *path, int flags, ...) { mode_t mode; MODE(flags, mode) return opened(path, flags, mode); }
int open64(const char *path, int flags, ...) { mode_t mode; MODE(flags, mode) return opened(path, flags, mode); }
