// The part of the addon that `hv check` uses: native/napi/check.cc.

/** What /dev/kvm answered. An errno is 0 when the call succeeded or was not reached. */
export interface KvmProbe {
  openErrno: number
  /** KVM_GET_API_VERSION; -1 when it was refused or not reached. */
  apiVersion: number
  createVmErrno: number
  /** KVM_CHECK_EXTENSION of each capability asked for, in order; 0 absent. Empty when the device did not open. */
  extensions: number[]
  /** Errno of KVM_CREATE_DEVICE_TEST for each device asked for, in order. Empty when there was no VM to ask. */
  devices: number[]
  /** Errno of the VM's KVM_HAS_DEVICE_ATTR for each attribute asked for, in order. Empty when there was no VM to ask. */
  attributes: number[]
  /** KVM_GET_ONE_REG of a vCPU that never ran, for each register asked for, in order; null when it has no such register. */
  registers: (bigint | null)[]
  /** The bits of XCR0 that KVM can give to guests: /dev/kvm's KVM_X86_XCOMP_GUEST_SUPP. null: KVM does not say. */
  guestXfeatures: bigint | null
}

/** What to ask of a VM, besides the capabilities: the numbers of linux/kvm.h. */
export interface KvmQuestions {
  /** kvm_device_type. */
  devices: readonly number[]
  /** Group and attribute in turn. */
  attributes: readonly number[]
  /** kvm_one_reg's id of 64-bit registers. */
  registers: readonly bigint[]
}

export interface CheckAddon {
  probeKvm(path: string, capabilities: readonly number[], more?: KvmQuestions): KvmProbe
}
