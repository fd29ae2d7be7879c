/* A disk that can be watched, cut off and broken: loaded before libc, it stands between a process
   and all files below $DISK_ROOT.

   What is done to them is written to $DISK_JOURNAL, if set, in the order in which it is done.
   `disk_break` lets the n-th read or write from now on fail, or end the process in the middle of it.
   RocksDB's LOG is left out: it is text for people, nothing is read from it again. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { CREATE = 1, WRITE, TRUNCATE, SYNC, SYNC_NAMES, RENAME, UNLINK, MKDIR, RMDIR, LINK, NOTE };
enum side { READS = 1, WRITES = 2 };

struct record {
    uint32_t kind, name, other, data;
    uint64_t inode, offset;
};

static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static char root[4096];
static int journal = -1;
static int broken, for_good, deadly;
static long left, met;

#define REAL(name) ((__typeof__(&name))real_##name())
#define FIND(name)                                      \
    static void *real_##name(void) {                    \
        static void *found;                             \
        if (!found) found = dlsym(RTLD_NEXT, #name);    \
        return found;                                   \
    }
FIND(open) FIND(read) FIND(pread) FIND(write) FIND(pwrite) FIND(writev) FIND(fsync) FIND(fdatasync)
FIND(ftruncate) FIND(rename) FIND(unlink) FIND(mkdir) FIND(rmdir) FIND(link)

__attribute__((constructor)) static void begin(void) {
    const char *below = getenv("DISK_ROOT"), *path = getenv("DISK_JOURNAL");
    if (below) snprintf(root, sizeof root, "%s", below);
    if (path) journal = REAL(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

void disk_break(int which, long number, int again, int kills) {
    broken = which, left = number, for_good = again, deadly = kills, met = 0;
}

long disk_met(void) { return met; }

static int watched(const char *path) {
    size_t length = strlen(root);
    if (!length || strncmp(path, root, length) || path[length] != '/') return 0;
    const char *base = strrchr(path, '/') + 1;
    return strcmp(base, "LOG") && strncmp(base, "LOG.old", 7);
}

static const char *path_of(int fd, char *path, size_t size) {
    char link[64];
    int saved = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, size - 1);
    errno = saved;
    if (length < 0) return NULL;
    path[length] = 0;
    return watched(path) ? path : NULL;
}

/* Count an operation. 0: do it; 1: it fails; 2: the process ends in the middle of it. */
static int comes(int side) {
    if (side != broken) return 0;
    met++;
    if (left > 1) {
        left--;
        return 0;
    }
    if (left == 0 && !for_good) return 0;
    left = 0;
    if (deadly) return 2;
    errno = EIO;
    return 1;
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

static void note(struct record record, const char *name, const char *other, const void *data) {
    if (journal < 0) return;
    int saved = errno;
    record.name = name ? strlen(name) : 0;
    record.other = other ? strlen(other) : 0;
    struct iovec parts[] = {{&record, sizeof record}, {(void *)name, record.name},
                            {(void *)other, record.other}, {(void *)data, record.data}};
    if (REAL(writev)(journal, parts, 4) < 0) abort();
    errno = saved;
}

void disk_note(uint64_t number) { note((struct record){.kind = NOTE, .offset = number}, 0, 0, 0); }

static uint64_t inode_of(int fd) {
    struct stat found;
    return fstat(fd, &found) ? 0 : found.st_ino;
}

static int opened(const char *path, int flags, mode_t mode) {
    if (!watched(path) || !(flags & (O_CREAT | O_TRUNC))) return REAL(open)(path, flags, mode);
    pthread_mutex_lock(&order);
    int fault = comes(WRITES), fd = -1;
    if (fault == 2) die();
    if (!fault) {
        int there = access(path, F_OK) == 0;
        fd = REAL(open)(path, flags, mode);
        if (fd >= 0 && !there) note((struct record){.kind = CREATE, .inode = inode_of(fd)}, path, 0, 0);
        if (fd >= 0 && there && flags & O_TRUNC)
            note((struct record){.kind = TRUNCATE, .inode = inode_of(fd)}, 0, 0, 0);
    }
    pthread_mutex_unlock(&order);
    return fd;
}

#define OPEN(name)                                                          \
    int name(const char *path, int flags, ...) {                            \
        va_list rest;                                                       \
        va_start(rest, flags);                                              \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest);                                                       \
        return opened(path, flags, mode);                                   \
    }
OPEN(open)
OPEN(open64)

static int refused(int fd) {
    char path[4096];
    if (broken != READS || !path_of(fd, path, sizeof path)) return 0;
    pthread_mutex_lock(&order);
    int fault = comes(READS);
    if (fault == 2) die();
    pthread_mutex_unlock(&order);
    return fault;
}

ssize_t read(int fd, void *data, size_t size) {
    return refused(fd) ? -1 : REAL(read)(fd, data, size);
}

ssize_t pread(int fd, void *data, size_t size, off_t offset) {
    return refused(fd) ? -1 : REAL(pread)(fd, data, size, offset);
}

ssize_t pread64(int fd, void *data, size_t size, off_t offset) {
    return refused(fd) ? -1 : REAL(pread)(fd, data, size, offset);
}

static ssize_t written(int fd, const void *data, size_t size, off_t offset, int at_the_cursor) {
    char path[4096];
    if (!path_of(fd, path, sizeof path))
        return at_the_cursor ? REAL(write)(fd, data, size) : REAL(pwrite)(fd, data, size, offset);
    pthread_mutex_lock(&order);
    int fault = comes(WRITES);
    ssize_t done = -1;
    if (fault != 1) {
        struct stat before;
        fstat(fd, &before);
        if (at_the_cursor)
            offset = fcntl(fd, F_GETFL) & O_APPEND ? before.st_size : lseek(fd, 0, SEEK_CUR);
        size_t some = fault ? size / 2 : size;
        done = at_the_cursor ? REAL(write)(fd, data, some) : REAL(pwrite)(fd, data, some, offset);
        if (fault == 2) die();
        if (done > 0)
            note((struct record){.kind = WRITE, .data = done, .inode = before.st_ino,
                                  .offset = offset}, 0, 0, data);
    }
    pthread_mutex_unlock(&order);
    return done;
}

ssize_t write(int fd, const void *data, size_t size) { return written(fd, data, size, 0, 1); }

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
    return written(fd, data, size, offset, 0);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset) {
    return written(fd, data, size, offset, 0);
}

/* Do ACT on the watched PATH, unless it is to fail, and note RECORD if it was done. */
#define DO(PATH, ACT, RECORD, NAME, OTHER)      \
    if (!(PATH)) return ACT;                    \
    pthread_mutex_lock(&order);                 \
    int fault = comes(WRITES), done = -1;       \
    if (fault == 2) die();                      \
    if (!fault) {                               \
        done = ACT;                             \
        if (!done) note((struct record)RECORD, NAME, OTHER, 0); \
    }                                           \
    pthread_mutex_unlock(&order);               \
    return done;
#define COMMA ,

static int synced(int fd, int (*real)(int)) {
    char path[4096];
    struct stat found = {0};
    const char *name = path_of(fd, path, sizeof path);
    /* The names in the root itself are watched too. */
    if (!name && *root && !strcmp(path, root)) name = path;
    if (!name) return real(fd);
    fstat(fd, &found);
    /* It is noted and not done: no real machine ends here, and it would take long. */
    DO(name, 0, {.kind = S_ISDIR(found.st_mode) ? SYNC_NAMES : SYNC COMMA .inode = found.st_ino},
       S_ISDIR(found.st_mode) ? name : 0, 0)
}

int fsync(int fd) { return synced(fd, REAL(fsync)); }
int fdatasync(int fd) { return synced(fd, REAL(fdatasync)); }

int ftruncate(int fd, off_t size) {
    char path[4096];
    const char *name = path_of(fd, path, sizeof path);
    DO(name, REAL(ftruncate)(fd, size), {.kind = TRUNCATE COMMA .inode = inode_of(fd) COMMA .offset = size},
       0, 0)
}

int rename(const char *from, const char *to) {
    DO(watched(from) || watched(to), REAL(rename)(from, to), {.kind = RENAME}, from, to)
}

int unlink(const char *path) { DO(watched(path), REAL(unlink)(path), {.kind = UNLINK}, path, 0) }
int mkdir(const char *path, mode_t mode) {
    DO(watched(path), REAL(mkdir)(path, mode), {.kind = MKDIR}, path, 0)
}
int rmdir(const char *path) { DO(watched(path), REAL(rmdir)(path), {.kind = RMDIR}, path, 0) }
int link(const char *from, const char *to) { DO(watched(to), REAL(link)(from, to), {.kind = LINK}, from, to) }
