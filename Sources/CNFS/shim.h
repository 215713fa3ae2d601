#include <stdint.h>
#include <sys/time.h>
#include <nfsc/libnfs.h>

// libnfs 4.0 exports nfs_get_rootfh but declares it in a private header (libnfs-private.h).
struct nfs_fh {
    int len;
    char *val;
};
const struct nfs_fh *nfs_get_rootfh(struct nfs_context *nfs);
