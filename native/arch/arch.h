// arch.h: what each architecture's folder gives the rest. The build picks the folder.
#ifndef HV_ARCH_ARCH_H_
#define HV_ARCH_ARCH_H_

namespace hv {

class Vm;
class Vcpu;

namespace arch {

// What a new VM needs before its first vCPU.
void InitVm(Vm& vm);
// What a new vCPU needs before its first run: feature registers, not state.
void InitVcpu(Vcpu& vcpu);

}  // namespace arch
}  // namespace hv

#endif  // HV_ARCH_ARCH_H_
