// size.h: a size, an address or an offset from JavaScript.
#ifndef HV_NAPI_SIZE_H_
#define HV_NAPI_SIZE_H_

#include <napi.h>

#include <stdexcept>

namespace hv {

// Throws std::out_of_range for what is not a size of 53 bits.
inline uint64_t ToSize(double number) {
  if (!(number >= 0 && number <= 9007199254740991.0)) throw std::out_of_range("not a size");
  return static_cast<uint64_t>(number);
}

inline uint64_t ToSize(const Napi::Value& value) { return ToSize(value.ToNumber().DoubleValue()); }

}  // namespace hv

#endif  // HV_NAPI_SIZE_H_
