// librados and librbd of Ceph, whose development packages bring no pkg-config file.
#include <rados/librados.h>
#include <rbd/librbd.h>
