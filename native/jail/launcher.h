// launcher.h: the program that starts another program in its own namespaces, as a file that can be executed.
#ifndef HV_JAIL_LAUNCHER_H_
#define HV_JAIL_LAUNCHER_H_

#include "sys/fd.h"

namespace hv {

// programs/launcher.c, in memory that nobody can change any more. The descriptor lies above those of a child's standard streams.
// Throws std::system_error.
Fd OpenLauncher();

}  // namespace hv

#endif  // HV_JAIL_LAUNCHER_H_
