// vm_regs.cc: names for struct kvm_regs and kvm_sregs.

#include <linux/kvm.h>
#include <linux/kvm_para.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include "arch/arch.h"
#include "arch/x86_64/pvm.h"
#include "kvm/vcpu.h"
#include "sys/ioctl.h"

namespace hv::arch {
namespace {

struct State {
  kvm_regs general;
  kvm_sregs system;
};

struct Field {
  std::string name;
  size_t offset;  // in State
  size_t size;
};

#define GENERAL(name) {#name, offsetof(State, general.name), 8}
#define SYSTEM(name) {#name, offsetof(State, system.name), 8}
#define SEGMENT_FIELD(name, member) \
  {name, offsetof(kvm_segment, member), sizeof(kvm_segment::member)}

std::vector<Field> MakeFields() {
  std::vector<Field> fields = {
      GENERAL(rax), GENERAL(rbx), GENERAL(rcx),    GENERAL(rdx), GENERAL(rsi),
      GENERAL(rdi), GENERAL(rsp), GENERAL(rbp),    GENERAL(r8),  GENERAL(r9),
      GENERAL(r10), GENERAL(r11), GENERAL(r12),    GENERAL(r13), GENERAL(r14),
      GENERAL(r15), GENERAL(rip), GENERAL(rflags), SYSTEM(cr0),  SYSTEM(cr2),
      SYSTEM(cr3),  SYSTEM(cr4),  SYSTEM(cr8),     SYSTEM(efer), SYSTEM(apic_base)};
  // The SDM's names of a descriptor's fields (vol. 3, 3.4.5).
  const Field segment_fields[] = {SEGMENT_FIELD("base", base),
                                  SEGMENT_FIELD("limit", limit),
                                  SEGMENT_FIELD("selector", selector),
                                  SEGMENT_FIELD("type", type),
                                  SEGMENT_FIELD("p", present),
                                  SEGMENT_FIELD("dpl", dpl),
                                  SEGMENT_FIELD("db", db),
                                  SEGMENT_FIELD("s", s),
                                  SEGMENT_FIELD("l", l),
                                  SEGMENT_FIELD("g", g),
                                  SEGMENT_FIELD("avl", avl),
                                  SEGMENT_FIELD("unusable", unusable)};
  const struct {
    const char* name;
    size_t offset;
  } segments[] = {{"cs", offsetof(State, system.cs)}, {"ds", offsetof(State, system.ds)},
                  {"es", offsetof(State, system.es)}, {"fs", offsetof(State, system.fs)},
                  {"gs", offsetof(State, system.gs)}, {"ss", offsetof(State, system.ss)},
                  {"tr", offsetof(State, system.tr)}, {"ldt", offsetof(State, system.ldt)}};
  for (const auto& segment : segments) {
    for (const Field& field : segment_fields) {
      fields.push_back({std::string(segment.name) + "." + field.name, segment.offset + field.offset,
                        field.size});
    }
  }
  fields.push_back({"gdt.base", offsetof(State, system.gdt.base), 8});
  fields.push_back({"gdt.limit", offsetof(State, system.gdt.limit), 2});
  fields.push_back({"idt.base", offsetof(State, system.idt.base), 8});
  fields.push_back({"idt.limit", offsetof(State, system.idt.limit), 2});
  return fields;
}

const std::vector<Field>& Fields() {
  static const std::vector<Field> fields = MakeFields();
  return fields;
}

// Which of the two structures the given registers lie in.
struct Groups {
  Groups(const uint32_t* indexes, size_t count) {
    for (size_t i = 0; i < count; i++) {
      bool is_general = Fields().at(indexes[i]).offset < offsetof(State, system);
      (is_general ? general : system) = true;
    }
  }
  bool general = false;
  bool system = false;
};

State ReadState(const Vcpu& vcpu, Groups groups) {
  State state = {};
  if (groups.general) Ioctl(vcpu.fd(), KVM_GET_REGS, "KVM_GET_REGS", &state.general);
  if (groups.system) Ioctl(vcpu.fd(), KVM_GET_SREGS, "KVM_GET_SREGS", &state.system);
  return state;
}

// kvm_pvm would silently leave CR0.PG clear, and shut the vCPU down when it next runs.
void CheckPaging(const kvm_sregs& system) {
  constexpr uint64_t kPaging = uint64_t{1} << 31;
  constexpr uint64_t kLongModeEnable = 1u << 8;
  if ((system.cr0 & kPaging) == 0 || (system.efer & kLongModeEnable) != 0) return;
  if (pvm::IsHost()) {
    throw std::system_error(EOPNOTSUPP, std::generic_category(),
                            "this is a PVM host, which supports paging only in long mode");
  }
}

}  // namespace

std::vector<std::string> RegisterNames() {
  std::vector<std::string> names;
  for (const Field& field : Fields()) names.push_back(field.name);
  return names;
}

size_t RegisterCount(const Vcpu&) { return Fields().size(); }

void ReadRegisters(const Vcpu& vcpu, const uint32_t* indexes, size_t count, uint64_t* values) {
  State state = ReadState(vcpu, Groups(indexes, count));
  // SAFETY: bytes of a structure without pointers; fields lie within it.
  const auto* bytes = reinterpret_cast<const uint8_t*>(&state);
  for (size_t i = 0; i < count; i++) {
    const Field& field = Fields()[indexes[i]];
    values[i] = 0;
    // x86 is little-endian: the low bytes come first.
    std::memcpy(&values[i], bytes + field.offset, field.size);
  }
}

void WriteRegisters(const Vcpu& vcpu, const uint32_t* indexes, size_t count,
                    const uint64_t* values) {
  Groups groups(indexes, count);
  State state = ReadState(vcpu, groups);
  // SAFETY: as above.
  auto* bytes = reinterpret_cast<uint8_t*>(&state);
  for (size_t i = 0; i < count; i++) {
    const Field& field = Fields()[indexes[i]];
    if (field.size < 8 && values[i] >> (8 * field.size) != 0) {
      throw std::out_of_range(field.name + " has " + std::to_string(8 * field.size) + " bits");
    }
    std::memcpy(bytes + field.offset, &values[i], field.size);
  }
  if (groups.system) CheckPaging(state.system);
  // KVM checks the system registers and accepts any general ones: what can be refused goes first.
  if (groups.system) Ioctl(vcpu.fd(), KVM_SET_SREGS, "KVM_SET_SREGS", &state.system);
  if (groups.general) Ioctl(vcpu.fd(), KVM_SET_REGS, "KVM_SET_REGS", &state.general);
}

void OfferHypercalls(const Vm& vm) {
  int offered = vm.system().Check(KVM_CAP_EXIT_HYPERCALL);
  if (offered <= 0) return;
  kvm_enable_cap capability = {};
  capability.cap = KVM_CAP_EXIT_HYPERCALL;
  capability.args[0] = static_cast<uint64_t>(offered);
  Ioctl(vm.fd(), KVM_ENABLE_CAP, "KVM_CAP_EXIT_HYPERCALL", &capability);
}

// The arguments are in kvm_run, and KVM takes the result from there.
void FetchHypercall(const Vcpu&) {}
void AnswerHypercall(const Vcpu& vcpu, uint64_t result) { vcpu.run().hypercall.ret = result; }

}  // namespace hv::arch
