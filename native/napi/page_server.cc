// page_server.cc: fills the missing pages of lazy memory, for JavaScript of any thread. Type: src/vm/addon.ts.

#include <memory>

#include "napi/exports.h"
#include "napi/objects.h"
#include "sys/userfault.h"

namespace hv {
namespace {

class PageServerObject : public OwnerObject<PageServerObject, PageServer> {
 public:
  static constexpr const char* kName = "the page server";

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "PageServer",
                       {Getter<&PageServer::fd>("fd"), Method<&PageServer::Take>("take"),
                        Method<Fill>("fill"), Method<&PageServer::FillZeros>("fillZeros"),
                        Method<&PageServerObject::Dispose>("dispose")});
  }

  // new PageServer(fd, address, size): of MissingPages.
  explicit PageServerObject(const Napi::CallbackInfo& info) : OwnerObject(info) {
    Guard(info.Env(), [&] {
      owned_ = std::make_shared<PageServer>(info[0].ToNumber().Int32Value(), ToSize(info[1]),
                                            ToSize(info[2]));
    });
  }

 private:
  static void Fill(PageServer& server, uint64_t offset, Napi::Uint8Array bytes) {
    server.Fill(offset, bytes.Data(), bytes.ByteLength());
  }

  void Dispose() { owned_.reset(); }
};

}  // namespace

void ExportPageServer(Napi::Env env, Napi::Object exports) {
  exports.Set("PageServer", PageServerObject::Define(env));
}

}  // namespace hv
