// watcher.h: the watcher as other JavaScript objects reach it.
#ifndef HV_NAPI_WATCHER_H_
#define HV_NAPI_WATCHER_H_

#include <napi.h>

#include <memory>

#include "sys/watcher.h"

namespace hv {

// The watcher behind a JavaScript Watcher. Throws std::invalid_argument when it was disposed.
std::shared_ptr<Watcher> UnwrapWatcher(const Napi::Value& value);

}  // namespace hv

#endif  // HV_NAPI_WATCHER_H_
