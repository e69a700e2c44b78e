// own_mount.h: gives what a guest sees a mount of its own, of which nothing lies above: open_tree(2).
#ifndef HV_JAIL_OWN_MOUNT_H_
#define HV_JAIL_OWN_MOUNT_H_

#include <string>
#include <vector>

#include "jail/file_rule.h"

namespace hv {

// Replaces each descriptor by one of a new mount, with all that is mounted beneath: from a directory, `..` then leads to the directory
// itself. In the mount nothing is executed, no device is opened, and nothing is changed unless it is writable. Later mounts of the
// host do not appear in it. An open file is opened anew, with its flags, if it still has a path.
// Preconditions: this thread has just entered a mount namespace of its own; /proc is still there. Returns 0 or an errno; ESTALE: the
// path of a descriptor leads elsewhere now.
int GiveOwnMounts(const std::vector<FileRule>& files);

// Attaches the mounts of single files, where a process without /proc opens them again: at `top`/proc/self/fd/NUMBER.
int AttachFiles(const std::vector<FileRule>& files, const std::string& top);

}  // namespace hv

#endif  // HV_JAIL_OWN_MOUNT_H_
