// What Linux offers and Swift's Glibc module does not show: calls that glibc hides without _GNU_SOURCE, ioctl numbers
// that are function-like macros, and the structures of <linux/loop.h>. Header only; nothing here has a state or a
// policy.
#pragma once
#include <linux/loop.h>
#include <linux/stat.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <unistd.h>

// spawn.h shows these only with _GNU_SOURCE (glibc 2.34 and 2.29).
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
static const short host_spawn_setsid = 0x80;

// pidfd_open(2), pidfd_send_signal(2), waitid(2) with P_PIDFD
static inline int host_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0u); }
static inline int host_pidfd_signal(int pidfd, int number) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, number, (void *)0, 0u);
}
static inline int host_pidfd_reap(int pidfd) {
    return (int)syscall(SYS_waitid, 3 /* P_PIDFD */, pidfd, (void *)0, 5 /* WNOHANG | WEXITED */, (void *)0);
}

// open_tree(2) with OPEN_TREE_CLONE and OPEN_TREE_CLOEXEC: the mount that holds `path`, without those below it
static inline int host_copy_mount(const char *path) {
    return (int)syscall(SYS_open_tree, -100 /* AT_FDCWD */, path, 1 | 02000000);
}

// prctl(2); keeps 15 bytes
static inline void host_name_this_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

// statx(2)
static const uint64_t host_statx_attr_mount_root = 0x2000;
static inline int host_statx(int directory, const char *path, int flags, struct statx *result) {
    return (int)syscall(SYS_statx, directory, path, flags, STATX_BASIC_STATS, result);
}
static const int host_at_empty_path = 0x1000;
static const int host_at_no_automount = 0x800;
static const int host_at_statx_dont_sync = 0x4000;

// open(2); the number differs between architectures
#if defined(__aarch64__) || defined(__arm__)
static const int host_o_direct = 0200000;
#else
static const int host_o_direct = 040000;
#endif

// copy_file_range(2); lseek(2)
static inline ssize_t host_copy_file_range(int source, int64_t *from, int target, int64_t *to, size_t length) {
    return syscall(SYS_copy_file_range, source, from, target, to, length, 0u);
}
static const int host_seek_data = 3;
static const int host_seek_hole = 4;

static inline dev_t host_makedev(uint32_t major_number, uint32_t minor_number) {
    return makedev(major_number, minor_number);
}
static inline uint32_t host_major(dev_t device) { return major(device); }
static inline uint32_t host_minor(dev_t device) { return minor(device); }

// <linux/fs.h>, which cannot be included beside <sys/mount.h> of glibc 2.36
static inline int host_freeze(int fd) { return ioctl(fd, _IOWR('X', 119, int), 0); }
static inline int host_thaw(int fd) { return ioctl(fd, _IOWR('X', 120, int), 0); }
// FITRIM; answers how many bytes were discarded
static inline int host_trim(int fd, uint64_t start, uint64_t length, uint64_t *trimmed) {
    struct { uint64_t start, length, least; } range = {start, length, 0};
    int result = ioctl(fd, _IOC(_IOC_READ | _IOC_WRITE, 'X', 121, sizeof range), &range);
    *trimmed = range.length;
    return result;
}
// syncfs(2), which the C library shows only to those who ask for GNU's names
static inline int host_syncfs(int descriptor) { return (int)syscall(SYS_syncfs, descriptor); }

static inline int host_clone(int target, int source) { return ioctl(target, _IOW(0x94, 9, int), source); }

// loop(4)
static inline int host_loop_get_free(int control) { return ioctl(control, LOOP_CTL_GET_FREE); }
static inline int host_loop_configure(int device, const struct loop_config *config) {
    return ioctl(device, LOOP_CONFIGURE, config);
}
static inline int host_loop_get_status(int device, struct loop_info64 *info) {
    return ioctl(device, LOOP_GET_STATUS64, info);
}
static inline int host_loop_set_capacity(int device) { return ioctl(device, LOOP_SET_CAPACITY, 0); }
static inline int host_loop_clear(int device) { return ioctl(device, LOOP_CLR_FD, 0); }

// accept4(2) and pipe2(2), which glibc shows only with _GNU_SOURCE; both close on exec
static inline int host_accept(int listener) { return (int)syscall(SYS_accept4, listener, (void *)0, (void *)0, 02000000); }
static inline int host_pipe(int pair[2]) { return (int)syscall(SYS_pipe2, pair, 02000000); }

// The timestamp counter; 0 where there is none.
static inline uint64_t host_tsc(void) {
#ifdef __x86_64__
    return __builtin_ia32_rdtsc();
#else
    return 0;
#endif
}
