// gdb_pipes.cc: the pipes through which gdb attaches to a program that runs. src/launch/addon.ts has the types.

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "napi/bind.h"
#include "napi/exports.h"
#include "sys/fd.h"
#include "sys/ioctl.h"

namespace hv {
namespace {

struct Pipe {
  Fd read;
  Fd write;
};

// Neither end waits.
Pipe MakePipe() {
  int ends[2];
  Check(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), "pipe2");
  return {Fd(ends[0]), Fd(ends[1])};
}

// The note is a file whose name others see in /proc/PID/fd: it says which descriptors there are the pipes.
std::vector<int> OpenGdbPipes() {
  Pipe input = MakePipe(), output = MakePipe();
  Fd note(Check(::memfd_create("hv-gdb", MFD_CLOEXEC), "memfd_create"));
  const std::string text =
      std::to_string(input.read.get()) + " " + std::to_string(output.write.get()) + "\n";
  Check(static_cast<int>(::write(note.get(), text.data(), text.size())), "write");
  return {input.read.release(), input.write.release(), output.read.release(),
          output.write.release(), note.release()};
}

}  // namespace

void ExportGdbPipes(Napi::Env, Napi::Object exports) {
  Export<OpenGdbPipes>(exports, "openGdbPipes");
}

}  // namespace hv
