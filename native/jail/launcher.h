// launcher.h: the program that starts another one in namespaces of its own, as a file that can be executed.
#ifndef HV_JAIL_LAUNCHER_H_
#define HV_JAIL_LAUNCHER_H_

#include "sys/fd.h"

namespace hv {

// programs/launcher.c, in memory, which nobody can change any more. The descriptor is none that a child's standard streams take.
// Throws std::system_error.
Fd OpenLauncher();

}  // namespace hv

#endif  // HV_JAIL_LAUNCHER_H_
